// The OAuth clients and JWT verifiers that people use, over HTTP, with every authentication method, grant and algorithm.
import { rmSync } from 'node:fs';
import { JwtVerifier } from 'aws-jwt-verify';
import { createRemoteJWKSet, importPKCS8, jwtVerify, SignJWT, type JWTVerifyResult } from 'jose';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALGORITHMS, type Algorithm } from '../../src/tokens/algorithms.ts';
import { testKey } from '../tokens/test-issuer.ts';
import { assemblyWith } from './assembly.ts';
import { form } from './call.ts';
import { decoded, endpointsOf, type Endpoints, type TestClient } from './endpoints.ts';
import { startService, type Credentials, type ServiceProcess } from './service-process.ts';

/** Audience to algorithm; the default is the issuer's own. */
const AUDIENCES = {
  'https://ps256.example': 'PS256',
  'https://es256.example': 'ES256',
  'https://eddsa.example': 'EdDSA',
} as const;
/* eslint-disable @typescript-eslint/no-deprecated -- marked so that nobody uses it by accident; a local service has no TLS */
const http = { [oauth.allowInsecureRequests]: true };
const execute = [openid.allowInsecureRequests];
/* eslint-enable @typescript-eslint/no-deprecated */

let assembly: string;
let service: ServiceProcess;
let api: Endpoints;
let client: TestClient;
/** With a key of each algorithm, and no secret. */
let signer: TestClient;
const KEYS = new Map(ALGORITHMS.map((alg) => [alg, testKey(alg)]));
/** As a client of the Web holds it. */
const cryptoKey = (alg: Algorithm) =>
  importPKCS8(KEYS.get(alg)!.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, alg === 'EdDSA' ? 'Ed25519' : alg);
beforeAll(async () => {
  const audiences = Object.fromEntries(Object.entries(AUDIENCES).map(([audience, algorithm]) => [audience, { algorithm }]));
  assembly = await assemblyWith({ audiences });
  service = await startService({ assembly });
  api = endpointsOf(service);
  client = await api.register({ audiences: [service.issuer, ...Object.keys(AUDIENCES)] });
  const jwks = { keys: [...KEYS.values()].map(({ jwk }) => jwk) };
  signer = await api.register({
    audiences: [service.issuer, ...Object.keys(AUDIENCES)],
    token_endpoint_auth_method: 'private_key_jwt',
    jwks,
  });
});
afterAll(async () => {
  await service.stop();
  rmSync(assembly, { recursive: true, force: true });
});

const targets = (): readonly (readonly [algorithm: string, audience: string])[] => [
  ['RS256', service.issuer],
  ...Object.entries(AUDIENCES).map(([audience, algorithm]) => [algorithm, audience] as const),
];

/** jose with the published keys, as a resource server in any language would do it. */
const verified = (token: string, audience: string): Promise<JWTVerifyResult> =>
  jwtVerify(token, createRemoteJWKSet(new URL(`${service.issuer}/.well-known/jwks.json`)), {
    issuer: service.issuer,
    audience,
    typ: 'at+jwt',
    requiredClaims: ['sub', 'client_id', 'iat', 'exp', 'jti'],
  });

