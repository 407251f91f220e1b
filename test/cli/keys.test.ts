// `m2m keys` against a stand-in of the rotation function: locally by the control channel, deployed by Lambda's own API.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runM2m } from './run-m2m.ts';

const KEY = {
  kid: 'kid-1',
  alg: 'RS256',
  state: 'active',
  signs: true,
  key: 'arn',
  published_at: '2026-11-21T00:00:00Z',
  known_at: '2026-11-21T02:10:00Z',
  signs_from: '2026-11-21T00:00:00Z',
};
const RING = { ok: true, keys: [KEY], without_standby: ['RS256'] };

type Call = { readonly method: string; readonly url: string; readonly authorization: string; readonly body: any };
let server: Server;
let folder: string;
let calls: Call[] = [];
let answer: { status?: number; headers?: Record<string, string>; body: unknown } = { body: RING };

const bodyOf = async (message: IncomingMessage): Promise<unknown> => {
  let text = '';
  for await (const chunk of message) text += String(chunk);
  return text === '' ? undefined : JSON.parse(text);
};
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'm2m-keys-'));
  server = createServer((message, response) => {
    void bodyOf(message).then((body) => {
      const { method = '', url = '' } = message;
      calls.push({ method, url, authorization: message.headers.authorization ?? '', body });
      const isList = url.startsWith('/2015-03-31/functions?');
      const { status = 200, headers = {}, body: said } = isList ? { body: pageOf(url) } : answer;
      response.writeHead(status, headers).end(JSON.stringify(said));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  writeFileSync(join(folder, 'service.lock'), JSON.stringify({ control: { url: origin(), token: 'the-token' } }));
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => {
  calls = [];
  answer = { body: RING };
});
const origin = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** Two pages: the function is on the second. */
const pageOf = (url: string): object =>
  url.includes('Marker=next')
    ? {
        Functions: [
          { FunctionName: 'other-stack-Rotate', Description: 'm2m-auth: rotation of signing keys, by schedule and by hand' },
          // Of a stack of its own whose name begins like that.
          { FunctionName: 'm2m-auth-service-eu-RotateKeys-X', Description: 'm2m-auth: rotation of signing keys, by schedule and by hand' },
          { FunctionName: 'twice-B', Description: 'm2m-auth: rotation of signing keys, by schedule and by hand' },
          { FunctionName: 'm2m-auth-service-X', Description: 'm2m-auth: rotation of signing keys, by schedule and by hand' },
        ],
      }
    : {
        Functions: [
          { FunctionName: 'm2m-auth-service-Token', Description: 'm2m-auth: token endpoint' },
          { FunctionName: 'twice-A', Description: 'm2m-auth: rotation of signing keys, by schedule and by hand' },
        ],
        NextMarker: 'next',
      };

const keys = (...words: readonly string[]) =>
  runM2m(['keys', ...words], {
    env: {
      DATA_DIR: folder,
      AWS_ENDPOINT_URL_LAMBDA: origin(),
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret',
    },
  });

describe('of the local service', () => {
  it('lists the keys as a table and as one document', async () => {
    const { stdout, code } = await keys('list');
    expect(code).toBe(0);
    expect(stdout).toMatch(/KID +ALG +STATE .*\nkid-1 +RS256 +active, signs +2026-11-21T00:00:00Z/);
    expect(stdout).toContain('No standby yet: RS256.');
    expect(JSON.parse((await keys('list', '--json')).stdout)).toEqual({ keys: [KEY], without_standby: ['RS256'] });
    expect(calls[0]).toMatchObject({
      method: 'POST',
      url: '/schedule/rotate-keys',
      authorization: 'Bearer the-token',
      body: { command: 'list' },
    });
  });

  it.each([
    [['rotate', '--yes'], { command: 'rotate', algorithm: 'RS256' }],
    [['rotate', '--algorithm', 'ES256', '--yes'], { command: 'rotate', algorithm: 'ES256' }],
    [['retire', '--yes', '--', '-kid'], { command: 'retire', kid: '-kid' }],
    [['revoke', 'kid-1', '--yes'], { command: 'revoke', kid: 'kid-1', force: false }],
    [['revoke', 'kid-1', '--force', '--yes'], { command: 'revoke', kid: 'kid-1', force: true }],
  ])('%j asks for it', async (words, command) => {
    expect(await keys(...words)).toMatchObject({ code: 0, stderr: '' });
    expect(calls.at(-1)?.body).toEqual(command);
  });

  it('says of a revocation whose rest AWS did not do that it is one, and what follows', async () => {
    answer = { body: { ...RING, unfinished: true } };
    expect(await keys('revoke', 'kid-1', '--yes')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/Revoked[\s\S]+at the next run/),
    });
    const { stdout } = await keys('revoke', 'kid-1', '--yes', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ unfinished: true });
  });

  it('changes nothing unasked', async () => {
    for (const words of [['rotate'], ['retire', 'kid-1'], ['revoke', 'kid-1']]) {
      const { code, stderr } = await keys(...words);
      expect([code, stderr]).toEqual([2, expect.stringContaining('--yes')]);
    }
    expect(calls.filter(({ body }) => body.command !== 'list')).toEqual([]);
  });

  it.each([
    ['key_unknown', undefined, 'There is no such key'],
    ['key_gone', undefined, 'out of use already'],
    ['algorithm_unknown', undefined, 'No token is signed with this algorithm'],
    ['run_under_way', undefined, 'running just now'],
    ['standby_not_ready', undefined, 'no other key that could sign'],
    ['standby_not_ready', '2026-11-21T02:10:00Z', 'before 2026-11-21T02:10:00Z'],
    ['no_room', '2026-11-21T02:10:00Z', 'room again at 2026-11-21T02:10:00Z'],
    ['no_room', undefined, 'at most 10 keys'],
    ['command_unknown', undefined, 'same version'],
  ])('says what %s means (%s)', async (reason, at, says) => {
    answer = { body: { ok: false, reason, ...(at === undefined ? {} : { at }) } };
    const { code, stdout, stderr } = await keys('retire', 'kid-1', '--yes');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(says);
  });

  it('says that the function failed, and that it can be said again', async () => {
    answer = { status: 502, body: { errorMessage: 'dynamodb:Query failed' } };
    const { code, stderr } = await keys('list');
    expect(code).toBe(1);
    expect(stderr).toContain('dynamodb:Query failed');
    expect(stderr).toContain('Say it again');
  });

  it('says where to start one that does not run', async () => {
    const { code, stderr } = await runM2m(['keys', 'list'], { env: { DATA_DIR: join(folder, 'none') } });
    expect([code, stderr]).toEqual([1, expect.stringContaining('npm start')]);
  });

  it('has several algorithms named', async () => {
    answer = { body: { ...RING, keys: [KEY, { ...KEY, kid: 'kid-2', alg: 'ES256' }] } };
    expect(await keys('rotate', '--yes')).toMatchObject({ code: 2, stderr: expect.stringContaining('RS256, ES256') });
  });
});

