// Clients that ask for far more tokens than they need, by the audit trail: of the local service, or of a deployed one.
import { deployedEvents, localEvents } from './audit.ts';
import { DEPLOYED_OPTIONS, isDeployed } from './cloudwatch.ts';
import { usageError } from './arguments.ts';
import type { Command } from './command.ts';
import { inWholeUnits, lifetimeSeconds, sinceMs } from './duration.ts';
import { isOverminting, mintings, type Minting } from './minting.ts';
import { table, terminalWidth, type Column } from './table.ts';

const SINCE_DEFAULT = '24h';
const LIFETIME_DEFAULT = '15m';

export const overminting: Command = {
  name: 'clients overminting',
  summary: 'Show clients that ask for far more tokens than they need',
  operands: [],
  options: {
    since: { value: 'TIME', help: `From when on: a duration or a time (default ${SINCE_DEFAULT})` },
    lifetime: { value: 'TIME', help: `How long tokens live (default ${LIFETIME_DEFAULT})` },
    all: { help: 'Every client that got tokens, not only those with twice as many as needed' },
    ...DEPLOYED_OPTIONS,
  },
  notes: [
    "A caller, which is an address with a user agent, needs one token for each half of a token's life. The trail knows neither scope nor audience: who asks for several needs more.",
    'Dollars are of a month like the time looked at, in mode kms with RS256: what all of it costs, what is more than needed, and what KMS would not sign with "clients update ID --reuse-tokens true".',
  ],
  examples: ['', '--since 7d --all', '--since 1h --stack m2m-auth-service --profile operations'],
  run: async (call) => {
    if (call.text('issuer') !== undefined)
      throw usageError(overminting, 'It reads logs: name those of a deployed service by --stack instead of --issuer.');
    const now = Date.now();
    const from = sinceMs(call.text('since') ?? SINCE_DEFAULT, now);
    const lifetime = lifetimeSeconds('lifetime', call.text('lifetime') ?? LIFETIME_DEFAULT);
    const events = isDeployed(call) ? await deployedEvents(call, 'login_success', from) : await localEvents();
    const inTime = events.filter(({ timestamp }) => Date.parse(timestamp) >= from);
    const all = mintings(inTime, lifetime, Math.max(1, (now - from) / 1000));
    const items = call.flag('all') ? all : all.filter(isOverminting);
    const looked = { since: new Date(from).toISOString(), lifetime_seconds: lifetime, tokens: inTime.filter(isIssue).length };
    return { document: { ...looked, items }, text: inText(items, looked.tokens, lifetime) };
  },
};

const isIssue = ({ event_type: type }: { readonly event_type: string }): boolean => type === 'login_success';

function inText(items: readonly Minting[], tokens: number, lifetime: number): string {
  const looked = `Looked at ${tokens} tokens, taken to live ${inWholeUnits(lifetime)}.`;
  return items.length === 0 ? `No client got far more than it needs. ${looked}` : `${table(COLUMNS, items, terminalWidth())}\n\n${looked}`;
}

const dollars = (amount: number): string => amount.toFixed(2);
const COLUMNS: readonly Column<Minting>[] = [
  { title: 'CLIENT', cell: ({ client_id: client }) => client, shrinks: true },
  { title: 'TOKENS', cell: ({ tokens }) => String(tokens) },
  { title: 'REUSED', cell: ({ reused }) => String(reused) },
  { title: 'CALLERS', cell: ({ callers }) => String(callers) },
  { title: 'NEEDED', cell: ({ needed }) => String(needed) },
  { title: '$ A MONTH', cell: ({ month }) => dollars(month) },
  { title: 'BEYOND NEED', cell: ({ month_beyond_need: amount }) => dollars(amount) },
  { title: 'REUSE SAVES', cell: ({ month_saved_by_reuse: amount }) => dollars(amount) },
];
