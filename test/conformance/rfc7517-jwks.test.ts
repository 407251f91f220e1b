// RFC 7517, the key set; SECURITY 20 to 22.
import { calculateJwkThumbprint, type JWK } from 'jose';
import { describe, expect, it } from 'vitest';
import { decoded, endpointsOf } from '../e2e/endpoints.ts';
import { runningService } from '../e2e/running-service.ts';

const service = runningService();
const { call, accessToken } = endpointsOf(service);
const PATH = '/.well-known/jwks.json';
const published = async (): Promise<readonly JWK[]> => (await call(PATH)).body.keys;

describe('section 4, the keys', () => {
  it('only public members, of a use, with an algorithm', async () => {
    const keys = await published();
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.length).toBeLessThanOrEqual(10);
    for (const key of keys) {
      expect(Object.keys(key).filter((member) => ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'].includes(member))).toEqual([]);
      expect(key).toMatchObject({ use: 'sig', alg: 'RS256', kty: 'RSA', kid: expect.any(String) });
      expect(Buffer.from(key.n ?? '', 'base64url').length * 8).toBeGreaterThanOrEqual(2048);
    }
  });

  it('kid is unique, the RFC 7638 thumbprint, and no ARN', async () => {
    const keys = await published();
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length);
    for (const key of keys) expect(key.kid).toBe(await calculateJwkThumbprint(key));
  });
});

describe('section 5, the set', () => {
  it('holds the key of every token that is issued', async () => {
    const { header } = decoded(await accessToken(service.demoService));
    expect((await published()).map(({ kid, alg }) => ({ kid, alg }))).toContainEqual({ kid: header.kid, alg: header.alg });
  });

  it('may be cached for minutes, by anybody', async () => {
    const { headers } = await call(PATH);
    expect(headers['cache-control']).toMatch(/\bpublic\b.*max-age=(?:[3-9]\d\d|[12]\d\d\d|3[0-5]\d\d|3600)\b/);
    expect(headers['access-control-allow-origin']).toBe('*');
    const again = await call(PATH, { headers: { 'if-none-match': headers.etag ?? '' } });
    expect([again.status, again.text]).toEqual([304, '']);
  });
});
