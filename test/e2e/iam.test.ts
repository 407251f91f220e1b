// Callers by AWS role against the running service: our command line, curl, and the program of docs/iam.md as it stands.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { runM2m } from '../cli/run-m2m.ts';
import { block } from '../docs/pages.ts';
import { decoded } from './endpoints.ts';
import { call, form } from './call.ts';
import { runningService } from './running-service.ts';
import { cleanEnvironment } from './service-process.ts';

const service = runningService();
const run = promisify(execFile);
const { aws } = JSON.parse(readFileSync(join(service.dataDir, 'credentials.json'), 'utf8')) as {
  aws: { access_key_id: string; secret_access_key: string; region: string; arn: string };
};
async function json(args: readonly string[], input = ''): Promise<any> {
  const { code, stdout, stderr } = await runM2m([...args, '--iam', '--json'], { env: { DATA_DIR: service.dataDir }, input });
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

it('a client without a secret in use, from its registration to its end, by one role', async () => {
  const { client_id } = await json(['clients', 'create', '--name', 'by role', '--scope', 'read', '--iam-principal', aws.arn]);
  const { access_token } = await json(['token', '--client-id', client_id]);
  expect(decoded(access_token).claims).toMatchObject({ client_id, amr: ['iam'] });
  expect((await call(service.issuer, '/protected', { headers: { authorization: `Bearer ${access_token}` } })).status).toBe(200);
  expect(await json(['introspect', '-', '--client-id', client_id], access_token)).toMatchObject({ active: true });
  await json(['revoke', '-', '--client-id', client_id], access_token);
  expect((await call(service.issuer, '/protected', { headers: { authorization: `Bearer ${access_token}` } })).status).toBe(401);
  expect((await json(['clients', 'list'])).items.map((item: any) => item.client_id)).toContain(client_id);
  await json(['clients', 'update', client_id, '--clear', 'iam-principal']);
  const refused = await runM2m(['token', '--iam', '--client-id', client_id], { env: { DATA_DIR: service.dataDir } });
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('--iam-principal') as string });
});

it('the command line finds AWS credentials as the SDK does, and says what is missing', async () => {
  const env = { AWS_ACCESS_KEY_ID: aws.access_key_id, AWS_SECRET_ACCESS_KEY: aws.secret_access_key, AWS_REGION: aws.region };
  const args = ['token', '--iam', '--issuer', service.issuer, '--client-id', 'demo-service', '--raw'];
  expect(await runM2m(args, { env })).toMatchObject({ code: 0 });
  expect(await runM2m(args, { env: { ...env, AWS_REGION: 'eu-central-1' } })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('AWS does not let this principal call') as string,
  });
});

/** Since 7.75. */
const { stdout: curlOptions } = await run('curl', ['--help', 'all']);
it.runIf(curlOptions.includes('--aws-sigv4'))("curl's own signer is understood", async () => {
  const signing = ['--aws-sigv4', `aws:amz:${aws.region}:execute-api`, '--user', `${aws.access_key_id}:${aws.secret_access_key}`];
  const body = ['-d', 'grant_type=client_credentials', '-d', 'client_id=demo-service'];
  const { stdout } = await run('curl', ['-s', ...signing, ...body, `${service.issuer}/iam/token`]);
  expect(JSON.parse(stdout)).toMatchObject({ token_type: 'Bearer', scope: 'read write' });
});

it('the program of the documentation gets a token', async () => {
  const cache = 'node_modules/.cache';
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'iam-'));
  try {
    const program = block('docs/iam.md', 'js', 'new SignatureV4');
    writeFileSync(join(folder, 'get-token.mjs'), `${program}\nconsole.log(JSON.stringify({ access_token, expires_in }));`);
    const env = cleanEnvironment({
      ISSUER: service.issuer,
      CLIENT_ID: 'demo-service',
      AWS_REGION: aws.region,
      AWS_ACCESS_KEY_ID: aws.access_key_id,
      AWS_SECRET_ACCESS_KEY: aws.secret_access_key,
    });
    const { stdout } = await run(process.execPath, [join(folder, 'get-token.mjs')], { env });
    expect(JSON.parse(stdout)).toMatchObject({ access_token: expect.stringMatching(/^eyJ/) as string, expires_in: 900 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('without a signature, or with headers that claim an identity, nobody gets in', async () => {
  const body = form({ grant_type: 'client_credentials', client_id: 'demo-service' });
  const forged = { 'x-amzn-iam-user-arn': aws.arn, 'x-amz-security-token': 'x', 'x-amz-date': '20261121T000000Z' };
  for (const headers of [{}, forged, { authorization: `AWS4-HMAC-SHA256 Credential=${aws.access_key_id}/x` }])
    expect(await call(service.issuer, '/iam/token', { method: 'POST', headers, body })).toMatchObject({
      status: 403,
      text: '{"message":"Forbidden"}',
    });
  expect((await call(service.issuer, '/iam/clients')).status).toBe(403);
});