describe('oauth4webapi', () => {
  const discover = async () => {
    const issuer = new URL(service.issuer);
    return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { ...http, algorithm: 'oauth2' }));
  };
  const METHODS: Readonly<Record<string, () => Promise<readonly [client: TestClient, auth: oauth.ClientAuth]>>> = {
    client_secret_basic: async () => [client, oauth.ClientSecretBasic(client.client_secret)],
    client_secret_post: async () => [client, oauth.ClientSecretPost(client.client_secret)],
    ...Object.fromEntries(
      ALGORITHMS.map((alg) => [
        `private_key_jwt ${alg}`,
        async () => [signer, oauth.PrivateKeyJwt({ key: await cryptoKey(alg), kid: KEYS.get(alg)!.kid })],
      ]),
    ),
  };

  it.each(Object.entries(METHODS))('%s: discovers, obtains, refreshes, introspects, calls, revokes', async (_, method) => {
    const server = await discover();
    const [{ client_id }, auth] = await method();
    const as = { client_id };
    const granted = await oauth.processClientCredentialsResponse(
      server,
      as,
      await oauth.clientCredentialsGrantRequest(server, as, auth, { scope: 'read' }, http),
    );
    expect(granted).toMatchObject({ token_type: 'bearer', expires_in: 900, scope: 'read' });
    const refreshed = await oauth.processRefreshTokenResponse(
      server,
      as,
      await oauth.refreshTokenGrantRequest(server, as, auth, granted.refresh_token ?? '', http),
    );
    const introspect = async (token: string) =>
      oauth.processIntrospectionResponse(server, as, await oauth.introspectionRequest(server, as, auth, token, http));
    expect(await introspect(refreshed.access_token)).toMatchObject({ active: true, client_id, scope: 'read' });
    const url = new URL('/protected', service.issuer);
    expect((await oauth.protectedResourceRequest(refreshed.access_token, 'GET', url, undefined, null, http)).status).toBe(200);
    const claims = await oauth.validateJwtAccessToken(
      { ...server, jwks_uri: `${service.issuer}/.well-known/jwks.json` },
      new Request(url, { headers: { authorization: `Bearer ${refreshed.access_token}` } }),
      service.issuer,
      http,
    );
    expect(claims.client_id).toBe(client_id);
    await oauth.processRevocationResponse(await oauth.revocationRequest(server, as, auth, refreshed.access_token, http));
    expect(await introspect(refreshed.access_token)).toEqual({ active: false });
    await expect(oauth.protectedResourceRequest(refreshed.access_token, 'GET', url, undefined, null, http)).rejects.toThrow(
      oauth.WWWAuthenticateChallengeError,
    );
  });

  it('reads our errors: a wrong secret, a scope too much, a used-up refresh token', async () => {
    const server = await discover();
    const as = { client_id: client.client_id };
    const request = (auth: oauth.ClientAuth, scope: string) => oauth.clientCredentialsGrantRequest(server, as, auth, { scope }, http);
    const refused = async (answer: Response) => oauth.processClientCredentialsResponse(server, as, answer).catch((error: unknown) => error);
    expect(await refused(await request(oauth.ClientSecretPost(client.client_secret), 'admin'))).toMatchObject({
      error: 'invalid_scope',
      status: 400,
    });
    expect(await refused(await request(oauth.ClientSecretPost('wrong'), 'read'))).toBeInstanceOf(oauth.WWWAuthenticateChallengeError);
  });
});

