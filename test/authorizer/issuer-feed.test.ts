import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { feedId } from '../../src/authorizer/feed-document.ts';
import { fetchDocument } from '../../src/authorizer/issuer-document.ts';
import { createIssuerFeed } from '../../src/authorizer/issuer-feed.ts';
import type { VerifiedToken } from '../../src/authorizer/revocation.ts';
import { Outage } from '../../src/outage.ts';
import { testClaims } from '../tokens/test-issuer.ts';
import { json, startIssuerServer, type Answer, type IssuerServer } from './issuer-server.ts';

const TOKEN: VerifiedToken = { claims: testClaims(), kid: 'k' };
/** Epoch milliseconds of the reader's clock, moved by the tests. */
let nowMs: number;
let server: IssuerServer;
beforeAll(async () => {
  server = await startIssuerServer(json({}));
});
afterAll(() => server.close());
beforeEach(() => {
  nowMs = 1_800_000_000_000;
  server.asked.clear();
});
const seconds = (): number => Math.floor(nowMs / 1000);
const feed = (iat = seconds(), jti: readonly string[] = []): Answer =>
  json({ v: 1, iss: server.url, iat, jti: jti.map(feedId), sid: [], clients: {}, kids: [] });
const reader = (whenStale: 'deny' | 'allow' = 'deny') =>
  createIssuerFeed({ issuer: server.url, fetchDocument, clock: () => nowMs, whenStale });
const asks = (): number => [...server.asked].reduce((sum, [path, times]) => sum + (path.startsWith('/revocations?') ? times : 0), 0);
type Reader = ReturnType<typeof reader>;
/** One request: refresh if due, then the verdict. */
async function verdict(feedReader: Reader): Promise<string> {
  await feedReader.prepare(nowMs);
  try {
    const view = await feedReader.view(TOKEN, nowMs);
    return view.faultOf(TOKEN)?.reason ?? 'stands';
  } catch (error) {
    if (error instanceof Outage) return 'stale';
    throw error;
  }
}

