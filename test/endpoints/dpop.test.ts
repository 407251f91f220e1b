// DPoP at the service's own endpoints (RFC 9449 sections 5, 7 and 8), in the functions as they are deployed.
import { describe, expect, it } from 'vitest';
import { claimsOf } from './access-token.ts';
import { dpopProof, proofKey, type ProofChanges, type ProofKey } from '../tokens/test-proof.ts';
import type { Answer } from './request.ts';
import { ISSUER, useService, type Registered } from './service-under-test.ts';

const service = useService();
const key = proofKey();
const grant = { grant_type: 'client_credentials' };
const proofFor = (to: string, { of = key, token, ...changes }: { of?: ProofKey; token?: string } & ProofChanges = {}): string =>
  dpopProof(of, to.replace(' ', ` ${ISSUER}`), service.now(), token, changes);
const ask = (basic: Registered, dpop: string = proofFor('POST /token'), form: Readonly<Record<string, string>> = grant): Promise<Answer> =>
  service.send({ to: 'POST /token', form, basic, headers: { dpop } });
const refresh = (basic: Registered, refresh_token: string, dpop?: string): Promise<Answer> =>
  service.send({ to: 'POST /token', form: { grant_type: 'refresh_token', refresh_token }, basic, ...(dpop && { headers: { dpop } }) });
const withProof = (to: string, token: string, changes: Parameters<typeof proofFor>[1] = {}) => ({
  authorization: `DPoP ${token}`,
  dpop: proofFor(to, { token, ...changes }),
});
const SESSIONS = { grant_types: ['client_credentials', 'refresh_token'] };

describe('a token got with a proof', () => {
  it('is bound to its key, and says so', async () => {
    const { status, body } = await ask(await service.register());
    expect([status, body.token_type]).toEqual([200, 'DPoP']);
    expect(claimsOf(body.access_token)).toMatchObject({ cnf: { jkt: key.jkt }, amr: ['client_secret', 'dpop'] });
  });
  it('is a bearer token without one, unless the client is registered for bound ones', async () => {
    const plain = await service.send({ to: 'POST /token', form: grant, basic: await service.register() });
    expect(plain.body.token_type).toBe('Bearer');
    expect(claimsOf(plain.body.access_token)).not.toHaveProperty('cnf');
    const bound = await service.register({ dpop_bound_access_tokens: true });
    expect((await service.send({ to: 'POST /token', form: grant, basic: bound })).body).toMatchObject({ error: 'invalid_dpop_proof' });
    expect((await ask(bound)).body.token_type).toBe('DPoP');
  });
  it('costs one call more, which is made beside the signature', async () => {
    const client = await service.register();
    await ask(client);
    service.calls.clear();
    expect((await service.send({ to: 'POST /token', form: grant, basic: client })).status).toBe(200);
    const [names, waits] = [service.calls.names(), service.calls.waits()];
    service.calls.clear();
    expect((await ask(client)).status).toBe(200);
    expect([service.calls.names(), service.calls.waits()]).toEqual([[...names, 'PutItem ONCE'].toSorted(), waits]);
  });
});