describe('openid-client', () => {
  it.each<[string, () => readonly [client: TestClient, auth: Promise<openid.ClientAuth> | openid.ClientAuth]]>([
    ['client_secret_basic', () => [client, openid.ClientSecretBasic(client.client_secret)]],
    ['client_secret_post', () => [client, openid.ClientSecretPost(client.client_secret)]],
    ...ALGORITHMS.map((alg): [string, () => [TestClient, Promise<openid.ClientAuth>]] => [
      `private_key_jwt ${alg}`,
      () => [signer, cryptoKey(alg).then((key) => openid.PrivateKeyJwt({ key, kid: KEYS.get(alg)!.kid }))],
    ]),
  ])('%s: discovers, obtains, refreshes, introspects, revokes', async (_, method) => {
    const [{ client_id }, auth] = method();
    const config = await openid.discovery(new URL(service.issuer), client_id, undefined, await auth, {
      algorithm: 'oauth2',
      execute,
    });
    const granted = await openid.clientCredentialsGrant(config, { scope: 'read write' });
    const refreshed = await openid.refreshTokenGrant(config, granted.refresh_token ?? '');
    expect((await openid.tokenIntrospection(config, refreshed.access_token)).active).toBe(true);
    await openid.tokenRevocation(config, refreshed.access_token);
    expect((await openid.tokenIntrospection(config, refreshed.access_token)).active).toBe(false);
    await openid.tokenRevocation(config, refreshed.refresh_token ?? '');
    await expect(openid.refreshTokenGrant(config, refreshed.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  it('finds the issuer by the name that OpenID Connect discovery uses too', async () => {
    const config = await openid.discovery(new URL(service.issuer), client.client_id, client.client_secret, undefined, {
      execute,
    });
    expect(config.serverMetadata().token_endpoint).toBe(`${service.issuer}/token`);
  });
});

type Fields = Readonly<Record<string, string>>;
/** Ways to say who one is; each gives the body's fields and the headers. */
const AUTHENTICATION: Readonly<
  Record<string, (client: Credentials) => { fields?: Fields; headers?: Fields } | Promise<{ fields: Fields }>>
> = {
  ...Object.fromEntries(
    ALGORITHMS.map((alg) => [
      `private_key_jwt ${alg}`,
      async () => ({
        fields: {
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: await new SignJWT({ jti: crypto.randomUUID() })
            .setProtectedHeader({ alg, kid: KEYS.get(alg)!.kid })
            .setIssuer(signer.client_id)
            .setSubject(signer.client_id)
            .setAudience(service.issuer)
            .setExpirationTime('1m')
            .sign(await cryptoKey(alg)),
        },
      }),
    ]),
  ),
  client_secret_basic: ({ client_id, client_secret }) => ({
    headers: { authorization: `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}` },
  }),
  client_secret_post: ({ client_id, client_secret }) => ({ fields: { client_id, client_secret } }),
  'older form fields': ({ client_id: username, client_secret: password }) => ({ fields: { username, password } }),
  'older headers': ({ client_id, client_secret }) => ({ headers: { 'x-client-id': client_id, 'x-client-secret': client_secret } }),
};

describe.each(Object.keys(AUTHENTICATION))('the matrix: %s', (method) => {
  const ask = async (grant: Fields) => {
    const { fields, headers = {} }: { fields?: Fields; headers?: Fields } = await AUTHENTICATION[method]!(client);
    return api.call('/token', { method: 'POST', headers, body: form({ ...grant, ...fields }) });
  };
  const asks = () => (method.startsWith('private_key_jwt') ? signer : client);

  it('both grants, every algorithm: the token is signed as its audience wants it, and verifies', async () => {
    for (const [algorithm, audience] of targets()) {
      const granted = await ask({ grant_type: 'client_credentials', resource: audience });
      expect(granted.status, granted.text).toBe(200);
      const refreshed = await ask({ grant_type: 'refresh_token', refresh_token: granted.body.refresh_token });
      expect(refreshed.status, refreshed.text).toBe(200);
      for (const { body } of [granted, refreshed]) {
        const { protectedHeader, payload } = await verified(body.access_token, audience);
        expect([protectedHeader.alg, payload['client_id']]).toEqual([algorithm, asks().client_id]);
      }
    }
  });
});

describe('verifiers', () => {
  it('jose refuses a token for another audience, and any changed one', async () => {
    const token = await api.accessToken(client, { resource: 'https://es256.example' });
    await expect(verified(token, service.issuer)).rejects.toMatchObject({ code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' });
    await expect(verified(`${token.slice(0, -5)}AAAAA`, 'https://es256.example')).rejects.toMatchObject({
      code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    });
  });

  // aws-jwt-verify fetches over https alone, so that it is given the keys that it would have fetched.
  const jwks = async () => (await api.call('/.well-known/jwks.json')).body;

  it('aws-jwt-verify takes our RSA tokens, and no others', async () => {
    const verifier = JwtVerifier.create({
      issuer: service.issuer,
      audience: service.issuer,
      jwksUri: `${service.issuer}/.well-known/jwks.json`,
    });
    verifier.cacheJwks(await jwks());
    const token = await api.accessToken(client);
    expect((await verifier.verify(token))['client_id']).toBe(client.client_id);
    await expect(verifier.verify(await api.accessToken(client, { resource: 'https://ps256.example' }))).rejects.toThrow(
      /audience|not allowed/i,
    );
  });

  it('aws-jwt-verify takes ES256 and EdDSA', async () => {
    for (const [algorithm, audience] of targets().filter(([name]) => name === 'ES256' || name === 'EdDSA')) {
      const verifier = JwtVerifier.create({ issuer: service.issuer, audience, jwksUri: `${service.issuer}/.well-known/jwks.json` });
      verifier.cacheJwks(await jwks());
      expect((await verifier.verify(await api.accessToken(client, { resource: audience }))).aud, algorithm).toBe(audience);
    }
  });
});

it('one key for each algorithm is published, and a token of each is introspected and revoked', async () => {
  const { keys } = (await api.call('/.well-known/jwks.json')).body;
  expect(keys.map(({ alg }: { alg: string }) => alg).sort()).toEqual(['ES256', 'EdDSA', 'PS256', 'RS256']);
  for (const [algorithm, audience] of targets()) {
    const token = await api.accessToken(client, { resource: audience });
    expect(decoded(token).header.alg).toBe(algorithm);
    expect((await api.introspect(client, token)).body.active).toBe(true);
    expect((await api.revoke(client, { token })).status).toBe(200);
    expect((await api.introspect(client, token)).body.active).toBe(false);
  }
});
