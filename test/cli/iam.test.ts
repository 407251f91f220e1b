import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { basicOf, startFakeService, type FakeService } from './fake-service.ts';
import { runM2m, type Setting } from './run-m2m.ts';

let service: FakeService;
beforeEach(async () => void (service = await startFakeService()));
afterEach(() => service.close());
const m2m = (args: readonly string[], setting: Setting = {}) =>
  runM2m(args, { ...setting, env: { DATA_DIR: service.folder, ...setting.env } });
const SHELL = { AWS_ACCESS_KEY_ID: 'ASIASHELL', AWS_SECRET_ACCESS_KEY: 'shell', AWS_SESSION_TOKEN: 'session', AWS_REGION: 'eu-west-1' };
const signedAs = (key: string, region: string) =>
  expect.stringMatching(
    new RegExp(`^AWS4-HMAC-SHA256 Credential=${key}/\\d{8}/${region}/execute-api/aws4_request, SignedHeaders=.*\\bhost;.*, Signature=`),
  ) as string;

describe('--iam, locally', () => {
  it('signs with the key pair of credentials.json and says which client it acts as, without its secret', async () => {
    await m2m(['token', '--iam', '--scope', 'read']);
    expect(service.asked).toMatchObject([{ path: '/iam/token', authorization: signedAs('AKIALOCAL', 'us-east-1') }]);
    expect(service.asked[0]?.form).toEqual({ grant_type: 'client_credentials', scope: 'read', client_id: 'demo-service' });
  });
  it('introspects, revokes and refreshes as a client', async () => {
    await m2m(['introspect', '--iam', 'x', '--client-id', 'cl_9']);
    await m2m(['revoke', '--iam', 'x', '--end-session']);
    await m2m(['revoke', '--iam', '--all', '--client-id', 'cl_9']);
    await m2m(['token', '--iam', '--refresh-token', 'm2m_rt_k1.cl_9.1.handle.mac']);
    expect(service.asked.map(({ path, form }) => [path, form])).toEqual([
      ['/iam/introspect', { token: 'x', client_id: 'cl_9' }],
      ['/iam/revoke', { token: 'x', end_session: 'true', client_id: 'demo-service' }],
      ['/iam/revoke', { all: 'true', client_id: 'cl_9' }],
      ['/iam/token', { grant_type: 'refresh_token', refresh_token: 'm2m_rt_k1.cl_9.1.handle.mac', client_id: 'demo-service' }],
    ]);
  });
  it('manages clients without a token', async () => {
    await m2m(['clients', 'create', '--iam', '--name', 'x', '--iam-principal', 'arn:aws:iam::000000000000:role/r']);
    await m2m(['clients', 'list', '--iam']);
    await m2m(['clients', 'disable', '--iam', 'cl_1']);
    expect(service.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /iam/clients',
      'GET /iam/clients?limit=100',
      'GET /iam/clients/cl_1',
      'PUT /iam/clients/cl_1',
    ]);
    expect(service.asked[0]?.json).toEqual({ client_name: 'x', iam_principals: ['arn:aws:iam::000000000000:role/r'] });
    for (const { authorization } of service.asked) expect(authorization).toEqual(signedAs('AKIALOCAL', 'us-east-1'));
  });
  it('without it nothing is signed', async () => {
    await m2m(['token']);
    expect(service.asked).toMatchObject([{ path: '/token', authorization: basicOf('demo-service', 'secret-of-demo-service') }]);
  });
});

