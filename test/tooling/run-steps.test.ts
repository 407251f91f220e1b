import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runSteps } from '../../bin/check/run-steps.ts';
import { fastSteps } from '../../bin/check/steps.ts';

let out = '';
let err = '';
beforeEach(() => {
  [out, err] = ['', ''];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void (out += `${line}\n`));
  vi.spyOn(console, 'error').mockImplementation((line: string) => void (err += `${line}\n`));
});
afterEach(() => vi.restoreAllMocks());
const step = (name: string, script: string) => ({ name, command: [process.execPath, '-e', script] });

it('one line a step, and the output of the failed ones only', async () => {
  const steps = [step('fine', 'console.log("quiet")'), step('broken', 'console.log("seen"); console.error("seen too"); process.exit(3)')];
  expect(await runSteps(steps)).toBe(false);
  expect(out).toMatch(/^fine {4}ok {4} +\d+\.\d s$/m);
  expect(out).toMatch(/^broken {2}failed {2} *\d+\.\d s$/m);
  expect(err).toContain('seen\n');
  expect(err).toContain('seen too');
  expect(err).not.toContain('quiet');
});

it('succeeds when every step does, however many there are', async () => {
  expect(await runSteps(Array.from({ length: 7 }, (_, index) => step(`step ${index}`, '')))).toBe(true);
  expect(out.split('\n').filter((line) => line.includes('ok'))).toHaveLength(7);
});

it('a step killed by a signal, or whose program is missing, has failed', async () => {
  expect(await runSteps([step('killed', 'process.kill(process.pid, "SIGKILL")')])).toBe(false);
  expect(await runSteps([{ name: 'absent', command: ['m2m-auth-no-such-program'] }])).toBe(false);
  expect(err).toContain('npm ci');
});

it('the fast steps look at nothing but the types where no file changed', () => {
  expect(fastSteps([]).map(({ name }) => name)).toEqual(['types']);
  expect(fastSteps(['README.md']).map(({ name }) => name)).toEqual(['types', 'format']);
  expect(fastSteps(['src/result.ts']).map(({ name }) => name)).toEqual(['lint', 'types', 'format']);
});
