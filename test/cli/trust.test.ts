import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFakeService, type FakeService } from './fake-service.ts';
import { runM2m, type Setting } from './run-m2m.ts';

let service: FakeService;
beforeEach(async () => {
  service = await startFakeService();
});
afterEach(() => service.close());
const m2m = (args: readonly string[], setting: Setting = {}) => runM2m(args, { ...setting, env: { DATA_DIR: service.folder } });
const asked = () => service.asked.filter(({ path }) => path.startsWith('/trust-rules'));
const GITHUB = 'https://token.actions.githubusercontent.com';

describe('trust add', () => {
  it('sends conditions as they are typed, and what else was given', async () => {
    const where = ['--where', 'repository_id=1', '--where', 'ref=a', '--where', 'ref=b', '--where', 'n:=7', '--where', '["x.y","z"]=a=b'];
    const more = [
      '--prefix',
      'sub=repo:o@1/',
      '--kind',
      'github',
      '--scope',
      'a b',
      '--maximum-age',
      '10m',
      '--maximum-lifetime',
      '5m',
      '--reusable',
    ];
    const { code, stdout } = await m2m(['trust', 'add', 'cl_1', GITHUB, ...where, ...more, '--json']);
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { id: 'r_1' }]);
    expect(asked()).toMatchObject([{ method: 'POST', path: '/trust-rules' }]);
    expect(asked()[0]?.json).toEqual({
      client_id: 'cl_1',
      issuer: GITHUB,
      conditions: [
        { claim: 'repository_id', equals: '1' },
        { claim: 'ref', one_of: ['a', 'b'] },
        { claim: 'n', equals: 7 },
        { claim: ['x.y', 'z'], equals: 'a=b' },
        { claim: 'sub', prefix: 'repo:o@1/' },
      ],
      kind: 'github',
      scope: 'a b',
      maximum_age: 600,
      maximum_lifetime: 300,
      single_use: false,
    });
  });
  it('leaves out what was not given, and prints what the service notes', async () => {
    const { stdout } = await m2m(['trust', 'add', 'cl_1', GITHUB, '--where', 'repository_id=1']);
    expect(asked()[0]?.json).toEqual({ client_id: 'cl_1', issuer: GITHUB, conditions: [{ claim: 'repository_id', equals: '1' }] });
    expect(stdout).toContain('Note: audience is wide.');
  });
  it.each([
    ['--where', 'repository_id'],
    ['--where', '=1'],
    ['--where', 'n:=seven'],
    ['--where', '[a]=1'],
    ['--prefix', 'sub'],
    ['--single-use', '--reusable'],
    ['--maximum-age', 'soon'],
  ])('refuses %s %s', async (...options) => {
    expect(await m2m(['trust', 'add', 'cl_1', GITHUB, ...options])).toMatchObject({ code: 2, stdout: '' });
    expect(asked()).toEqual([]);
  });
});

it('trust list and show cannot steer the terminal', async () => {
  for (const command of [['list'], ['show', 'r_1']]) {
    const { code, stdout } = await m2m(['trust', ...command]);
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/\u001b/);
    expect(stdout).toContain('a.b › c');
  }
});

it('trust remove asks first, and goes with --yes', async () => {
  expect(await m2m(['trust', 'remove', 'r_1'])).toMatchObject({ code: 2 });
  expect(asked()).toEqual([]);
  expect(await m2m(['trust', 'remove', 'r_1', '--yes'])).toMatchObject({ code: 0 });
  expect(asked()).toMatchObject([{ method: 'DELETE', path: '/trust-rules/r_1' }]);
});

it('trust test reads the token from standard input, and ends with 1 where nothing takes it', async () => {
  const taken = await m2m(['trust', 'test', '-'], { input: 'a.b.c\n' });
  expect([taken.code, taken.stdout]).toEqual([0, expect.stringMatching(/^Accepted as cl_1, by r_1\./)]);
  expect(asked()).toMatchObject([{ path: '/trust-rules/test', json: { token: 'a.b.c' } }]);
  const mismatches = [{ check: 'aud', expected: '"a" alone', found: '"b"' }];
  const body = {
    issuer: 'https://i.example',
    subject: '"x"',
    accepted: false,
    reason: 'no_rule_matches',
    rules: [{ id: 'r_1', client_id: 'cl_1', mismatches }],
  };
  service.answers.set('POST /trust-rules/test', { body });
  const refused = await m2m(['trust', 'test', '-'], { input: 'a.b.c' });
  expect([refused.code, refused.stdout]).toEqual([
    1,
    expect.stringContaining('does not  r_1 (cl_1)\n  aud: expected "a" alone, found "b"'),
  ]);
});

it('trust lint looks at every rule, or at one in a file, and ends with 1 for one that would be refused', async () => {
  expect(await m2m(['trust', 'lint'])).toMatchObject({ code: 0, stdout: 'Nothing to say.\n' });
  const bad = { id: 'r_2', client_id: 'cl_1', issuer: GITHUB, conditions: [{ claim: 'repository', equals: 'a/b' }] };
  service.answers.set('GET /trust-rules', { body: { items: [bad], next: null } });
  const found = await m2m(['trust', 'lint']);
  expect([found.code, found.stdout]).toEqual([1, expect.stringMatching(/^r_2: conditions could be met by strangers/)]);
  const file = join(service.folder, 'rule.json');
  writeFileSync(file, JSON.stringify({ client_id: 'cl_1', issuer: GITHUB, conditions: [{ claim: 'repository_id', equals: '1' }] }));
  const { code, stdout } = await m2m(['trust', 'lint', file, '--json']);
  expect([code, JSON.parse(stdout)]).toMatchObject([0, { items: [{ refusals: [], warnings: [{ field: 'conditions' }] }] }]);
  writeFileSync(file, '[]');
  expect(await m2m(['trust', 'lint', file])).toMatchObject({ code: 2 });
});
