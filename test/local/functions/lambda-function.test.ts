import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createLambdaFunction, type LambdaFunction } from '../../../local/functions/lambda-function.ts';
import { overlaid } from '../../../local/functions/variables.ts';

const folders: string[] = [];
const running: LambdaFunction[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((lambda) => lambda.stop()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function functionOf(code: string, { environments = 1, timeoutMs = 5000 } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'm2m-function-'));
  folders.push(directory);
  writeFileSync(join(directory, 'index.js'), code);
  const output: string[] = [];
  const failures: string[] = [];
  const lambda = createLambdaFunction({
    spec: {
      name: 'stack-Fn',
      logicalId: 'Fn',
      arn: 'arn',
      directory,
      handler: 'index.handler',
      runtime: 'nodejs24.x',
      environment: {},
      timeoutMs,
      memoryMb: 128,
      roleArn: 'role',
    },
    variables: { ONLY: 'this' },
    environments,
    onOutput: (text) => output.push(text),
    onFailure: (text) => failures.push(text),
  });
  running.push(lambda);
  return { lambda, output, failures };
}
const invoke = (lambda: LambdaFunction, event: unknown = {}) => lambda.invoke(JSON.stringify(event));

describe('a function', () => {
  it('runs the bundle with its own environment variables and nothing of ours', async () => {
    const { lambda } = functionOf(
      'exports.handler = async (event, context) => ({ event, names: Object.keys(process.env), left: context.getRemainingTimeInMillis() > 1000 })',
    );
    expect(await invoke(lambda, { a: 1 })).toEqual({ ok: true, payload: { event: { a: 1 }, names: ['ONLY'], left: true } });
  });
  it('takes many requests at once', async () => {
    const { lambda } = functionOf(
      'let n = 0; exports.handler = async () => { n += 1; await new Promise((r) => setTimeout(r, 50)); return n }',
    );
    const results = await Promise.all(Array.from({ length: 200 }, () => invoke(lambda)));
    expect(results.every((result) => result.ok && result.payload === 200)).toBe(true);
  });
  it('writes its log lines before it is answered', async () => {
    const { lambda, output } = functionOf('exports.handler = async () => { console.log("one"); process.stdout.write("two\\n") }');
    expect(await invoke(lambda)).toEqual({ ok: true, payload: null });
    expect(output.join('')).toBe('one\ntwo\n');
  });
  it('fails a request that throws, and serves the next', async () => {
    const { lambda, failures } = functionOf('exports.handler = async (e) => { if (e.bad) throw new TypeError("no"); return 1 }');
    expect(await invoke(lambda, { bad: true })).toMatchObject({ ok: false, kind: 'thrown', errorType: 'TypeError', errorMessage: 'no' });
    expect(await invoke(lambda)).toEqual({ ok: true, payload: 1 });
    expect(failures).toEqual(['Fn: TypeError: no']);
  });
  it('does not report the Unauthorized by which an authorizer says 401', async () => {
    const { lambda, failures } = functionOf('exports.handler = async () => { throw new Error("Unauthorized") }');
    expect(await invoke(lambda)).toMatchObject({ ok: false, errorMessage: 'Unauthorized' });
    expect(failures).toEqual([]);
  });
  it('is replaced after a crash', async () => {
    const { lambda } = functionOf(
      'exports.handler = async (e) => { if (e.crash) process.exit(3); if (e.raise) setImmediate(() => { throw new Error("late") }); return e.raise ? new Promise(() => {}) : 1 }',
    );
    expect(await invoke(lambda, { crash: true })).toMatchObject({ ok: false, kind: 'crash' });
    expect(await invoke(lambda, { raise: true })).toMatchObject({ ok: false, kind: 'crash', errorMessage: 'late' });
    expect(await invoke(lambda)).toEqual({ ok: true, payload: 1 });
  });
  it('reports a bundle that does not load, to every caller', async () => {
    const { lambda } = functionOf('throw new Error("no environment")');
    expect(await Promise.all([invoke(lambda), invoke(lambda)])).toMatchObject([
      { kind: 'init', errorMessage: 'no environment' },
      { kind: 'init' },
    ]);
    expect(await invoke(lambda)).toMatchObject({ kind: 'init' });
  });
  it('ends a request after its timeout, also one that never gives way', async () => {
    const { lambda } = functionOf(
      'exports.handler = async (e) => { if (e.spin) for (;;); if (e.wait) await new Promise(() => {}); return 1 }',
      { timeoutMs: 500 },
    );
    expect(await invoke(lambda, { wait: true })).toMatchObject({
      ok: false,
      kind: 'timeout',
      errorMessage: 'Task timed out after 0.5 seconds',
    });
    expect(await invoke(lambda, { spin: true })).toMatchObject({ ok: false, kind: 'timeout' });
    await expect.poll(() => invoke(lambda)).toEqual({ ok: true, payload: 1 });
  });
  it('goes round its environments', async () => {
    const { lambda } = functionOf('const id = Math.random(); exports.handler = async () => id', { environments: 3 });
    const results = await Promise.all(Array.from({ length: 9 }, () => invoke(lambda)));
    expect(new Set(results.map((result) => result.ok && result.payload)).size).toBe(3);
  });
});

describe('knobs', () => {
  const template = { RATE_LIMIT_PER_MINUTE: '60', RATE_LIMIT_BURST: '20', TABLE_NAME: 't' };
  it.each([
    ['change only what the function has', { REFRESH_GRACE_SECONDS: '1' }, template],
    ['take the burst along with its limit', { RATE_LIMIT_PER_MINUTE: '5' }, { RATE_LIMIT_PER_MINUTE: '5', TABLE_NAME: 't' }],
    [
      'may give both',
      { RATE_LIMIT_PER_MINUTE: '5', RATE_LIMIT_BURST: '1' },
      { ...template, RATE_LIMIT_PER_MINUTE: '5', RATE_LIMIT_BURST: '1' },
    ],
    ['may give the burst alone', { RATE_LIMIT_BURST: '1' }, { ...template, RATE_LIMIT_BURST: '1' }],
    ['are not judged here', { RATE_LIMIT_PER_MINUTE: 'x' }, { RATE_LIMIT_PER_MINUTE: 'x', TABLE_NAME: 't' }],
  ])('%s', (_, knobs, expected) => {
    expect(overlaid(template, knobs as Record<string, string>)).toEqual(expected);
  });
  it('leave a function without a limit alone', () => {
    expect(overlaid({ ISSUER: 'i' }, { RATE_LIMIT_PER_MINUTE: '5', RATE_LIMIT_BURST: '1' })).toEqual({ ISSUER: 'i' });
  });
});