describe('--iam --issuer', () => {
  const remote = (args: readonly string[], env: Record<string, string> = SHELL) =>
    m2m([...args, '--iam', '--issuer', service.issuer], { env });
  it("signs with the shell's AWS credentials, for the shell's Region", async () => {
    await remote(['token', '--client-id', 'cl_1']);
    expect(service.asked).toMatchObject([
      { path: '/iam/token', authorization: signedAs('ASIASHELL', 'eu-west-1'), form: { client_id: 'cl_1' } },
    ]);
    await remote(['token'], { ...SHELL, M2M_CLIENT_ID: 'cl_2' });
    expect(service.asked[1]?.form['client_id']).toBe('cl_2');
  });
  describe('with a profile', () => {
    const files = () => {
      const [config, credentials] = [join(service.folder, 'aws-config'), join(service.folder, 'aws-credentials')];
      const answer = JSON.stringify({ Version: 1, AccessKeyId: 'ASIAPROCESS', SecretAccessKey: 's', SessionToken: 't' });
      writeFileSync(join(service.folder, 'answer.json'), answer);
      writeFileSync(
        config,
        `[profile operations]\nregion = eu-north-1\n[profile company]\nregion = eu-south-1\ncredential_process = cat ${join(service.folder, 'answer.json')}\n`,
      );
      writeFileSync(credentials, '[operations]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = p\n');
      return { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: credentials };
    };
    it.each([
      ['--profile alone means --iam', ['--profile', 'operations'], {}, 'AKIAPROFILE', 'eu-north-1'],
      ['a profile whose credentials a process gives', ['--profile', 'company'], {}, 'ASIAPROCESS', 'eu-south-1'],
      ['AWS_PROFILE with --iam', ['--iam'], { AWS_PROFILE: 'operations' }, 'AKIAPROFILE', 'eu-north-1'],
      ['a profile that was named wins over keys in the environment', ['--profile', 'operations'], SHELL, 'AKIAPROFILE', 'eu-west-1'],
    ])('%s', async (_, options, env, key, region) => {
      const { code, stderr } = await m2m(['clients', 'list', ...options, '--issuer', service.issuer], { env: { ...files(), ...env } });
      expect([code, stderr]).toEqual([0, '']);
      expect(service.asked).toMatchObject([{ path: '/iam/clients?limit=100', authorization: signedAs(key, region) }]);
    });
    it('one that there is not is an error that names it, and none without --issuer', async () => {
      const unknown = await m2m(['clients', 'list', '--profile', 'nobody', '--issuer', service.issuer], {
        env: { ...files(), AWS_REGION: 'x' },
      });
      expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('nobody')]);
      expect(await m2m(['clients', 'list', '--profile', 'operations'])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('--profile needs --issuer'),
      });
      expect(service.asked).toEqual([]);
    });
  });
  it.each([
    ['no client', ['token'], SHELL, 'with --iam the id alone'],
    ['a secret too', ['token', '--client-id', 'a', '--client-secret', 'b'], SHELL, '--iam and --client-secret exclude each other'],
    ['no Region', ['clients', 'list'], { ...SHELL, AWS_REGION: '', AWS_CONFIG_FILE: '/dev/null' }, 'Set AWS_REGION'],
    [
      'no AWS credentials',
      ['clients', 'list'],
      {
        AWS_REGION: 'eu-west-1',
        AWS_CONFIG_FILE: '/dev/null',
        AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
        AWS_EC2_METADATA_DISABLED: 'true',
      },
      'There are no AWS credentials to sign with',
    ],
  ])('says what is missing: %s', async (_, args, env, message) => {
    const { code, stderr } = await remote(args, env);
    expect([code, stderr]).toEqual([expect.any(Number), expect.stringContaining(message)]);
    expect(service.asked).toEqual([]);
  });
  it.each([
    [{ status: 403, body: { message: 'Forbidden' } }, 'Its role needs the policy in the output IamCallerPolicy'],
    [{ status: 403, body: { error: 'access_denied' } }, 'must be among the administrators'],
    [{ status: 401, body: { error: 'invalid_client' } }, '--iam-principal <role ARN>'],
  ])('says what to do after %j', async (answer, message) => {
    service.answers.set('POST /iam/token', answer);
    const { code, stderr } = await remote(['token', '--client-id', 'cl_1']);
    expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
  });
});
