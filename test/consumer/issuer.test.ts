import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createIssuer } from '../../src/consumer/issuer.ts';
import { Outage } from '../../src/outage.ts';

const ISSUER = 'https://issuer.example';
const CREDENTIALS = { clientId: 'billing', secret: 'm2m_cs_secret' };
const issuer = createIssuer(ISSUER);
const requests: { readonly url: string; readonly init: RequestInit }[] = [];
let answers: (() => Response)[];
beforeEach(() => {
  requests.length = 0;
  vi.spyOn(globalThis, 'fetch').mockImplementation((url, init = {}) => {
    requests.push({ url: url instanceof Request ? url.url : String(url), init });
    return Promise.resolve().then(() => (answers.shift() ?? lost)());
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

const json = (status: number, body: object) => () => new Response(JSON.stringify(body), { status });
const lost = (): Response => {
  throw new TypeError('fetch failed');
};
const jwt = (claims: object): string =>
  ['{"alg":"RS256"}', JSON.stringify(claims), 'x'].map((part) => Buffer.from(part).toString('base64url')).join('.');
const token = (claims: object) => json(200, { access_token: jwt({ iss: ISSUER, client_id: 'billing', ...claims }), token_type: 'Bearer' });

describe('asking for the successor', () => {
  it('is one request with Basic, which follows no redirect', async () => {
    answers = [json(201, { client_secret: 'next' })];
    expect(await issuer.claim(CREDENTIALS, true)).toEqual({ outcome: 'successor', secret: 'next' });
    const [{ url, init }] = requests as [(typeof requests)[0]];
    expect([url, init.method, init.redirect]).toEqual([`${ISSUER}/clients/billing/secrets/rotation`, 'POST', 'error']);
    expect(init.headers).toMatchObject({ authorization: `Basic ${Buffer.from('billing:m2m_cs_secret').toString('base64')}` });
    expect(String(init.body as URLSearchParams)).toBe('exchange=now');
  });
  it('does not open the exchange unless it is told to', async () => {
    answers = [json(200, { rotation_due_at: 'later' })];
    expect(await issuer.claim(CREDENTIALS, false)).toEqual({ outcome: 'unchanged', endsAt: undefined });
    expect(String(requests[0]?.init.body as URLSearchParams)).toBe('');
  });
  it('tells the end that a secret has', async () => {
    answers = [json(200, { expires_at: '2035-01-01T00:00:00Z' })];
    expect(await issuer.claim(CREDENTIALS, true)).toEqual({ outcome: 'unchanged', endsAt: '2035-01-01T00:00:00Z' });
  });
  it.each([400, 401, 403, 404, 409])('passes on the refusal %i', async (status) => {
    answers = [json(status, { error: 'no', error_description: 'because' })];
    expect(await issuer.claim(CREDENTIALS, true)).toEqual({ outcome: 'refused', status, problem: 'no: because' });
  });
  it.each([429, 500, 503, 302])("takes %i for nobody's decision", async (status) => {
    answers = [json(status, { error: 'busy' })];
    await expect(issuer.claim(CREDENTIALS, true)).rejects.toThrow(Outage);
  });
  it('takes what is no JSON, or too long, for an outage', async () => {
    answers = [() => new Response('<html>'), () => new Response('x'.repeat(3 * 1024 * 1024))];
    await expect(issuer.claim(CREDENTIALS, true)).rejects.toThrow(Outage);
    await expect(issuer.claim(CREDENTIALS, true)).rejects.toThrow(Outage);
  });
  it('asks once more after a broken connection, and no more', async () => {
    answers = [lost, json(201, { client_secret: 'next' })];
    expect(await issuer.claim(CREDENTIALS, true)).toEqual({ outcome: 'successor', secret: 'next' });
    answers = [];
    await expect(issuer.claim(CREDENTIALS, true)).rejects.toThrow(Outage);
    expect(requests).toHaveLength(4);
  });
});

describe('trying a token', () => {
  it("is done when the token is this issuer's for this client", async () => {
    answers = [token({})];
    expect(await issuer.tryToken(CREDENTIALS)).toEqual({ outcome: 'token' });
    expect(requests[0]?.url).toBe(issuer.tokenEndpoint);
  });
  it.each([{ client_id: 'other' }, { iss: 'https://other.example' }])('is not done with a token of %j', async (claims) => {
    answers = [token(claims)];
    await expect(issuer.tryToken(CREDENTIALS)).rejects.toThrow(Outage);
  });
  it('is refused where the secret is', async () => {
    answers = [json(401, { error: 'invalid_client', error_description: 'no' })];
    expect(await issuer.tryToken(CREDENTIALS)).toMatchObject({ outcome: 'refused', status: 401 });
  });
});
