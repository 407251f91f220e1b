import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { explanationOf, REASONS } from '../../bin/m2m/reasons.ts';
import { COMMANDS } from '../../bin/m2m/commands.ts';
import { startFakeCloudWatch, type FakeCloudWatch } from './fake-cloudwatch.ts';
import { runM2m } from './run-m2m.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const OTHER = '00000000000000000000000000000001';
let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'm2m-auth-explain-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const explain = (args: readonly string[], env: Record<string, string> = {}) =>
  runM2m(['explain', ...args], { env: { DATA_DIR: folder, ...env } });
const write = (file: string, ...lines: object[]) =>
  writeFileSync(join(folder, file), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));

const line = (more: object = {}) => ({
  timestamp: '2026-11-20T12:00:00.000Z', level: 'INFO', message: 'refused', endpoint: 'authorizer', status: 401, reason: 'audience_wrong',
  detail: { expectedAudience: 'https://orders.example', receivedAudience: 'https://billing.example' }, client_id: 'billing', trace_id: TRACE, ...more,
}); // prettier-ignore
const event = (more: object = {}) => ({
  event_id: 'e1', event_type: 'token_invalid', outcome: 'failure', client_id: 'billing', sid: '', jti: 'j1', amr: '', ip: '192.0.2.1',
  user_agent: 'curl\u001b[2J', reason: 'audience_wrong', trace_id: TRACE, timestamp: '2026-11-20T12:00:00.001Z', ...more,
}); // prettier-ignore

describe('locally', () => {
  it('says who was refused, what was expected and received, and what to do next', async () => {
    write('logs.jsonl', line({ trace_id: OTHER, reason: 'token_revoked' }), line(), { level: 'INFO', message: 'audit', audit: event() });
    write('audit.jsonl', event());
    const { code, stdout, stderr } = await explain([TRACE]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('REFUSED  2026-11-20T12:00:00.000Z  authorizer  HTTP 401\nThe token is for another API.\n');
    expect(stdout).toMatch(/^ {2}expected audience +https:\/\/orders\.example$/m);
    expect(stdout).toMatch(/^ {2}received audience +https:\/\/billing\.example$/m);
    expect(stdout).toMatch(/^ {2}from +192\.0\.2\.1$/m);
    expect(stdout).toContain('Next: Let the caller ask with resource=<expected audience>');
    expect(stdout).not.toMatch(/\u001b|token was revoked/);
    expect(stdout.match(/REFUSED/g)).toHaveLength(1);
  });

  it('gives seconds and times as such, and of a bearer token the fault', async () => {
    const detail = { fault: 'token_expired', expiredAt: 1_790_000_000, secondsAgo: 7 };
    write('logs.jsonl', line({ endpoint: 'clients', reason: 'bearer_invalid', detail }));
    const { stdout } = await explain([TRACE]);
    expect(stdout).toContain('The token has expired.');
    expect(stdout).toMatch(/^ {2}seconds ago +7 s$/m);
    expect(stdout).toMatch(/^ {2}expired at +2026-09-21T14:13:20Z$/m);
  });

  it('tells all requests of one trace, in order, also those that went well, and looks into the file that was put aside', async () => {
    write('logs.1.jsonl', line({ timestamp: '2026-11-20T11:00:00.000Z', reason: 'token_expired', detail: {} }));
    write(
      'audit.jsonl',
      event({ event_id: 'e2', event_type: 'login_success', outcome: 'success', reason: '', timestamp: '2026-11-20T11:30:00.000Z' }),
    );
    write('logs.jsonl', line(), {
      ...line(),
      level: 'ERROR',
      message: 'outage',
      reason: undefined,
      dependency: 'kms:Sign',
      timestamp: '2026-11-20T13:00:00.000Z',
    });
    const { stdout } = await explain([TRACE, '--json']);
    const { trace_id, steps } = JSON.parse(stdout);
    expect(trace_id).toBe(TRACE);
    expect(steps.map(({ outcome, reason, event: type }: any) => [outcome, reason ?? type])).toEqual([
      ['refused', 'token_expired'],
      ['done', 'login_success'],
      ['refused', 'audience_wrong'],
      ['outage', undefined],
    ]);
    expect(steps[2]).toMatchObject({
      detail: { expectedAudience: 'https://orders.example' },
      wrong: expect.any(String),
      next: expect.any(String),
    });
    expect(steps[3]).toMatchObject({ detail: { dependency: 'kms:Sign' } });
  });

  it('a reason of another version is shown without words, and a broken line is passed over', async () => {
    write('logs.jsonl', line({ reason: 'reason_of_tomorrow', detail: {} }));
    appendFileSync(join(folder, 'logs.jsonl'), `{"trace_id":"${TRACE}","mess`);
    expect((await explain([TRACE])).stdout).toMatch(/^ {2}reason +reason_of_tomorrow$/m);
  });

  it.each([
    [['xyz'], 2, 'A trace id is 32 hexadecimal digits.'],
    [[], 2, '<trace_id> is missing.'],
    [[TRACE], 1, `Nothing is known of ${TRACE} here.`],
    [[TRACE, '--issuer', 'https://auth.example.com'], 2, 'explain reads logs'],
  ])('refuses %j', async (args, code, message) => {
    write('logs.jsonl', line({ trace_id: OTHER }));
    expect(await explain(args)).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) });
  });
});

