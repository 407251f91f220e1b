// DPoP with the OAuth clients that people use, against the running service and its sample API: every method of authentication, with and
// without a proof, in both grants; and what an attacker would send.
import { rmSync } from 'node:fs';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dpopProof, proofKey } from '../tokens/test-proof.ts';
import { assemblyWith } from './assembly.ts';
import { form } from './call.ts';
import { decoded, endpointsOf, expectOk, type Endpoints, type TestClient } from './endpoints.ts';
import { startService, type Credentials, type ServiceProcess } from './service-process.ts';

/* eslint-disable @typescript-eslint/no-deprecated -- marked so that nobody uses it by accident; a local service has no TLS */
const http = { [oauth.allowInsecureRequests]: true };
const execute = [openid.allowInsecureRequests];
/* eslint-enable @typescript-eslint/no-deprecated */

let service: ServiceProcess;
let api: Endpoints;
let client: TestClient;
let bound: TestClient;
beforeAll(async () => {
  service = await startService();
  api = endpointsOf(service);
  client = await api.register();
  bound = await api.register({ dpop_bound_access_tokens: true, refresh_client_auth: 'none' });
});
afterAll(() => service.stop());

const discover = async (issuer = service.issuer) => {
  const url = new URL(issuer);
  return oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, { ...http, algorithm: 'oauth2' }));
};
const METHODS: Readonly<Record<string, (client: Credentials) => oauth.ClientAuth>> = {
  client_secret_basic: ({ client_secret }) => oauth.ClientSecretBasic(client_secret),
  client_secret_post: ({ client_secret }) => oauth.ClientSecretPost(client_secret),
};

describe.each(Object.keys(METHODS))('oauth4webapi, %s', (method) => {
  it.each(['RS256', 'PS256', 'ES256', 'Ed25519'])('with an %s key: obtains, calls, refreshes, calls, is no bearer', async (alg) => {
    const server = await discover();
    const auth = METHODS[method]!(client);
    const as = { client_id: client.client_id };
    const DPoP = oauth.DPoP({}, await oauth.generateKeyPair(alg));
    const granted = await oauth.processClientCredentialsResponse(
      server,
      as,
      await oauth.clientCredentialsGrantRequest(server, as, auth, { scope: 'read' }, { ...http, DPoP }),
    );
    expect(granted.token_type).toBe('dpop');
    const refreshed = await oauth.processRefreshTokenResponse(
      server,
      as,
      await oauth.refreshTokenGrantRequest(server, as, auth, granted.refresh_token ?? '', { ...http, DPoP }),
    );
    const url = new URL('/protected', service.issuer);
    for (const { access_token: token } of [granted, refreshed]) {
      const answer = await oauth.protectedResourceRequest(token, 'GET', url, undefined, null, { ...http, DPoP });
      expect(answer.status).toBe(200);
      expect(JSON.parse(((await answer.json()) as { caller: { cnf: string } }).caller.cnf)).toEqual({
        jkt: await DPoP.calculateThumbprint(),
      });
      await expect(oauth.protectedResourceRequest(token, 'GET', url, undefined, null, http)).rejects.toThrow(
        oauth.WWWAuthenticateChallengeError,
      );
    }
    // With somebody else's key the refresh token is of no use.
    const thief = oauth.DPoP({}, await oauth.generateKeyPair('ES256'));
    const stolen = await oauth.refreshTokenGrantRequest(server, as, auth, refreshed.refresh_token ?? '', { ...http, DPoP: thief });
    await expect(oauth.processRefreshTokenResponse(server, as, stolen)).rejects.toMatchObject({ error: 'invalid_grant' });
  });
});

describe('openid-client', () => {
  it('obtains, refreshes and calls, with one handle', async () => {
    const config = await openid.discovery(new URL(service.issuer), client.client_id, client.client_secret, undefined, {
      algorithm: 'oauth2',
      execute,
    });
    const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256'));
    const granted = await openid.clientCredentialsGrant(config, { scope: 'read' }, { DPoP });
    const refreshed = await openid.refreshTokenGrant(config, granted.refresh_token ?? '', undefined, { DPoP });
    const url = new URL('/protected', service.issuer);
    expect((await openid.fetchProtectedResource(config, refreshed.access_token, url, 'GET', undefined, undefined, { DPoP })).status).toBe(
      200,
    );
    expect((await openid.tokenIntrospection(config, refreshed.access_token))['cnf']).toEqual({ jkt: await DPoP.calculateThumbprint() });
  });
  it('takes the nonces that are demanded without a word', async () => {
    const assembly = await assemblyWith({ dpopNonce: 'required' });
    const demanding = await startService({ assembly });
    try {
      const own = await endpointsOf(demanding).register();
      const config = await openid.discovery(new URL(demanding.issuer), own.client_id, own.client_secret, undefined, {
        algorithm: 'oauth2',
        execute,
      });
      const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256'));
      const granted = await openid.clientCredentialsGrant(config, {}, { DPoP });
      expect((await openid.refreshTokenGrant(config, granted.refresh_token ?? '', undefined, { DPoP })).token_type).toBe('dpop');
    } finally {
      await demanding.stop();
      rmSync(assembly, { recursive: true, force: true });
    }
  });
});

