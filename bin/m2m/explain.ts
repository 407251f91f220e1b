// What became of one request, by the trace id of its answer: the wire says only the RFC error, the log says why.
import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { usageError } from './arguments.ts';
import { DEPLOYED_OPTIONS, deployedLogs, isDeployed } from './cloudwatch.ts';
import { CommandError, type Arguments, type Command } from './command.ts';
import { sinceMs } from './duration.ts';
import { recordOf, timeOf, traceOf, type LogRecord } from './log-record.ts';
import { explanationOf } from './reasons.ts';
import { dataFolder } from './service.ts';
import { pairs } from './table.ts';
import { wrap } from './wrap.ts';

const SINCE_DEFAULT = '24h';

export const explain: Command = {
  name: 'explain',
  summary: 'Say why a request was refused, by the trace id of its answer',
  operands: ['<trace_id>'],
  options: {
    ...DEPLOYED_OPTIONS,
    since: { value: 'TIME', help: `With --stack or --log-group: how far back to look (default ${SINCE_DEFAULT})` },
  },
  notes: [
    'The trace id is in the body of every error and in the header x-trace-id of every answer. What is said here is for whoever may read ' +
      'the logs: the local files, or the log groups with your AWS credentials. The caller is told the RFC error alone.',
    'An authorizer in another stack or account logs there: name its log group.',
  ],
  examples: [
    '4bf92f3577b34da6a3ce929d0e0e4736',
    '4bf92f3577b34da6a3ce929d0e0e4736 --stack m2m-auth-service --profile operations',
    '4bf92f3577b34da6a3ce929d0e0e4736 --log-group /aws/lambda/orders-authorizer --since 7d --json',
  ],
  run: async (call) => {
    const trace = (call.operands[0] ?? '').toLowerCase();
    if (!/^[0-9a-f]{32}$/.test(trace)) throw usageError(explain, 'A trace id is 32 hexadecimal digits.');
    const records = isDeployed(call) ? await fromCloudWatch(trace, call) : await fromFiles(trace, call);
    const steps = stepsOf(records.filter((record) => traceOf(record) === trace));
    if (steps.length > 0) return { document: { trace_id: trace, steps }, text: steps.map(inText).join('\n\n') };
    throw new CommandError(
      `Nothing is known of ${trace} here.`,
      'It may be of another service or stage, or older than the log; and what was served without a change or a token leaves no line. ' +
        (isDeployed(call)
          ? 'Try an earlier --since, or --log-group for an authorizer elsewhere.'
          : 'For a deployed service: --stack NAME.'),
    );
  },
};

async function fromCloudWatch(trace: string, call: Arguments): Promise<readonly LogRecord[]> {
  const from = sinceMs(call.text('since') ?? SINCE_DEFAULT, Date.now());
  const lines = await (await deployedLogs(call)).find(trace, from);
  return lines.flatMap(({ message }) => recordOf(message) ?? []);
}

async function fromFiles(trace: string, call: Arguments): Promise<readonly LogRecord[]> {
  if (call.text('issuer') !== undefined)
    throw usageError(explain, 'explain reads logs: name those of a deployed service by --stack instead of --issuer.');
  if (!existsSync(dataFolder()))
    throw new CommandError(
      `There is no local service here: ${dataFolder()} does not exist.`,
      'Set DATA_DIR as it has it, or name a deployed one by --stack.',
    );
  const found: LogRecord[] = [];
  for (const file of ['logs.1.jsonl', 'logs.jsonl', 'audit.jsonl']) {
    const path = join(dataFolder(), file);
    if (!existsSync(path)) continue;
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
      const record = line.includes(trace) ? recordOf(line) : undefined;
      if (record !== undefined) found.push(record);
    }
  }
  return found;
}

type Step = {
  readonly time: string;
  readonly outcome: 'refused' | 'outage' | 'defect' | 'done';
  readonly endpoint?: string;
  readonly status?: number;
  readonly client_id?: string;
  readonly reason?: string;
  readonly wrong?: string;
  readonly detail?: Readonly<Record<string, string | number | boolean>>;
  readonly next?: string;
  readonly ip?: string;
  readonly user_agent?: string;
  readonly event?: string;
  readonly sid?: string;
  readonly jti?: string;
};