describe('of a deployed one', () => {
  it('finds the function of the stack and invokes it, signed', async () => {
    const { code, stdout } = await keys('list', '--stack', 'm2m-auth-service', '--json');
    expect([code, JSON.parse(stdout).keys]).toEqual([0, [KEY]]);
    expect(calls.at(-1)).toMatchObject({
      method: 'POST',
      url: '/2015-03-31/functions/m2m-auth-service-X/invocations',
      body: { command: 'list' },
      authorization: expect.stringContaining('/eu-west-1/lambda/aws4_request'),
    });
  });

  it('says that there is none', async () => {
    expect(await keys('list', '--stack', 'elsewhere')).toMatchObject({ code: 1, stderr: expect.stringContaining('no rotation function') });
  });

  it('asks none where several go by the name, and says which', async () => {
    const { code, stderr } = await keys('list', '--stack', 'twice');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/Several.+: twice-A, twice-B\./)]);
    expect(calls.filter(({ method }) => method === 'POST')).toEqual([]);
  });

  it('says what a role lacks, and what the function threw', async () => {
    answer = { status: 403, body: { Message: 'not authorized' } };
    expect((await keys('list', '--stack', 'm2m-auth-service')).stderr).toMatch(/not authorized[\s\S]+lambda:InvokeFunction/);
    answer = { headers: { 'x-amz-function-error': 'Unhandled' }, body: { errorMessage: 'kms:CreateKey failed' } };
    expect((await keys('list', '--stack', 'm2m-auth-service')).stderr).toContain('kms:CreateKey failed');
  });

  it('wants a stack beside a profile', async () => {
    expect(await keys('list', '--profile', 'ops')).toMatchObject({ code: 2, stderr: expect.stringContaining('--stack') });
  });
});