describe('the attack corpus', () => {
  const key = proofKey();
  const now = (): number => Math.floor(Date.now() / 1000);
  const proofFor = (to: string, token?: string, of = key): string => dpopProof(of, to.replace(' ', ` ${service.issuer}`), now(), token);
  const grant = (dpop?: string) => api.token(bound, {}, dpop === undefined ? {} : { headers: { dpop } });
  const obtained = async () => expectOk(await grant(proofFor('POST /token'))).body as { access_token: string; refresh_token: string };
  const call = (authorization: string, dpop?: string) =>
    api.call('/protected', { headers: { authorization, ...(dpop !== undefined && { dpop }) } });

  it('at /token is refused whole', async () => {
    const used = proofFor('POST /token');
    expectOk(await grant(used));
    const attacks = {
      'no proof': undefined,
      'a replayed proof': used,
      'another URI': proofFor('POST /refresh'),
      'another host': dpopProof(key, 'POST https://issuer.example/token', now()),
      'another method': proofFor('GET /token'),
      'another key': dpopProof(key, `POST ${service.issuer}/token`, now(), undefined, { signedBy: proofKey() }),
      'an hour ago': dpopProof(key, `POST ${service.issuer}/token`, now() - 3600),
      'an hour ahead': dpopProof(key, `POST ${service.issuer}/token`, now() + 3600),
      'two at once': `${proofFor('POST /token')}, ${proofFor('POST /token')}`,
      'a private key': dpopProof(key, `POST ${service.issuer}/token`, now(), undefined, {
        header: { jwk: { ...key.publicJwk, d: 'AAAA' } },
      }),
      'another type': dpopProof(key, `POST ${service.issuer}/token`, now(), undefined, { header: { typ: 'JWT' } }),
    };
    for (const [name, proof] of Object.entries(attacks)) {
      const answer = await grant(proof);
      expect([name, answer.status, answer.body.error]).toEqual([name, 400, 'invalid_dpop_proof']);
    }
  });
  it('at the sample API is refused whole', async () => {
    const { access_token: token } = await obtained();
    const other = (await obtained()).access_token;
    const used = proofFor('GET /protected', token);
    expect((await call(`DPoP ${token}`, used)).status).toBe(200);
    const attacks: Readonly<Record<string, readonly [authorization: string, proof?: string]>> = {
      'as a bearer': [`Bearer ${token}`],
      'as a bearer with a proof': [`Bearer ${token}`, proofFor('GET /protected', token)],
      'no proof': [`DPoP ${token}`],
      'a replayed proof': [`DPoP ${token}`, used],
      'another URI': [`DPoP ${token}`, proofFor('GET /admin-only', token)],
      'another method': [`DPoP ${token}`, proofFor('POST /protected', token)],
      'another token': [`DPoP ${token}`, proofFor('GET /protected', other)],
      'no token in it': [`DPoP ${token}`, proofFor('GET /protected')],
      'another key': [`DPoP ${token}`, proofFor('GET /protected', token, proofKey())],
      'two at once': [`DPoP ${token}`, `${proofFor('GET /protected', token)}, ${proofFor('GET /protected', token)}`],
    };
    for (const [name, [authorization, proof]] of Object.entries(attacks))
      expect([name, (await call(authorization, proof)).status]).toEqual([name, 401]);
    expect((await call(`DPoP ${token}`, proofFor('GET /protected', token))).status).toBe(200);
  });
  it('fifty times the same proof at once: one answer', async () => {
    const { access_token: token } = await obtained();
    for (const attempt of [
      (
        (proof) => () =>
          grant(proof)
      )(proofFor('POST /token')),
      (
        (proof) => () =>
          call(`DPoP ${token}`, proof)
      )(proofFor('GET /protected', token)),
    ]) {
      const answers = await Promise.all(Array.from({ length: 50 }, attempt));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.every(({ status }) => [200, 400, 401, 503].includes(status))).toBe(true);
    }
  });
  it('a stolen refresh token is useless, and its session lives on', async () => {
    const { refresh_token } = await obtained();
    const refresh = (dpop?: string) =>
      api.call('/refresh', { method: 'POST', body: form({ refresh_token }), ...(dpop && { headers: { dpop } }) });
    // The client takes no token without a proof at all; with a thief's, the session is not his.
    expect((await refresh()).body.error).toBe('invalid_dpop_proof');
    expect((await refresh(proofFor('POST /refresh', undefined, proofKey()))).body.error).toBe('invalid_grant');
    const { body } = expectOk(await refresh(proofFor('POST /refresh')));
    expect(decoded(body.access_token).claims.cnf).toEqual({ jkt: key.jkt });
  });
});
