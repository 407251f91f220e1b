import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLIENT_ASSERTION_TYPE, readAssertion, verifyClientAssertion } from '../../src/client-authentication/client-assertion.ts';
import { testKey } from '../tokens/test-issuer.ts';
import { basicOf, jwtOf, startFakeService, type FakeService } from './fake-service.ts';
import { runM2m, type Setting } from './run-m2m.ts';

let service: FakeService;
beforeEach(async () => void (service = await startFakeService()));
afterEach(() => service.close());
const m2m = (args: readonly string[], setting: Setting = {}) =>
  runM2m(args, { ...setting, env: { DATA_DIR: service.folder, ...setting.env } });
const REFRESH_TOKEN = 'm2m_rt_k1.demo-service.1.handle.mac';

describe('token', () => {
  it('asks as demo-service by default and prints the answer as one JSON document', async () => {
    const { code, stdout } = await m2m(['token', '--scope', 'read', '--resource', 'https://api.example.com', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ access_token: jwtOf('demo-service'), token_type: 'Bearer', expires_in: 900, scope: 'read' });
    expect(service.asked).toHaveLength(1);
    expect(service.asked[0]).toMatchObject({
      path: '/token',
      authorization: basicOf('demo-service', 'secret-of-demo-service'),
      form: { grant_type: 'client_credentials', scope: 'read', resource: 'https://api.example.com' },
    });
  });

  it('--raw prints the access token and nothing else', async () => {
    expect((await m2m(['token', '--raw'])).stdout).toBe(`${jwtOf('demo-service')}\n`);
  });

  it('takes another client, its secret from standard input, and form-encodes both for Basic (RFC 6749 section 2.3.1)', async () => {
    await m2m(['token', '--client-id', 'a:b', '--client-secret', '-'], { input: 's p%ce\n' });
    expect(service.asked[0]?.authorization).toBe(basicOf('a%3Ab', 's+p%25ce'));
  });

  it('takes the secret of a client in credentials.json from there, and of another from M2M_CLIENT_SECRET', async () => {
    await m2m(['token', '--client', 'demo-admin']);
    await m2m(['token', '--client-id', 'demo-admin'], { env: { M2M_CLIENT_SECRET: 'other' } });
    await m2m(['token', '--client-id', 'cl_9'], { env: { M2M_CLIENT_SECRET: 'other' } });
    expect(service.asked.map(({ authorization }) => authorization)).toEqual([
      basicOf('demo-admin', 'secret-of-demo-admin'),
      basicOf('demo-admin', 'secret-of-demo-admin'),
      basicOf('cl_9', 'other'),
    ]);
  });

  it('signs an assertion with a key file instead of sending a secret, PEM or JWK, under the name that it has', async () => {
    const key = testKey('EdDSA');
    const pem = join(service.folder, 'key.pem');
    const jwk = join(service.folder, 'key.jwk');
    writeFileSync(pem, key.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    writeFileSync(jwk, JSON.stringify({ ...key.privateKey.export({ format: 'jwk' }), kid: 'named' }));
    const kids: string[] = [];
    for (const args of [[pem], [jwk], [jwk, '--key-id', 'other']]) {
      expect((await m2m(['token', '--client-id', 'cl_9', '--key-file', ...args])).code).toBe(0);
      const { authorization, form } = service.asked.at(-1)!;
      expect([authorization, form['client_assertion_type']]).toEqual(['', CLIENT_ASSERTION_TYPE]);
      const assertion = form['client_assertion'] ?? '';
      kids.push(readAssertion(assertion)?.kid ?? '');
      const keys = new Map([[kids.at(-1)!, key]]);
      const now = Math.floor(Date.now() / 1000);
      expect(verifyClientAssertion({ assertion, keys, clientId: 'cl_9', issuer: service.issuer, now })).toMatchObject({ ok: true });
    }
    expect(kids).toEqual([key.kid, 'named', 'other']);
    writeFileSync(pem, 'nothing');
    for (const args of [
      ['--client-id', 'a', '--key-file', pem],
      ['--key-file', jwk],
      ['--client-id', 'a', '--client-secret', 's', '--key-file', jwk],
    ])
      expect((await m2m(['token', ...args])).code).toBe(2);
    expect(service.asked).toHaveLength(3);
  });

  it('refreshes as the client that the refresh token names', async () => {
    const { stdout } = await m2m(['token', '--refresh-token', '-', '--json'], { input: `${REFRESH_TOKEN}\n` });
    expect(JSON.parse(stdout)).toHaveProperty('refresh_token');
    expect(service.asked[0]).toMatchObject({
      path: '/token',
      authorization: basicOf('demo-service', 'secret-of-demo-service'),
      form: { grant_type: 'refresh_token', refresh_token: REFRESH_TOKEN },
    });
  });

  it('refreshes by the refresh token alone where no secret is known', async () => {
    await m2m(['token', '--refresh-token', 'm2m_rt_k1.cl_9.1.handle.mac']);
    expect(service.asked[0]).toMatchObject({ path: '/refresh', authorization: '', form: { refresh_token: 'm2m_rt_k1.cl_9.1.handle.mac' } });
  });

  it.each([
    [['--client', 'demo-service', '--client-id', 'x'], 'exclude each other'],
    [['--client-secret', 'x'], '--client-secret needs --client-id'],
    [['--client-id', 'x'], '--client-id needs --client-secret'],
    [['--client', 'nobody'], 'only of demo-service, demo-admin'],
    [['--client-id', 'x', '--client-secret', '-'], 'Standard input is empty'],
  ])('refuses %j', async (args, message) => {
    const { code, stdout, stderr } = await m2m(['token', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(service.asked).toEqual([]);
  });

  it.each([
    [429, { error: 'temporarily_unavailable' }, { 'retry-after': '7' }, 'Try again in 7 seconds.'],
    [401, { error: 'invalid_client', error_description: 'client authentication failed' }, {}, 'Check the client id and its secret'],
    [503, { error: 'temporarily_unavailable' }, {}, 'Try again.'],
  ])('a %i says what to do next', async (status, body, headers, message) => {
    service.answers.set('POST /token', { status, body, headers });
    const { code, stdout, stderr } = await m2m(['token', '--json']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(message);
  });
});

describe('introspect', () => {
  it('asks as the client that the token belongs to', async () => {
    const { stdout } = await m2m(['introspect', '-', '--json'], { input: jwtOf('demo-service') });
    expect(JSON.parse(stdout)).toMatchObject({ active: true, scope: 'read' });
    expect(service.asked[0]).toMatchObject({
      path: '/introspect',
      authorization: basicOf('demo-service', 'secret-of-demo-service'),
      form: { token: jwtOf('demo-service') },
    });
  });

  it("asks as demo-admin about anyone else's and about what is no token", async () => {
    await m2m(['introspect', jwtOf('cl_9')]);
    await m2m(['introspect', 'garbage']);
    expect(service.asked.map(({ authorization }) => authorization)).toEqual(Array(2).fill(basicOf('demo-admin', 'secret-of-demo-admin')));
  });

  it('shows times as times, and says why an inactive token may be so', async () => {
    expect((await m2m(['introspect', 'x'])).stdout).toMatch(/^exp +2027-01-15T08:00:00Z$/m);
    service.answers.set('POST /introspect', { body: { active: false } });
    expect((await m2m(['introspect', 'x'])).stdout).toContain('Not active: expired, revoked,');
  });
});

describe('revoke', () => {
  it('revokes as the owner where its secret is known', async () => {
    const { code, stdout } = await m2m(['revoke', jwtOf('demo-service'), '--json']);
    expect({ code, document: JSON.parse(stdout) }).toEqual({ code: 0, document: { revoked: 'token' } });
    expect(service.asked[0]).toMatchObject({
      path: '/revoke',
      authorization: basicOf('demo-service', 'secret-of-demo-service'),
      form: { token: jwtOf('demo-service') },
    });
  });

  it('presents an access token of any other client as its own Bearer, and a refresh token alone', async () => {
    await m2m(['revoke', jwtOf('cl_9'), '--end-session']);
    const { stdout } = await m2m(['revoke', 'm2m_rt_k1.cl_9.1.handle.mac', '--json']);
    expect(JSON.parse(stdout)).toEqual({ revoked: 'session' });
    expect(service.asked[0]).toMatchObject({
      authorization: `Bearer ${jwtOf('cl_9')}`,
      form: { token: jwtOf('cl_9'), end_session: 'true' },
    });
    expect(service.asked[1]).toMatchObject({ authorization: '', form: { token: 'm2m_rt_k1.cl_9.1.handle.mac' } });
  });

  it('--all revokes everything of the client that was named, and never of a default one', async () => {
    await m2m(['revoke', '--all', '--client', 'demo-service']);
    expect(service.asked[0]).toMatchObject({ authorization: basicOf('demo-service', 'secret-of-demo-service'), form: { all: 'true' } });
    expect(await m2m(['revoke', '--all'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--all needs the client') });
    expect(await m2m(['revoke', 'x', '--all', '--client', 'demo-service'])).toMatchObject({ code: 2 });
    expect(service.asked).toHaveLength(1);
  });
});