describe('the revocation feed', () => {
  it('is read before the first verdict', async () => {
    server.answer = feed(seconds(), ['token-1']);
    expect(await verdict(reader())).toBe('token_revoked');
  });
  it('is not asked for again within 2 s, and then is', async () => {
    const feedReader = reader();
    server.answer = feed();
    expect(await verdict(feedReader)).toBe('stands');
    nowMs += 1999;
    expect(feedReader.prepare(nowMs)).toBeUndefined();
    nowMs += 1;
    server.answer = feed(seconds(), ['token-1']);
    expect(await verdict(feedReader)).toBe('token_revoked');
    expect(asks()).toBe(2);
  });
  it('is fetched once for any number of requests at a time', async () => {
    const feedReader = reader();
    server.answer = (_, response) =>
      setTimeout(() => {
        feed()(_, response);
      }, 30);
    expect(new Set(await Promise.all(Array.from({ length: 50 }, () => verdict(feedReader))))).toEqual(new Set(['stands']));
    expect(asks()).toBe(1);
  });
  it('serves from memory while it is young and the issuer is down', async () => {
    const feedReader = reader();
    server.answer = feed(seconds(), ['token-1']);
    await verdict(feedReader);
    server.answer = (_, response) => response.writeHead(503).end();
    nowMs += 4000;
    expect(await verdict(feedReader)).toBe('token_revoked');
  });
  it('decides nothing once it is older than 5 s, and everything again when it is back', async () => {
    const feedReader = reader();
    server.answer = feed();
    await verdict(feedReader);
    server.answer = (_, response) => response.writeHead(503).end();
    nowMs += 5001;
    expect(await verdict(feedReader)).toBe('stale');
    nowMs += 1000;
    server.answer = feed();
    expect(await verdict(feedReader)).toBe('stands');
  });
  it('lets pass what is not known to be revoked where the rule for stale feeds says so', async () => {
    const feedReader = reader('allow');
    server.answer = feed(seconds(), ['token-1']);
    await verdict(feedReader);
    server.answer = (_, response) => response.writeHead(503).end();
    nowMs += 3_600_000;
    expect(await verdict(feedReader)).toBe('token_revoked');
    expect(await verdict(reader('allow'))).toBe('stands');
  });
  it('is stale from the start when there is none', async () => {
    server.answer = (request) => request.socket.destroy();
    expect(await verdict(reader())).toBe('stale');
  });
  it('has the age of its own issue time, however fresh the answer is', async () => {
    server.answer = feed(seconds() - 6);
    expect(await verdict(reader())).toBe('stale');
    server.answer = feed(seconds() - 4);
    expect(await verdict(reader())).toBe('stands');
  });
  it('is no fresher for coming from a clock that is ahead', async () => {
    const feedReader = reader();
    server.answer = feed(seconds() + 3600);
    expect(await verdict(feedReader)).toBe('stands');
    server.answer = (_, response) => response.writeHead(503).end();
    nowMs += 5001;
    expect(await verdict(feedReader)).toBe('stale');
  });
  it.each<[string, () => Answer]>([
    ['of an unknown version', () => json({ v: 2, iss: server.url, iat: seconds(), jti: [], sid: [], clients: {}, kids: [] })],
    ['of another issuer', () => json({ v: 1, iss: 'https://other.example', iat: seconds(), jti: [], sid: [], clients: {}, kids: [] })],
    ['cut short', () => json(`{"v":1,"iss":"${server.url}","iat":${seconds()},"jti":[`)],
    ['of HTML', () => json('<html>')],
  ])('%s does not count', async (_, answer) => {
    server.answer = answer();
    expect(await verdict(reader())).toBe('stale');
  });
  it('replayed from before brings nothing back to life', async () => {
    const feedReader = reader();
    const before = feed();
    nowMs += 2000;
    server.answer = feed(seconds(), ['token-1']);
    expect(await verdict(feedReader)).toBe('token_revoked');
    nowMs += 2000;
    server.answer = before;
    expect(await verdict(feedReader)).toBe('token_revoked');
    nowMs += 5001;
    expect(await verdict(feedReader)).toBe('stale');
  });
  it('does not hold up requests while it is young', async () => {
    const feedReader = reader();
    server.answer = feed();
    await verdict(feedReader);
    let release = (): void => undefined;
    server.answer = (request, response) => {
      release = () => {
        feed()(request, response);
      };
    };
    nowMs += 2500;
    expect(await verdict(feedReader)).toBe('stands'); // the answer has not come
    release();
  });
  it('is known when its last page is in, and not before', async () => {
    const feedReader = reader();
    const [first, last] = [{ jti: [feedId('token-1')] }, { jti: [feedId('token-2')] }];
    const page = { v: 1, of: feedId(server.url), iat: seconds(), since: 0 };
    const until = String(seconds() + 900);
    let isLost = true;
    server.answer = (request, response) => {
      if (request.url === '/revocations?since=0') json({ ...page, next: '10.jti.x', until: { [until]: first } })(request, response);
      else if (isLost) response.destroy();
      else json({ ...page, after: '10.jti.x', until: { [until]: last } })(request, response);
    };
    expect(await verdict(feedReader)).toBe('stale');
    isLost = false;
    nowMs += 300;
    expect(await verdict(feedReader)).toBe('token_revoked');
    // The first page was not asked for again.
    expect(server.asked.get('/revocations?since=0')).toBe(1);
  });
  it('of many pages that are stale when they are whole is asked for once more, and no further', async () => {
    const page = { v: 1, of: feedId(server.url), iat: seconds() - 60 };
    server.answer = (request, response) => {
      const { searchParams } = new URL(request.url!, server.url);
      const since = Number(searchParams.get('since'));
      const after = searchParams.get('after');
      json(after === null ? { ...page, since, next: '10.jti.x' } : { ...page, since, after })(request, response);
    };
    expect(await verdict(reader())).toBe('stale');
    expect(asks()).toBe(4);
  });
  it('is fetched anew when a fetch from before a freeze never ends', async () => {
    const feedReader = reader();
    server.answer = () => undefined;
    expect(await verdict(feedReader)).toBe('stale');
    nowMs += 60_000;
    server.answer = feed();
    expect(await verdict(feedReader)).toBe('stands');
  });
});
