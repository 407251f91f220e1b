import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { FetchPublicDocument, JwksSource } from '../../src/endpoints/stores.ts';
import { Outage } from '../../src/outage.ts';
import { createJwksSource } from '../../src/outbound/jwks-source.ts';
import { ok, refuse } from '../../src/result.ts';
import { testKey } from '../tokens/test-issuer.ts';

const [one, two] = [testKey('ES256'), testKey('RS256')];
const START_MS = 1_800_000_000_000;
const URL = 'https://keys.example/jwks';

let fetched: ReturnType<typeof vi.fn<FetchPublicDocument>>;
let source: JwksSource;
let published: unknown[];
let maxAgeSeconds: number | undefined;
beforeEach(() => {
  published = [one.jwk];
  maxAgeSeconds = undefined;
  fetched = vi.fn<FetchPublicDocument>(async () => ok({ body: Buffer.from(JSON.stringify({ keys: published })), maxAgeSeconds }));
  source = createJwksSource(fetched);
});
const ask = (kid: string, afterSeconds = 0, url = URL) => source.keys({ url, kid, rsaAlgorithm: 'RS256' }, START_MS + afterSeconds * 1000);
const kids = async (kid: string, afterSeconds = 0) => {
  const keys = await ask(kid, afterSeconds);
  return keys.ok ? [...keys.value.keys()] : keys.failure;
};

describe('keys that are published', () => {
  it('are fetched once, by however many ask', async () => {
    await Promise.all(Array.from({ length: 50 }, () => ask(one.kid)));
    expect(await kids(one.kid, 59)).toEqual([one.kid]);
    expect(fetched).toHaveBeenCalledTimes(1);
  });

  it.each([
    [undefined, 300],
    [0, 60],
    [120, 120],
    [999_999, 3600],
  ])('with a max-age of %s are fetched again after %i s', async (maxAge, after) => {
    maxAgeSeconds = maxAge;
    await ask(one.kid);
    await ask(one.kid, after - 1);
    expect(fetched).toHaveBeenCalledTimes(1);
    published = [two.jwk];
    expect(await kids(one.kid, after)).toEqual([two.kid]);
  });

  it('are fetched again for a key that is not among them, but once in 30 s', async () => {
    await ask(one.kid);
    published = [one.jwk, two.jwk];
    expect(await kids(two.kid, 29)).toEqual([one.kid]);
    expect(await kids(two.kid, 30)).toEqual([one.kid, two.kid]);
    for (let at = 31; at < 60; at += 1) await ask(`unknown-${at}`, at);
    expect(fetched).toHaveBeenCalledTimes(2);
    await Promise.all(Array.from({ length: 50 }, (_, at) => ask(`unknown-${at}`, 61)));
    expect(fetched).toHaveBeenCalledTimes(3);
  });

  it('are found too by a token that names none', async () => {
    await ask('');
    expect(await kids('', 59)).toEqual([one.kid]);
    expect(fetched).toHaveBeenCalledTimes(1);
  });

  it('count for an hour more while their host is down, and nobody waits for each failure', async () => {
    await ask(one.kid);
    fetched.mockRejectedValue(new Outage('outbound:GET'));
    for (const after of [300, 301, 309, 3600]) expect(await kids(one.kid, after)).toEqual([one.kid]);
    expect(fetched).toHaveBeenCalledTimes(3);
    await expect(ask(one.kid, 3601)).rejects.toThrow(Outage);
  });

  it('are taken again as soon as the host is back', async () => {
    fetched.mockRejectedValueOnce(new Outage('outbound:GET'));
    await expect(ask(one.kid)).rejects.toThrow(Outage);
    await expect(ask(one.kid, 9)).rejects.toThrow(Outage);
    expect(await kids(one.kid, 10)).toEqual([one.kid]);
  });

  it('that will never come are refused, not waited for', async () => {
    fetched.mockResolvedValue(refuse('redirected'));
    expect(await kids(one.kid)).toBe('redirected');
    expect(await kids(one.kid, 5)).toBe('redirected');
    expect(fetched).toHaveBeenCalledTimes(1);
  });

  it.each(['', 'x', '[]', '{}', '{"keys":{}}', '{"keys":[],"keys":[]}', `{"keys":[${'{},'.repeat(100)}{}]}`])(
    'are not in %s',
    async (text) => {
      fetched.mockResolvedValue(ok({ body: Buffer.from(text), maxAgeSeconds: undefined }));
      expect(await kids(one.kid)).toBe('not_a_jwks');
    },
  );

  it("of one publisher are none of another's, nor of another algorithm", async () => {
    await ask(one.kid);
    await ask(one.kid, 0, `${URL}2`);
    await source.keys({ url: URL, kid: one.kid, rsaAlgorithm: 'PS256' }, START_MS);
    expect(fetched).toHaveBeenCalledTimes(3);
  });

  it('of many publishers are held for those asked last', async () => {
    for (let at = 0; at < 501; at += 1) await ask(one.kid, 0, `${URL}${at}`);
    await ask(one.kid, 0, `${URL}500`);
    expect(fetched).toHaveBeenCalledTimes(501);
    await ask(one.kid, 0, `${URL}0`);
    expect(fetched).toHaveBeenCalledTimes(502);
  });

  it('a defect in fetching them is an outage too', async () => {
    fetched.mockRejectedValue(new TypeError('x'));
    await expect(ask(one.kid)).rejects.toThrow(Outage);
  });
});