describe('refused with invalid_dpop_proof', () => {
  const other = proofKey();
  it.each<[string, () => string]>([
    ['another URI', () => proofFor('POST /refresh')],
    ['another host', () => dpopProof(key, 'POST https://evil.example/token', service.now())],
    ['another method', () => proofFor('GET /token')],
    ['another key', () => proofFor('POST /token', { signedBy: other })],
    ['an old one', () => dpopProof(key, `POST ${ISSUER}/token`, service.now() - 61)],
    ['one of the future', () => dpopProof(key, `POST ${ISSUER}/token`, service.now() + 61)],
    ['two', () => `${proofFor('POST /token')}, ${proofFor('POST /token')}`],
    ['none of its form', () => 'x'],
    ['an empty one', () => ''],
  ])('%s', async (_, proof) => {
    const answer = await ask(await service.register(), proof());
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_dpop_proof']);
    expect(answer.body).not.toHaveProperty('access_token');
  });
  it('whatever the Host header says', async () => {
    const headers = {
      dpop: dpopProof(key, 'POST https://evil.example/token', service.now()),
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
    };
    expect((await service.send({ to: 'POST /token', form: grant, basic: await service.register(), headers })).status).toBe(400);
  });
  it('used a second time, even by another client of the same key', async () => {
    const proof = proofFor('POST /token');
    expect((await ask(await service.register(), proof)).status).toBe(200);
    for (const client of [await service.register(), await service.register(SESSIONS)])
      expect((await ask(client, proof)).body).toMatchObject({ error: 'invalid_dpop_proof' });
    service.coldStart();
    expect((await ask(await service.register(), proof)).status).toBe(400);
  });
  it('the same twenty times at once: one token, one record of it, and one session', async () => {
    const client = await service.register(SESSIONS);
    const proof = proofFor('POST /token');
    service.log.clear();
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(client, proof)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    // A slow machine may say 503, never 200.
    for (const { status, body } of answers) if (status !== 200 && status !== 503) expect(body.error).toBe('invalid_dpop_proof');
    expect(service.audit().filter(({ event_type }) => event_type === 'login_success')).toHaveLength(1);
    const { access_token: token } = answers.find(({ status }) => status === 200)!.body;
    const listed = await service.send({ to: 'GET /sessions', headers: withProof('GET /sessions', token) });
    expect(listed.body.items).toMatchObject([{ binding: { jkt: key.jkt } }]);
  });
  it('does not burn the proof where something else was wrong', async () => {
    const client = await service.register();
    const proof = proofFor('POST /token');
    expect((await ask({ ...client, client_secret: 'wrong' }, proof)).status).toBe(401);
    expect((await ask(client, proof, { ...grant, scope: 'admin' })).status).toBe(400);
    expect((await ask(client, proof)).status).toBe(200);
  });
});

describe('a refresh token got with a proof', () => {
  it.each(['required', 'none'])('needs the same key each time (client authentication: %s)', async (refresh_client_auth) => {
    const client = await service.register({ ...SESSIONS, refresh_client_auth });
    const first = (await ask(client)).body.refresh_token;
    const alone = (token: string, dpop?: string) =>
      refresh_client_auth === 'required'
        ? refresh(client, token, dpop)
        : service.send({ to: 'POST /refresh', json: { refresh_token: token }, ...(dpop && { headers: { dpop } }) });
    const to = refresh_client_auth === 'required' ? 'POST /token' : 'POST /refresh';
    for (const dpop of [undefined, proofFor(to, { of: proofKey() })])
      expect((await alone(first, dpop)).body).toMatchObject({ error: 'invalid_grant' });
    const second = await alone(first, proofFor(to));
    expect([second.status, second.body.token_type]).toEqual([200, 'DPoP']);
    expect(claimsOf(second.body.access_token)).toMatchObject({ cnf: { jkt: key.jkt }, amr: ['client_secret', 'dpop'] });
    // The retry after a lost answer proves the key again, with a proof of its own.
    expect((await alone(first)).body).toMatchObject({ error: 'invalid_grant' });
    const retried = await alone(first, proofFor(to));
    expect(retried.body.refresh_token).toBe(second.body.refresh_token);
    expect((await alone(second.body.refresh_token, proofFor(to))).status).toBe(200);
  });
  it('is not used up by a proof that is repeated', async () => {
    const client = await service.register(SESSIONS);
    const proof = proofFor('POST /token');
    const token = (await ask(client, proof)).body.refresh_token;
    expect((await refresh(client, token, proof)).body).toMatchObject({ error: 'invalid_dpop_proof' });
    expect((await refresh(client, token, proofFor('POST /token'))).status).toBe(200);
  });
  it('stolen and long used, without the key, does not end the session', async () => {
    const client = await service.register(SESSIONS);
    const stolen = (await ask(client)).body.refresh_token;
    let current = (await refresh(client, stolen, proofFor('POST /token'))).body.refresh_token;
    current = (await refresh(client, current, proofFor('POST /token'))).body.refresh_token;
    service.advance(31);
    expect((await refresh(client, stolen)).body).toMatchObject({ error: 'invalid_grant' });
    expect((await refresh(client, current, proofFor('POST /token'))).status).toBe(200);
    // With the key it is reuse as ever.
    expect((await refresh(client, stolen, proofFor('POST /token'))).status).toBe(400);
    expect(service.audit().some(({ event_type }) => event_type === 'refresh_token_reuse')).toBe(true);
  });
  it('of an unbound session stays unbound, while the access token is bound', async () => {
    const client = await service.register(SESSIONS);
    const token = (await service.send({ to: 'POST /token', form: grant, basic: client })).body.refresh_token;
    const bound = await refresh(client, token, proofFor('POST /token'));
    expect(bound.body.token_type).toBe('DPoP');
    expect((await refresh(client, bound.body.refresh_token)).body.token_type).toBe('Bearer');
  });
});

