// The audit events of the local service: one JSON object a line in DATA_DIR/audit.jsonl (docs/audit.md).
import { createReadStream, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { usageError } from './arguments.ts';
import { CommandError, TOOL, type Arguments, type Command } from './command.ts';
import { sinceMs } from './duration.ts';
import { nearest } from './nearest.ts';
import { dataFolder } from './service.ts';
import { printable, table, type Column } from './table.ts';
import { AUDIT_EVENT_TYPES, type AuditEvent } from '../../src/audit/event.ts';

const SHOWN_DEFAULT = 20;
const POLL_MS = 250;

export const audit: Command = {
  name: 'audit',
  summary: 'Show who got what, and what was refused',
  operands: [],
  options: {
    client: { value: 'ID', help: 'Events of this client' },
    type: { value: 'TYPE', repeatable: true, help: 'Events of this type' },
    since: { value: 'TIME', help: 'A duration such as 10m, 2h, 7d, or a time such as 2027-01-31T12:00:00Z' },
    lines: { value: 'N', short: 'n', help: `The last N events (default ${SHOWN_DEFAULT}; with --since all)` },
    follow: { short: 'f', help: 'Go on with what happens from now, until Ctrl-C' },
  },
  notes: [`Types: ${AUDIT_EVENT_TYPES.join(', ')}.`],
  examples: ['', '--client demo-service --since 1h', '--type login_failure --type rate_limit_exceeded --follow'],
  run: async (call) => {
    const wanted = filterFrom(call);
    const limit = limitFrom(call);
    const path = auditFile(call);
    const seen = new Set<string>();
    const { events, end } = await readFrom(path, 0, seen);
    const shown = events.filter(wanted).slice(-limit);
    if (call.flag('follow')) return await follow(path, end, seen, wanted, shown);
    return { document: shown, text: shown.length === 0 ? NONE : asTable(shown) };
  },
};

const NONE = `No events. Cause one: ${TOOL} token`;

function filterFrom(call: Arguments): (event: AuditEvent) => boolean {
  const client = call.text('client');
  const types = call.list('type');
  for (const type of types ?? []) refuseUnknown(type);
  const since = call.text('since');
  const from = since === undefined ? undefined : sinceMs(since, Date.now());
  return (event) =>
    (client === undefined || event.client_id === client) &&
    (types === undefined || types.includes(event.event_type)) &&
    (from === undefined || Date.parse(event.timestamp) >= from);
}

function refuseUnknown(type: string): void {
  if ((AUDIT_EVENT_TYPES as readonly string[]).includes(type)) return;
  const suggestion = nearest(type, AUDIT_EVENT_TYPES);
  throw usageError(
    audit,
    `There is no event type ${JSON.stringify(type)}.${suggestion === undefined ? '' : ` Did you mean ${suggestion}?`}`,
  );
}

function limitFrom(call: Arguments): number {
  const text = call.text('lines');
  if (text === undefined) return call.text('since') === undefined ? SHOWN_DEFAULT : Number.POSITIVE_INFINITY;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw usageError(audit, `-n must be a whole number from 1, not ${JSON.stringify(text)}.`);
  return Number(text);
}

function auditFile(call: Arguments): string {
  if (call.text('issuer') !== undefined)
    throw new CommandError(
      'audit reads the local service only.',
      'In AWS the events are in the audit log group and on the event bus (docs/audit.md).',
      2,
    );
  if (call.flag('follow') && call.flag('json'))
    throw new CommandError(
      '--json prints one document, and --follow never ends.',
      `Leave out one of them, or: tail -f ${join(dataFolder(), 'audit.jsonl')}`,
      2,
    );
  if (existsSync(dataFolder())) return join(dataFolder(), 'audit.jsonl');
  throw new CommandError(
    `There is no local service here: ${dataFolder()} does not exist.`,
    'Start one with "npm start", or set DATA_DIR as it has it.',
  );
}

/** Events from byte `start` on, each once (their delivery is at least once), and the byte after the last whole line. */
async function readFrom(path: string, start: number, seen: Set<string>): Promise<{ events: AuditEvent[]; end: number }> {
  const events: AuditEvent[] = [];
  let end = start;
  if (!existsSync(path)) return { events, end };
  const size = statSync(path).size;
  if (size <= start) return { events, end };
  for await (const line of createInterface({ input: createReadStream(path, { start, end: size - 1 }), crlfDelay: Infinity })) {
    const bytes = Buffer.byteLength(line) + 1;
    if (end + bytes > size) break; // the rest of this line is still being written
    end += bytes;
    const event = eventOf(line);
    if (event === undefined || seen.has(event.event_id)) continue;
    seen.add(event.event_id);
    events.push(event);
  }
  return { events, end };
}

/** Undefined for a line that was cut off when the service was killed. */
function eventOf(line: string): AuditEvent | undefined {
  try {
    const value = JSON.parse(line) as Partial<AuditEvent> | null;
    return typeof value?.event_id === 'string' && typeof value.event_type === 'string' ? (value as AuditEvent) : undefined;
  } catch {
    return undefined;
  }
}

async function follow(
  path: string,
  start: number,
  seen: Set<string>,
  wanted: (event: AuditEvent) => boolean,
  shown: readonly AuditEvent[],
): Promise<never> {
  for (const event of shown) console.log(asLine(event));
  let end = start;
  for (;;) {
    await sleep(POLL_MS);
    const more = await readFrom(path, end, seen);
    for (const event of more.events.filter(wanted)) console.log(asLine(event));
    end = more.end;
  }
}

const COLUMNS: readonly Column<AuditEvent>[] = [
  { title: 'TIME', cell: ({ timestamp }) => timestamp.replace(/[.]\d+Z$/, 'Z') },
  { title: 'EVENT', cell: ({ event_type: type }) => type },
  { title: 'CLIENT', cell: ({ client_id: client }) => client, shrinks: true },
  { title: 'REASON', cell: ({ reason }) => reason, shrinks: true },
  { title: 'FROM', cell: ({ ip }) => ip, shrinks: true },
];

const asTable = (events: readonly AuditEvent[]): string =>
  table(COLUMNS, events, process.stdout.isTTY ? Math.max(process.stdout.columns, 80) : Number.POSITIVE_INFINITY);

/** The same columns at fixed widths, since what comes later is not known. */
const asLine = ({ timestamp, event_type: type, client_id: client, reason, ip }: AuditEvent): string =>
  [timestamp.replace(/[.]\d+Z$/, 'Z'), type.padEnd(21), client.padEnd(26), reason.padEnd(20), ip].map(printable).join('  ').trimEnd();