/** A trace may be of several requests: one step for each line, with what its event adds, and for each event without a line. */
function stepsOf(records: readonly LogRecord[]): readonly Step[] {
  const events = new Map(records.flatMap((record) => (record.kind === 'event' ? [[record.event.event_id, record.event] as const] : [])));
  const steps: Step[] = [];
  for (const record of records.toSorted((one, other) => (timeOf(one) < timeOf(other) ? -1 : 1))) {
    if (record.kind === 'event') continue;
    const { reason = '', detail } = record;
    const same = [...events.values()].find(
      ({ reason: told, outcome }) => outcome === 'failure' && [reason, detail?.['fault']].includes(told),
    );
    if (same !== undefined) events.delete(same.event_id);
    steps.push({ ...fromLine(record), ...(same === undefined ? {} : fromEvent(same)), ...outcomeOf(record) });
  }
  for (const event of events.values()) steps.push(fromEventAlone(event));
  return steps.toSorted((one, other) => (one.time < other.time ? -1 : 1));
}

type Line = Extract<LogRecord, { kind: 'line' }>;
type Event = Extract<LogRecord, { kind: 'event' }>['event'];

const outcomeOf = ({ message, level }: Line): Pick<Step, 'outcome'> => {
  if (message === 'refused' || message === 'outage' || message === 'defect') return { outcome: message };
  return { outcome: level === 'ERROR' ? 'defect' : 'done' };
};

function fromLine(line: Line): Omit<Step, 'outcome'> {
  const { timestamp: time, reason, detail } = line;
  const { endpoint, status, client_id: clientId, dependency, throttled, error } = line;
  const known = reason === undefined ? unexplained(line) : explanationOf(reason, detail?.['fault']);
  return {
    time,
    ...filled({ endpoint, status, client_id: clientId, reason }),
    ...known,
    ...filled({ detail: { ...detail, ...filled({ dependency, throttled, error }) } }),
  };
}

/** Without what is undefined or empty. */
const filled = <T extends object>(members: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => !isEmpty(value))) as { [K in keyof T]?: NonNullable<T[K]> };
const isEmpty = (value: unknown): boolean =>
  value === undefined || value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);

/** Outages, defects and warnings carry no reason of a refusal. */
function unexplained({ message }: Line): { readonly wrong: string; readonly next: string } {
  if (message === 'outage')
    return { wrong: 'The service could not reach what it needs.', next: 'The caller may repeat it. If it goes on: docs/operations.md.' };
  if (message === 'defect') return { wrong: 'A defect of the service.', next: 'Report it with this output.' };
  return { wrong: message, next: '' };
}

const fromEvent = ({ event_type: event, client_id, ip, user_agent, sid, jti }: Event) => ({
  event,
  ...filled({ client_id, ip, user_agent, sid, jti }),
});

function fromEventAlone(event: Event): Step {
  const { outcome, reason, timestamp: time } = event;
  const known = outcome === 'failure' ? explanationOf(reason) : undefined;
  return { time, ...fromEvent(event), ...filled({ reason }), ...known, outcome: outcome === 'failure' ? 'refused' : 'done' };
}

const HEADLINES = { refused: 'REFUSED', outage: 'OUTAGE', defect: 'DEFECT', done: 'DONE' } as const;

function inText(step: Step): string {
  const { time, outcome, status, wrong, next, detail = {}, endpoint, reason, event } = step;
  const headline = `${HEADLINES[outcome]}  ${time}${endpoint === undefined ? '' : `  ${endpoint}`}${status === undefined ? '' : `  HTTP ${status}`}`;
  const facts = pairs([
    ['client', step.client_id],
    ['from', step.ip],
    ['user agent', step.user_agent],
    ['session', step.sid],
    ['token', step.jti],
    ['event', event],
    ['reason', reason],
    ...Object.entries(detail)
      .filter(([name, value]) => !(name === 'clientId' && value === step.client_id))
      .map(([name, value]) => [inWords(name), valueOf(name, value)] as const),
  ]);
  const indented = facts.split('\n').map((line) => `  ${line}`);
  return [headline, ...(wrong ? wrap(wrong) : []), ...indented, ...(next ? wrap(`Next: ${next}`) : [])].join('\n');
}

/** expectedAudience -> expected audience */
const inWords = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function valueOf(name: string, value: string | number | boolean): string {
  if (typeof value !== 'number') return String(value);
  if (name.endsWith('At')) return new Date(value * 1000).toISOString().replace('.000Z', 'Z');
  return /seconds/i.test(name) ? `${value} s` : String(value);
}
