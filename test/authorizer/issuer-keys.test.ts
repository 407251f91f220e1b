import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fetchDocument } from '../../src/authorizer/issuer-document.ts';
import { createIssuerKeys } from '../../src/authorizer/issuer-keys.ts';
import { Outage } from '../../src/outage.ts';
import { DISTRUST_TOLD_SECONDS } from '../../src/signing/key-times.ts';
import { testKey } from '../tokens/test-issuer.ts';
import { json, startIssuerServer, type IssuerServer } from './issuer-server.ts';

const first = testKey('ES256');
const second = testKey('EdDSA');
let nowMs: number;
let server: IssuerServer;
beforeAll(async () => {
  server = await startIssuerServer(json({}));
});
afterAll(() => server.close());
beforeEach(() => {
  nowMs = 1_800_000_000_000;
  server.asked.clear();
  server.answer = json({ keys: [first.jwk] });
});
const down = (): void => {
  server.answer = (_, response) => response.writeHead(500).end();
};
const create = () => createIssuerKeys({ issuer: server.url, fetchDocument });
const asks = (): number => server.asked.get('/.well-known/jwks.json') ?? 0;
type Keys = ReturnType<typeof create>;
const kidsOf = async (keys: Keys): Promise<readonly string[]> => {
  await keys.prepare(nowMs);
  return [...keys.held(nowMs).keys()];
};

describe("the issuer's keys", () => {
  it('are read once for any number of requests, and kept for 5 minutes', async () => {
    const keys = create();
    await Promise.all(Array.from({ length: 20 }, () => kidsOf(keys)));
    nowMs += 299_000;
    expect(await kidsOf(keys)).toEqual([first.kid]);
    expect(asks()).toBe(1);
    nowMs += 1_000;
    server.answer = json({ keys: [first.jwk, second.jwk] });
    expect(await kidsOf(keys)).toEqual([first.kid, second.kid]);
  });
  it.each([
    ['public, max-age=1', 60],
    ['max-age=600', 600],
    ['max-age=999999', 3600],
    ['no-store', 300],
  ])('under Cache-Control %s are kept for %i s', async (cacheControl, keptSeconds) => {
    const keys = create();
    server.answer = json({ keys: [first.jwk] }, { 'cache-control': cacheControl });
    await kidsOf(keys);
    nowMs += keptSeconds * 1000 - 1;
    expect(keys.prepare(nowMs)).toBeUndefined();
    nowMs += 1;
    expect(keys.prepare(nowMs)).toBeDefined();
  });
  it('cannot be relied on before they were ever read', async () => {
    down();
    const keys = create();
    await keys.prepare(nowMs);
    expect(() => keys.held(nowMs)).toThrow(Outage);
  });
  it('serve for a day while the issuer is down, and no longer', async () => {
    const keys = create();
    await kidsOf(keys);
    down();
    nowMs += 24 * 3600 * 1000;
    expect(await kidsOf(keys)).toEqual([first.kid]);
    nowMs += 1000;
    await keys.prepare(nowMs);
    expect(() => keys.held(nowMs)).toThrow(Outage);
  });
  it('are looked for again where one is unknown, at most once in 30 s', async () => {
    const keys = create();
    await kidsOf(keys);
    server.answer = json({ keys: [first.jwk, second.jwk] });
    nowMs += 29_999;
    expect((await keys.lookFor(second.kid, nowMs)).has(second.kid)).toBe(false);
    expect(asks()).toBe(1);
    nowMs += 1;
    expect((await keys.lookFor(second.kid, nowMs)).has(second.kid)).toBe(true);
    await Promise.all(Array.from({ length: 20 }, (_, index) => keys.lookFor(`unknown-${index}`, nowMs)));
    expect(asks()).toBe(2);
  });
  it('are gone when the issuer has taken them away', async () => {
    const keys = create();
    await kidsOf(keys);
    server.answer = json({ keys: [second.jwk] });
    nowMs += 300_000;
    expect(await kidsOf(keys)).toEqual([second.kid]);
  });
  it('stay as they are by an answer that they have not changed', async () => {
    const keys = create();
    server.answer = (request, response) =>
      request.headers['if-none-match'] === '"1"'
        ? response.writeHead(304).end()
        : json({ keys: [first.jwk] }, { etag: '"1"' })(request, response);
    await kidsOf(keys);
    nowMs += 300_000;
    expect(await kidsOf(keys)).toEqual([first.kid]);
    nowMs += 299_999;
    expect(keys.prepare(nowMs)).toBeUndefined();
  });
  it('are kept for a shorter time than the feed names a key that was revoked, however long the issuer is down', async () => {
    const keys = create();
    await kidsOf(keys);
    down();
    nowMs += DISTRUST_TOLD_SECONDS * 1000;
    await keys.prepare(nowMs);
    expect(() => keys.held(nowMs)).toThrow(Outage);
  });
  it('are only those that may verify: neither private nor symmetric nor weak nor two of one name', async () => {
    const twice = { ...second.jwk, kid: 'twice' };
    const others = [
      { kty: 'oct', k: 'AAAA', kid: 'oct', alg: 'HS256' },
      { ...first.jwk, kid: 'private', d: 'AAAA' },
      { ...first.jwk, kid: 'enc', use: 'enc' },
      null,
      7,
    ];
    server.answer = json({ keys: [...others, first.jwk, twice, { ...first.jwk, kid: 'twice' }] });
    expect(await kidsOf(create())).toEqual([first.kid]);
  });
  it.each(['{}', '{"keys":{}}', '[]', 'null', '<html>', '', `{"keys":[${'{},'.repeat(100)}{}]}`])(
    'do not change by an answer of %s',
    async (body) => {
      const keys = create();
      await kidsOf(keys);
      server.answer = json(body);
      nowMs += 300_000;
      expect(await kidsOf(keys)).toEqual([first.kid]);
    },
  );
  it('are left alone for a second after a failure', async () => {
    const keys = create();
    down();
    await keys.prepare(nowMs);
    expect(keys.prepare(nowMs + 999)).toBeUndefined();
    expect(keys.prepare(nowMs + 1000)).toBeDefined();
  });
});
