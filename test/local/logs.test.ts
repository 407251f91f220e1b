import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openLogs, type Logs } from '../../local/logs.ts';

let folder: string;
let logs: Logs;
let stderr: string[];
const lines = (name: string): unknown[] =>
  readFileSync(join(folder, name), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown);
const open = () => (logs = openLogs(folder, (line) => stderr.push(line)));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'm2m-logs-'));
  stderr = [];
  open();
});
afterEach(() => {
  logs.close();
  rmSync(folder, { recursive: true, force: true });
});

it('keeps every line of a function, wrapping what is not JSON', () => {
  logs.output('{"level":"INFO","message":"a"}\nplain\n');
  expect(lines('logs.jsonl')).toEqual([
    { level: 'INFO', message: 'a' },
    { timestamp: expect.any(String) as string, level: 'INFO', message: 'plain' },
  ]);
  expect(stderr).toEqual([]);
});
it('shows errors and fatal lines on standard error too', () => {
  logs.output('{"level":"FATAL","message":"f"}\n{"level":"ERROR","message":"e"}\n{"level":"WARN","message":"w"}\n');
  expect(stderr.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(['f', 'e']);
});
it('puts audit events into the trail once, whichever way and however often they come', () => {
  const event = { event_id: '1', event_type: 'login_failure' };
  logs.output(`${JSON.stringify({ level: 'INFO', message: 'audit', audit: event })}\n`);
  logs.audit(event);
  logs.close();
  open();
  logs.audit(event);
  logs.audit({ event_id: '2' });
  expect(lines('audit.jsonl')).toEqual([event, { event_id: '2' }]);
});
it('goes on after a line that a crash cut off', () => {
  appendFileSync(join(folder, 'audit.jsonl'), '{"event_id":"1"}\n{"event_i');
  logs.close();
  open();
  logs.audit({ event_id: '1' });
  logs.audit({ event_id: '2' });
  expect(readFileSync(join(folder, 'audit.jsonl'), 'utf8')).toBe('{"event_id":"1"}\n{"event_i\n{"event_id":"2"}\n');
});
it('begins a new log file at the start when the old one has grown large; the trail is never cut', () => {
  logs.close();
  writeFileSync(join(folder, 'logs.jsonl'), Buffer.alloc(21 * 1024 * 1024));
  open();
  expect(statSync(join(folder, 'logs.jsonl')).size).toBe(0);
  expect(statSync(join(folder, 'logs.1.jsonl')).size).toBe(21 * 1024 * 1024);
});