describe('the service as a protected resource', () => {
  const tokenOf = async (metadata: Readonly<Record<string, unknown>> = {}): Promise<string> =>
    (await ask(await service.register(metadata))).body.access_token;
  const list = (headers: Readonly<Record<string, string>>) => service.send({ to: 'GET /sessions', headers });

  it('takes a bound token with its proof', async () => {
    expect((await list(withProof('GET /sessions', await tokenOf()))).status).toBe(200);
    const manager = await tokenOf({ scope: 'clients:manage', default_scope: 'clients:manage' });
    expect((await service.send({ to: 'GET /clients', headers: withProof('GET /clients', manager) })).status).toBe(200);
  });
  it('refuses it as a bearer, and says what it takes instead', async () => {
    const token = await tokenOf();
    for (const headers of [
      { authorization: `Bearer ${token}` },
      { ...withProof('GET /sessions', token), authorization: `Bearer ${token}` },
    ]) {
      const answer = await list(headers);
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_token']);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer .*error="invalid_token".*, DPoP realm="m2m-auth", algs="RS256 .*"$/);
    }
  });
  it.each<[string, (token: string) => Readonly<Record<string, string>>]>([
    ['no proof', (token) => ({ authorization: `DPoP ${token}` })],
    ['a proof for another path', (token) => withProof('GET /clients', token)],
    ['a proof for another method', (token) => withProof('DELETE /sessions', token)],
    ['a proof for another token', (token) => ({ authorization: `DPoP ${token}`, dpop: proofFor('GET /sessions', { token: 'other' }) })],
    ['a proof without a token', (token) => ({ authorization: `DPoP ${token}`, dpop: proofFor('GET /sessions') })],
    [
      'two proofs',
      (token) => ({
        authorization: `DPoP ${token}`,
        dpop: `${proofFor('GET /sessions', { token })},${proofFor('GET /sessions', { token })}`,
      }),
    ],
  ])('refuses %s', async (_, headers) => {
    const answer = await list(headers(await tokenOf()));
    expect([answer.status, answer.body.error]).toEqual([401, 'invalid_dpop_proof']);
    expect(answer.headers['www-authenticate']).toMatch(/^DPoP realm="m2m-auth", error="invalid_dpop_proof", .*algs="/);
  });
  it('refuses another key with the words of the token', async () => {
    const token = await tokenOf();
    const answer = await list(withProof('GET /sessions', token, { of: proofKey() }));
    expect([answer.status, answer.body.error]).toEqual([401, 'invalid_token']);
    expect(answer.headers['www-authenticate']).toMatch(/^DPoP .*error="invalid_token"/);
  });
  it('refuses an unbound token with the scheme DPoP', async () => {
    const { access_token: token } = (await service.send({ to: 'POST /token', form: grant, basic: await service.register() })).body;
    expect((await list(withProof('GET /sessions', token))).body.error).toBe('invalid_token');
  });
  it('takes a proof once, however many come at once', async () => {
    const headers = withProof('GET /sessions', await tokenOf());
    const answers = await Promise.all(Array.from({ length: 20 }, () => list(headers)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    // A slow machine may say 503, never 200.
    for (const { status, body } of answers) if (status !== 200 && status !== 503) expect(body.error).toBe('invalid_dpop_proof');
  });
  it('tells a missing scope in the scheme of the caller', async () => {
    const answer = await service.send({ to: 'GET /clients', headers: withProof('GET /clients', await tokenOf()) });
    expect(answer.status).toBe(403);
    expect(answer.headers['www-authenticate']).toMatch(/^DPoP .*error="insufficient_scope", .*scope="clients:manage", algs="/);
  });
  it('introspects it as bound', async () => {
    const client = await service.register();
    const token = (await ask(client)).body.access_token;
    const { body } = await service.send({ to: 'POST /introspect', form: { token }, basic: client });
    expect(body).toMatchObject({ active: true, token_type: 'DPoP', cnf: { jkt: key.jkt } });
  });
  it('lets its holder give it up with a proof, and nobody without', async () => {
    const client = await service.register();
    const token = (await ask(client)).body.access_token;
    const active = async () => (await service.send({ to: 'POST /introspect', form: { token }, basic: client })).body.active;
    const revoke = (headers: Readonly<Record<string, string>>) => service.send({ to: 'POST /revoke', form: {}, headers });
    expect((await revoke({ authorization: `Bearer ${token}` })).status).toBe(401);
    expect((await revoke(withProof('POST /revoke', token, { of: proofKey() }))).status).toBe(401);
    expect(await active()).toBe(true);
    expect((await revoke(withProof('POST /revoke', token))).status).toBe(200);
    expect(await active()).toBe(false);
  });
});

describe('nonces, where they are demanded', () => {
  const nonceOf = ({ headers }: Answer): string => headers['dpop-nonce'] ?? '';
  const demand = (): void => service.coldStart({ DPOP_NONCE: 'required' });

  it('are given out by the refusal and taken by the next proof', async () => {
    demand();
    const client = await service.register(SESSIONS);
    const first = await ask(client);
    expect([first.status, first.body.error]).toEqual([400, 'use_dpop_nonce']);
    const nonce = nonceOf(first);
    const second = await ask(client, proofFor('POST /token', { claims: { nonce } }));
    expect([second.status, second.body.token_type, nonceOf(second)]).toEqual([200, 'DPoP', nonce]);
    const token = second.body.refresh_token;
    expect((await refresh(client, token, proofFor('POST /token'))).body.error).toBe('use_dpop_nonce');
    expect((await refresh(client, token, proofFor('POST /token', { claims: { nonce } }))).status).toBe(200);
  });
  it('vouch for a client whose clock is wrong, and one proof still serves once', async () => {
    demand();
    const client = await service.register();
    const nonce = nonceOf(await ask(client));
    const proof = proofFor('POST /token', { claims: { nonce, iat: 1 } });
    expect((await ask(client, proof)).status).toBe(200);
    service.advance(200);
    expect((await ask(client, proof)).body.error).toMatch(/invalid_dpop_proof|use_dpop_nonce/);
  });
  it('of a window that is past are not taken, nor invented ones', async () => {
    demand();
    const client = await service.register();
    const nonce = nonceOf(await ask(client));
    service.advance(600);
    const late = await ask(client, proofFor('POST /token', { claims: { nonce } }));
    expect(late.body.error).toBe('use_dpop_nonce');
    expect(nonceOf(late)).not.toBe(nonce);
    expect((await ask(client, proofFor('POST /token', { claims: { nonce: `${nonceOf(late)}x` } }))).body.error).toBe('use_dpop_nonce');
  });
  it('are nobody else’s business', async () => {
    demand();
    const answer = await service.send({ to: 'POST /token', form: grant, basic: await service.register() });
    expect([answer.status, nonceOf(answer)]).toEqual([200, '']);
    service.coldStart();
  });
});

it('is told by the metadata', async () => {
  const { body } = await service.send({ to: 'GET /.well-known/oauth-authorization-server' });
  expect(body.dpop_signing_alg_values_supported).toEqual(['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519']);
});
