// private_key_jwt against the service as it runs: attacks, races, a table that is down, keys behind TLS, and the operator's commands.
import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runM2m } from '../cli/run-m2m.ts';
import { assertionForm, signedAssertion, type AssertionChanges } from '../endpoints/assertions.ts';
import { LOOPBACK_CERTIFICATE, LOOPBACK_KEY } from '../outbound/loopback-certificate.ts';
import { accessToken as tokenSignedBy, testKey, type TestKey } from '../tokens/test-issuer.ts';
import { call, form, type Answer } from './call.ts';
import { decoded, endpointsOf, expectOk, type Endpoints, type TestClient } from './endpoints.ts';
import { startService, temporaryFolder, type ServiceProcess } from './service-process.ts';

const METHOD = { token_endpoint_auth_method: 'private_key_jwt' };
const key = testKey('ES256');
const stranger = testKey('ES256');
const now = (): number => Math.floor(Date.now() / 1000);
let folder: string;
let service: ServiceProcess;
let api: Endpoints;
let client: TestClient;
beforeAll(async () => {
  folder = temporaryFolder();
  const authority = join(folder, 'authority.pem');
  writeFileSync(authority, LOOPBACK_CERTIFICATE);
  service = await startService({ environment: { NODE_EXTRA_CA_CERTS: authority } });
  api = endpointsOf(service);
  client = await api.register({ ...METHOD, jwks: { keys: [key.jwk] } });
});
afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

const sign = (changes: AssertionChanges = {}, by: TestKey = key, { client_id: clientId } = client): string =>
  signedAssertion(by, { clientId, issuer: service.issuer, now: now() }, changes);
const send = (assertion: string, path = '/token', fields: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  call(service.issuer, path, {
    method: 'POST',
    body: form({ grant_type: 'client_credentials', token: 'x', ...assertionForm(assertion), ...fields }),
  });

it('fifty at once, at one endpoint or at all of them: one success', async () => {
  for (let round = 0; round < 6; round += 1) {
    const assertion = sign();
    const paths = round % 2 === 0 ? ['/token'] : ['/token', '/introspect', '/revoke'];
    const answers = await Promise.all(Array.from({ length: 50 }, (_, at) => send(assertion, paths[at % paths.length])));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 401)).toHaveLength(49);
  }
});

describe('an attack is refused', () => {
  const ATTACKS: Readonly<Record<string, () => string>> = {
    'the key of a stranger': () => sign({}, stranger),
    'a key that comes along': () => sign({ header: { jwk: stranger.jwk } }, stranger),
    'a key that is pointed to': () => sign({ header: { jku: 'https://evil.example/jwks', kid: stranger.kid } }, stranger),
    'a certificate that is pointed to': () => sign({ header: { x5u: 'https://evil.example/c', x5c: ['MIIB'] } }, stranger),
    'no algorithm': () =>
      `${sign({ header: { alg: 'none' } })
        .split('.')
        .slice(0, 2)
        .join('.')}.`,
    'another algorithm': () => sign({ header: { alg: 'HS256' } }),
    'an unknown extension': () => sign({ header: { crit: ['x'], x: 1 } }),
    'an access token of ours': () => decodedOwn,
    'an access token that the client signed': () =>
      tokenSignedBy(key, { iss: client.client_id, sub: client.client_id, aud: service.issuer }),
    'the token endpoint as audience': () => sign({ claims: { aud: `${service.issuer}/token` } }),
    'a list with the issuer in it': () => sign({ claims: { aud: [service.issuer, 'https://evil.example'] } }),
    'a list of the issuer alone': () => sign({ claims: { aud: [service.issuer] } }),
    'the name of another client': () => sign({ claims: { iss: 'demo-service', sub: 'demo-service' } }),
    'another subject': () => sign({ claims: { sub: 'demo-admin' } }),
    'a time long past': () => sign({ claims: { exp: now() - 300 } }),
    'a time far ahead': () => sign({ claims: { exp: now() + 3600 } }),
    'a birth in the future': () => sign({ claims: { iat: now() + 61 } }),
    'no jti': () => sign({ claims: { jti: undefined } }),
    'a type of another purpose': () => sign({ header: { typ: 'dpop+jwt' } }),
    'more than it may hold': () => sign({ claims: { padding: 'x'.repeat(9_000) } }),
  };
  let decodedOwn: string;
  beforeAll(async () => {
    decodedOwn = expectOk(await send(sign())).body.access_token;
  });
  it.each(Object.keys(ATTACKS))('%s', async (name) => {
    const answer = await send(ATTACKS[name]!());
    expect([answer.status, answer.body.error], answer.text).toEqual([401, 'invalid_client']);
    expect(answer.text).not.toContain('access_token');
  });
  it('and the client goes on', async () => {
    expect(decoded(expectOk(await send(sign())).body.access_token).claims['amr']).toEqual(['private_key_jwt']);
  });
});

