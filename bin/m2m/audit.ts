// The audit events: of the local service from DATA_DIR/audit.jsonl, of a deployed one from its log groups (docs/audit.md).
import { createReadStream, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { usageError } from './arguments.ts';
import { DEPLOYED_OPTIONS, deployedLogs, isDeployed } from './cloudwatch.ts';
import { CommandError, TOOL, type Answer, type Arguments, type Command } from './command.ts';
import { sinceMs } from './duration.ts';
import { recordOf } from './log-record.ts';
import { nearest } from './nearest.ts';
import { dataFolder } from './service.ts';
import { printable, table, terminalWidth, type Column } from './table.ts';
import { AUDIT_EVENT_TYPES, type AuditEvent } from '../../src/audit/event.ts';

const SHOWN_DEFAULT = 20;
const POLL_MS = 250;
/** Log groups are searched from their oldest line on, so a deployed service is not asked for everything by default. */
const DEPLOYED_SINCE_DEFAULT = '1h';

export const audit: Command = {
  name: 'audit',
  summary: 'Show who got what, and what was refused',
  operands: [],
  options: {
    client: { value: 'ID', help: 'Events of this client' },
    type: { value: 'TYPE', repeatable: true, help: 'Events of this type' },
    outcome: { value: 'success|failure', help: 'Events with this outcome' },
    since: { value: 'TIME', help: 'A duration such as 10m, 2h, 7d, or a time such as 2027-01-31T12:00:00Z (with --stack default 1h)' },
    until: { value: 'TIME', help: 'The same, for the last event' },
    lines: { value: 'N', short: 'n', help: `The last N events (default ${SHOWN_DEFAULT}; with --since all)` },
    follow: { short: 'f', help: 'Go on with what happens from now, until Ctrl-C' },
    ...DEPLOYED_OPTIONS,
  },
  notes: [`Types: ${AUDIT_EVENT_TYPES.join(', ')}.`, 'Why one request was refused: "explain" with its trace_id, which --json shows.'],
  examples: [
    '',
    '--client demo-service --since 1h',
    '--outcome failure --since 2d --until 1d --json',
    '--type login_failure --type rate_limit_exceeded --follow',
    '--client billing --since 1d --stack m2m-auth-service --profile operations',
  ],
  run: async (call) => {
    const wanted = filterFrom(call);
    const limit = limitFrom(call);
    refuseContradictions(call);
    if (isDeployed(call)) {
      const from = sinceMs(call.text('since') ?? DEPLOYED_SINCE_DEFAULT, Date.now());
      return asAnswer((await deployedEvents(call, call.text('client') ?? 'event_type', from)).filter(wanted).slice(-limit));
    }
    const path = auditFile();
    const seen = new Set<string>();
    const { events, end } = await readFrom(path, 0, seen);
    const shown = events.filter(wanted).slice(-limit);
    if (call.flag('follow')) return await follow(path, end, seen, wanted, shown);
    return asAnswer(shown);
  },
};

const NONE = `No events. Cause one: ${TOOL} token`;

function filterFrom(call: Arguments): (event: AuditEvent) => boolean {
  const client = call.text('client');
  const types = call.list('type');
  for (const type of types ?? []) refuseUnknown(type);
  const outcome = outcomeFrom(call);
  const [from, until] = ['since', 'until'].map((option) => timeFrom(call, option));
  return (event) =>
    (client === undefined || event.client_id === client) &&
    (types === undefined || types.includes(event.event_type)) &&
    (outcome === undefined || event.outcome === outcome) &&
    (from === undefined || Date.parse(event.timestamp) >= from) &&
    (until === undefined || Date.parse(event.timestamp) <= until);
}

function outcomeFrom(call: Arguments): string | undefined {
  const outcome = call.text('outcome');
  if (outcome === undefined || outcome === 'success' || outcome === 'failure') return outcome;
  throw usageError(audit, '--outcome is success or failure.');
}

function timeFrom(call: Arguments, option: string): number | undefined {
  const text = call.text(option);
  return text === undefined ? undefined : sinceMs(text, Date.now(), option);
}

/** Issued tokens and refusals from the functions' lines, changes of state from the log group of the bus; each once, in order. */
export async function deployedEvents(call: Arguments, phrase: string, from: number): Promise<readonly AuditEvent[]> {
  const lines = await (await deployedLogs(call)).find(phrase, from);
  const events = new Map<string, AuditEvent>();
  for (const { message } of lines) {
    const record = recordOf(message);
    if (record?.kind === 'event') events.set(record.event.event_id, record.event);
  }
  return [...events.values()].toSorted((one, other) => (one.timestamp < other.timestamp ? -1 : 1));
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

function refuseContradictions(call: Arguments): void {
  if (call.text('issuer') !== undefined)
    throw usageError(audit, 'audit reads logs: name those of a deployed service by --stack instead of --issuer.');
  if (call.flag('follow') && isDeployed(call))
    throw new CommandError('--follow is for the local service.', 'Of a deployed one: aws logs tail --follow <log group>', 2);
  if (call.flag('follow') && call.flag('json'))
    throw new CommandError(
      '--json prints one document, and --follow never ends.',
      `Leave out one of them, or: tail -f ${join(dataFolder(), 'audit.jsonl')}`,
      2,
    );
}

/** Of the local service, each once. */
export const localEvents = async (): Promise<readonly AuditEvent[]> => (await readFrom(auditFile(), 0, new Set())).events;

function auditFile(): string {
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

const asAnswer = (shown: readonly AuditEvent[]): Answer => ({ document: shown, text: shown.length === 0 ? NONE : asTable(shown) });

const asTable = (events: readonly AuditEvent[]): string => table(COLUMNS, events, terminalWidth());

/** The same columns at fixed widths, since what comes later is not known. */
const asLine = ({ timestamp, event_type: type, client_id: client, reason, ip }: AuditEvent): string =>
  [timestamp.replace(/[.]\d+Z$/, 'Z'), type.padEnd(21), client.padEnd(26), reason.padEnd(20), ip].map(printable).join('  ').trimEnd();
