// The scheduled function as Lambda calls it: its report, what it fails for, and that it names what is missing.
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { ScheduledContext } from '../../functions/scheduled.ts';
import { startEngine, type Engine } from '../storage/engine.ts';
import { captureLog, type CapturedLog } from '../telemetry/captured-log.ts';

let engine: Engine;
let log: CapturedLog;
beforeAll(async () => {
  engine = await startEngine();
  log = captureLog();
});
beforeEach(() => {
  vi.resetModules();
  log.clear();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  log.release();
  await engine.close();
});

const context = (remainingMs = 300_000): ScheduledContext => ({ awsRequestId: 'run-1', getRemainingTimeInMillis: () => remainingMs });
const run = async (remainingMs?: number) => (await import('../../functions/upkeep/handler.ts')).handler({}, context(remainingMs));

it('answers and logs its report', async () => {
  vi.stubEnv('TABLE_NAME', engine.table);
  expect(await run()).toEqual({ clients: 0, failed: 0, done: true });
  expect(log.lines()).toContainEqual(
    expect.objectContaining({ level: 'INFO', trace_id: 'run-1', detail: { clients: 0, failed: 0, done: true } }),
  );
});

it('begins no page in its last minute', async () => {
  vi.stubEnv('TABLE_NAME', engine.table);
  expect(await run(60_000)).toMatchObject({ done: false });
});

it('fails where a client could not be looked after', async () => {
  vi.stubEnv('TABLE_NAME', engine.table);
  await engine.put({ PK: 'CLIENT#broken', SK: 'CLIENT', listing: 'CLIENTS', status: 'active' });
  await expect(run()).rejects.toThrow('1 clients could not be looked after');
});

it('without its environment fails every call, and its log names the variable', async () => {
  vi.stubEnv('TABLE_NAME', '');
  await expect(run()).rejects.toThrow('upkeep refuses to start');
  expect(log.lines()).toContainEqual(expect.objectContaining({ level: 'FATAL', endpoint: 'upkeep', variable: 'TABLE_NAME' }));
});
