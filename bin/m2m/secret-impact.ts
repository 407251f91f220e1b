// Who would break if a secret ended now: what is known of each live secret's users, and what they could go over to.
import { setTimeout as sleep } from 'node:timers/promises';
import { usageError } from './arguments.ts';
import { manager } from './clients.ts';
import { TOOL, type Answer, type Arguments, type Command } from './command.ts';
import { lifetimeSeconds, roughly } from './duration.ts';
import { everyPage } from './every-page.ts';
import { RefusedCall, type Call, type JsonObject } from './http-call.ts';
import { inWords, printable, table, terminalWidth, type Column } from './table.ts';

const QUIET_DEFAULT = '72h';

export const impact: Command = {
  name: 'secrets impact',
  summary: 'Say who would break if a secret of a client ended now',
  operands: ['[client_id]', '[secret_id]'],
  options: {
    all: { help: 'The secrets of all clients instead of one' },
    'older-than': { value: 'TIME', help: 'With --all: only secrets of at least that age (default 90d)' },
    quiet: { value: 'TIME', help: `Without use for so long, a secret counts as no longer in use (default ${QUIET_DEFAULT})` },
  },
  notes: [
    'It goes by the last use that was written, which is at most 5 minutes behind. A job that runs more rarely than --quiet says is not seen; ' +
      'tokens that a secret got outlive it until they expire.',
  ],
  examples: ['billing', 'billing s_IyvQi9PUwi8W --json', '--all --older-than 180d'],
  run: async (call) => {
    const [client, secret] = call.operands;
    if (call.flag('all') === (client !== undefined)) throw usageError(impact, 'Give a client, or --all.');
    if (!call.flag('all') && call.text('older-than') !== undefined) throw usageError(impact, '--older-than goes with --all.');
    const request = await manager(call);
    return client === undefined ? ofAll(request, call) : ofClient(request, client, secret, call);
  },
};

type Request = (call: Call) => Promise<JsonObject>;
type Secret = Readonly<Record<string, string | undefined>>;
type Verdict = {
  readonly client_id: string;
  readonly id: string;
  readonly created_at: string | undefined;
  readonly expires_at: string | undefined;
  readonly last_used_at: string | undefined;
  readonly last_used_ip: string | undefined;
  readonly last_used_user_agent: string | undefined;
  readonly use: 'in_use' | 'quiet' | 'never_used';
  /** Live secrets besides it, and whether one of them is in use. */
  readonly others: 'none' | 'unused' | 'in_use';
  readonly breaks: string;
};

async function ofClient(request: Request, client: string, secret: string | undefined, call: Arguments): Promise<Answer> {
  const verdicts = await verdictsOf(request, client, call);
  const shown = secret === undefined ? verdicts : verdicts.filter(({ id }) => id === secret);
  if (secret !== undefined && shown.length === 0)
    throw usageError(impact, `${client} has no live secret ${secret}. See: ${TOOL} secrets list ${client}`);
  const none = `The client has no live secret. Give it one: ${TOOL} secrets add ${client}`;
  return { document: { items: shown }, text: shown.length === 0 ? none : shown.map(inText).join('\n\n') };
}

async function ofAll(request: Request, call: Arguments): Promise<Answer> {
  const oldest = Date.now() - lifetimeSeconds('older-than', call.text('older-than') ?? '90d') * 1000;
  const clients = await everyPage(request, '/clients');
  const items: Verdict[] = [];
  for (const { client_id: client } of clients) items.push(...(await patiently(() => verdictsOf(request, String(client), call))));
  const old = items
    .filter(({ created_at: created }) => Date.parse(created ?? '') <= oldest)
    .toSorted((one, other) => (one.created_at ?? '').localeCompare(other.created_at ?? ''));
  return { document: { items: old }, text: old.length === 0 ? 'No live secret is that old.' : table(COLUMNS, old, terminalWidth()) };
}

/** One call a client: where that is more than the service lets through in a minute, it says when to go on. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (;;)
    try {
      return await ask();
    } catch (error) {
      const seconds = error instanceof RefusedCall && error.status === 429 ? error.retryAfterSeconds : undefined;
      if (seconds === undefined) throw error;
      await sleep(seconds * 1000);
    }
}

async function verdictsOf(request: Request, client: string, call: Arguments): Promise<readonly Verdict[]> {
  const quietMs = lifetimeSeconds('quiet', call.text('quiet') ?? QUIET_DEFAULT) * 1000;
  const page = await request({ method: 'GET', path: `/clients/${encodeURIComponent(client)}/secrets` });
  const now = Date.now();
  const live = ((page['items'] ?? []) as readonly Secret[]).filter(({ expires_at: end }) => end === undefined || Date.parse(end) > now);
  return live.map((secret) => verdictOf(client, secret, live, { now, quietMs }));
}

function verdictOf(client: string, secret: Secret, live: readonly Secret[], { now, quietMs }: { now: number; quietMs: number }): Verdict {
  const { id = '', created_at, expires_at, last_used_at, last_used_ip, last_used_user_agent } = secret;
  const usedAt = last_used_at === undefined ? undefined : Date.parse(last_used_at);
  const use = usedAt === undefined ? 'never_used' : now - usedAt < quietMs ? 'in_use' : 'quiet';
  const rest = live.filter((other) => other['id'] !== id);
  const others = rest.length === 0 ? 'none' : rest.some((other) => isNewerAndUsed(other, created_at)) ? 'in_use' : 'unused';
  const facts = { client_id: client, id, created_at, expires_at, last_used_at, last_used_ip, last_used_user_agent, use, others } as const;
  return { ...facts, breaks: breaksOf(facts, usedAt === undefined ? undefined : now - usedAt) };
}

const isNewerAndUsed = ({ created_at: created = '', last_used_at: used }: Secret, than = ''): boolean =>
  created >= than && used !== undefined;

function breaksOf({ use, others, last_used_ip, last_used_user_agent }: Omit<Verdict, 'breaks'>, idleMs = 0): string {
  const who = `${last_used_user_agent ?? ''} at ${last_used_ip ?? ''}`.trim();
  const instead = { none: 'it is the only live secret', unused: 'nobody uses a newer one yet', in_use: 'a newer one is in use' }[others];
  if (use === 'in_use') return `${who}, which used it ${roughly(idleMs / 1000)} ago; ${instead}`;
  if (use === 'quiet') return `nobody who was seen: last used ${roughly(idleMs / 1000)} ago by ${who}; ${instead}`;
  return `nobody who was seen: it was never used; ${instead}`;
}

const inText = (verdict: Verdict): string =>
  [
    printable(`${verdict.id} of ${inWords(verdict.created_at) ?? ''}, ends ${inWords(verdict.expires_at) ?? 'never'}`),
    `  breaks: ${printable(verdict.breaks)}`,
  ].join('\n');

const COLUMNS: readonly Column<Verdict>[] = [
  { title: 'CLIENT', cell: ({ client_id: client }) => client, shrinks: true },
  { title: 'SECRET', cell: ({ id }) => id },
  { title: 'CREATED', cell: ({ created_at: created }) => created ?? '-' },
  { title: 'LAST USED', cell: ({ last_used_at: used }) => used ?? '-' },
  { title: 'BREAKS', cell: ({ breaks }) => breaks, shrinks: true },
];