describe('keys behind TLS', () => {
  let publisher: Server;
  let origin: string;
  let published: readonly TestKey[] = [key];
  let asked = 0;
  beforeAll(async () => {
    publisher = createServer({ cert: LOOPBACK_CERTIFICATE, key: LOOPBACK_KEY }, (request, response) => {
      asked += 1;
      if (request.url === '/inside') return void response.writeHead(302, { location: 'https://169.254.169.254/' }).end();
      if (request.url === '/large') return void response.end(`{"keys":[],"x":"${'x'.repeat(70_000)}"}`);
      return void response.end(JSON.stringify({ keys: published.map(({ jwk }) => jwk) }));
    });
    await new Promise<void>((done) => publisher.listen(0, '127.0.0.1', done));
    origin = `https://localhost:${(publisher.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    publisher.closeAllConnections();
    publisher.close();
  });
  const register = (path: string) => api.register({ ...METHOD, jwks_uri: `${origin}${path}` });

  it('are fetched once, and a stranger makes nobody fetch them again at once', async () => {
    const one = await register('/jwks');
    for (let round = 0; round < 3; round += 1) expectOk(await send(sign({}, key, one)));
    published = [key, stranger];
    for (let round = 0; round < 3; round += 1) expect((await send(sign({}, stranger, one))).status).toBe(401);
    expect(asked).toBe(1);
  });

  it.each(['/inside', '/large'])('are not where %s says', async (path) => {
    const one = await register(path);
    expect((await send(sign({}, key, one))).status).toBe(401);
  });
});

it('an operator registers a key, gets a token with it and reads why another was refused', async () => {
  const own = join(folder, 'own.pem');
  const other = join(folder, 'other.jwk');
  writeFileSync(own, key.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(other, JSON.stringify(stranger.privateKey.export({ format: 'jwk' })));
  const m2m = (...args: string[]) => runM2m(args, { env: { DATA_DIR: service.dataDir }, input: '' });
  const made = await m2m('clients', 'create', '--scope', 'read', '--auth-method', 'private_key_jwt', '--jwks-file', own, '--json');
  expect(made.code, made.stderr).toBe(0);
  const {
    client_id: id,
    jwks,
    client_secret,
  } = JSON.parse(made.stdout) as { client_id: string; jwks: { keys: object[] }; client_secret?: string };
  expect([jwks.keys.map((jwk) => 'd' in jwk), client_secret]).toEqual([[false], undefined]);
  const token = (await m2m('token', '--client-id', id, '--key-file', own, '--raw')).stdout.trim();
  expect(decoded(token).claims).toMatchObject({ client_id: id, amr: ['private_key_jwt'] });
  expect(JSON.parse((await m2m('introspect', token, '--client-id', id, '--key-file', own, '--json')).stdout)).toMatchObject({
    active: true,
  });
  const refused = await m2m('token', '--client-id', id, '--key-file', other);
  expect(refused.code).toBe(1);
  const trace = /explain ([0-9a-f]{32})/.exec(refused.stderr)?.[1] ?? '';
  expect((await m2m('explain', trace)).stdout).toMatch(/problem +key_unknown/);
  expect((await m2m('token', '--client-id', id, '--key-file', join(folder, 'none.pem'))).stderr).toContain('cannot be read');
  expect((await m2m('clients', 'update', id, '--jwks-file', other)).code).toBe(0);
  expect((await m2m('token', '--client-id', id, '--key-file', other, '--raw')).code).toBe(0);
});