describe('of a deployed service', () => {
  let logs: FakeCloudWatch;
  beforeEach(async () => void (logs = await startFakeCloudWatch()));
  afterEach(() => logs.close());
  const aws = () => ({
    AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logs.url, AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'ASIASHELL', AWS_SECRET_ACCESS_KEY: 's', AWS_SESSION_TOKEN: 't',
  }); // prettier-ignore

  it('looks through the log groups of the stack and those named, with the AWS credentials of the shell', async () => {
    logs.groups.set('m2m-auth-service-TokenLogs1', [JSON.stringify(line()), '{"_aws":{}}', 'REPORT']);
    logs.groups.set('/aws/events/m2m-auth-service-Trail/1', [JSON.stringify({ 'detail-type': 'token_invalid', detail: event() })]);
    logs.groups.set('other-stack-Logs', [JSON.stringify(line({ reason: 'token_revoked' }))]);
    logs.groups.set('/aws/lambda/orders', [JSON.stringify(line({ reason: 'token_expired', timestamp: '2026-11-20T12:30:00.000Z' }))]);
    const { code, stdout } = await explain([TRACE, '--stack', 'm2m-auth-service', '--log-group', '/aws/lambda/orders', '--json'], aws());
    expect(code).toBe(0);
    expect(JSON.parse(stdout).steps.map(({ reason, ip }: any) => [reason, ip])).toEqual([
      ['audience_wrong', '192.0.2.1'],
      ['token_expired', undefined],
    ]);
    expect(logs.asked[0]?.headers.authorization).toMatch(/Credential=ASIASHELL\/\d{8}\/eu-west-1\/logs\/aws4_request/);
    const searches = logs.asked.filter(({ operation }) => operation === 'FilterLogEvents').map(({ input }) => input);
    expect(new Set(searches.map(({ filterPattern }) => filterPattern))).toEqual(new Set([`"${TRACE}"`]));
    expect(searches[0].startTime).toBeGreaterThan(Date.now() - 25 * 3600_000);
  });

  it('says which permission is missing, and that there is no such stack', async () => {
    logs.refusal = { status: 400, body: { __type: 'com.amazon#AccessDeniedException', message: 'no' } };
    expect((await explain([TRACE, '--stack', 'x'], aws())).stderr).toContain('Your role needs logs:DescribeLogGroups');
    logs.refusal = undefined;
    expect((await explain([TRACE, '--stack', 'x'], aws())).stderr).toContain('There are no log groups of a stack "x" in eu-west-1.');
  });

  it('audit shows its events, each once', async () => {
    const [one, two] = [
      event({ timestamp: new Date().toISOString() }),
      event({ event_id: 'e2', client_id: 'x', timestamp: new Date().toISOString() }),
    ];
    logs.groups.set('m2m-auth-service-TokenLogs1', [JSON.stringify({ message: 'audit', level: 'INFO', audit: one })]);
    logs.groups.set('/aws/events/m2m-auth-service-Trail/1', [JSON.stringify({ detail: one }), JSON.stringify({ detail: two })]);
    const audit = (...args: string[]) => runM2m(['audit', '--stack', 'm2m-auth-service', '--json', ...args], { env: aws() });
    expect(JSON.parse((await audit()).stdout)).toEqual([one, two]);
    expect(JSON.parse((await audit('--client', 'x')).stdout)).toEqual([two]);
    expect(await runM2m(['audit', '--stack', 'x', '--follow'], { env: aws() })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('aws logs tail'),
    });
  });
});

describe('the words', () => {
  it('are sentences, with commands that there are', () => {
    const names = new Set(COMMANDS.map(({ name }) => name.split(' ')[0]));
    for (const { wrong, next } of Object.values(REASONS)) {
      expect(wrong).toMatch(/\.$/);
      for (const [, word] of next.matchAll(/"([a-z-]+) (?:[a-z-]+ )?(?:ID|--)/g)) expect([...names]).toContain(word);
    }
  });
  it('of a fault that is none are those of the reason', () => {
    expect(explanationOf('bearer_invalid', 'nonsense')).toBe(REASONS.bearer_invalid);
    expect(explanationOf('constructor')).toBeUndefined();
  });
});
