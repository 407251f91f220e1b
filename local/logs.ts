// The functions' standard output in `logs.jsonl`, the audit trail in `audit.jsonl`: one JSON object a line, written at once.
import { closeSync, existsSync, fstatSync, openSync, readSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export type Logs = {
  /** Whatever a function wrote to standard output. */
  output(text: string): void;
  /** An audit event, from a log line or the table's stream; repeats by `event_id` are dropped. */
  audit(event: Readonly<Record<string, unknown>>): void;
  /** A message of the local run itself: to standard error and to the log. */
  problem(text: string): void;
  close(): void;
};

const LOG_MAX_BYTES = 20 * 1024 * 1024;
/** How much of the trail's end is read at the start to recognise repeats. */
const REMEMBERED_BYTES = 4 * 1024 * 1024;
const REMEMBERED_IDS = 50_000;

export function openLogs(dataDir: string, stderr: (line: string) => void): Logs {
  const logFile = join(dataDir, 'logs.jsonl');
  if (existsSync(logFile) && statSync(logFile).size > LOG_MAX_BYTES) renameSync(logFile, join(dataDir, 'logs.1.jsonl'));
  const log = openSync(logFile, 'a', 0o600);
  const trail = openSync(join(dataDir, 'audit.jsonl'), 'a+', 0o600);
  const seen = new Set(idsAtEndOf(trail));

  const audit = (event: Readonly<Record<string, unknown>>): void => {
    const id = event['event_id'];
    if (typeof id === 'string') {
      if (seen.has(id)) return;
      seen.add(id);
      if (seen.size > REMEMBERED_IDS) for (const oldest of seen.values()) if (seen.delete(oldest)) break;
    }
    writeSync(trail, `${JSON.stringify(event)}\n`);
  };
  const line = (text: string): void => {
    const record = parsed(text);
    if (!record) {
      writeSync(log, `${JSON.stringify({ timestamp: new Date().toISOString(), level: 'INFO', message: text })}\n`);
      return;
    }
    writeSync(log, `${text}\n`);
    const event = record['audit'];
    if (typeof event === 'object' && event !== null) audit(event as Readonly<Record<string, unknown>>);
    if (record['level'] === 'FATAL' || record['level'] === 'ERROR') stderr(text);
  };

  return {
    output(text) {
      for (const part of text.split('\n')) if (part !== '') line(part);
    },
    audit,
    problem(text) {
      line(JSON.stringify({ timestamp: new Date().toISOString(), level: 'ERROR', message: text }));
    },
    close() {
      closeSync(log);
      closeSync(trail);
    },
  };
}

/** Ids of the latest events; ends a last line that a crash cut off, so that the next one stands alone. */
function idsAtEndOf(trail: number): readonly string[] {
  const { size } = fstatSync(trail);
  const start = Math.max(0, size - REMEMBERED_BYTES);
  const buffer = Buffer.alloc(size - start);
  readSync(trail, buffer, 0, buffer.length, start);
  const text = buffer.toString('utf8');
  if (text !== '' && !text.endsWith('\n')) writeSync(trail, '\n');
  return text.split('\n').flatMap((entry) => {
    const id = parsed(entry)?.['event_id'];
    return typeof id === 'string' ? [id] : [];
  });
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}
