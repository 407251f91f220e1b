// Networks that are shut out, over /blocks as who manages clients, or over /iam/blocks, which no block closes.
import { BlockList, isIP } from 'node:net';
import { usageError } from './arguments.ts';
import { manager } from './clients.ts';
import { TOOL, type Arguments, type Command, type Options } from './command.ts';
import { confirm, CONFIRMATION_OPTIONS } from './confirmation.ts';
import { inWholeUnits, lifetimeSeconds } from './duration.ts';
import type { JsonObject } from './http-call.ts';
import { IAM_OPTIONS } from './signature.ts';
import { inWords, table, terminalWidth, type Column } from './table.ts';

const OPTIONS: Options = IAM_OPTIONS;
const WIDEST =
  'A network is an address or a CIDR, no wider than /8 (IPv6: /16). A block holds everywhere within 5 seconds, and always ends.';
const WAY_OUT = 'The routes below /iam stay open to every network: --iam is the way out for whoever has blocked their own.';

const list: Command = {
  name: 'block list',
  summary: 'List the blocked networks, and how slow guessing is',
  operands: [],
  options: OPTIONS,
  examples: ['', '--json'],
  run: async (call) => {
    const request = await manager(call);
    const answer = await request({ method: 'GET', path: '/blocks' });
    const items = (answer['items'] ?? []) as readonly JsonObject[];
    const blocks = items.length === 0 ? 'No network is blocked.' : table(COLUMNS, items, terminalWidth());
    return { document: { items, lockout: answer['lockout'] ?? null }, text: `${blocks}\n\n${lockoutInWords(answer['lockout'])}` };
  },
};

const add: Command = {
  name: 'block add',
  summary: 'Shut a network out of the service, for a while',
  operands: ['<network>'],
  options: {
    ...OPTIONS,
    for: { value: 'TIME', help: 'Until when: 30m, 24h, 7d (default 24h, at most 365d)' },
    reason: { value: 'TEXT', help: 'Why, for whoever finds it later' },
    ...CONFIRMATION_OPTIONS,
  },
  notes: [WIDEST, 'Its callers get 403, whatever client they name. Blocking what is blocked sets its end and reason anew.', WAY_OUT],
  examples: ['203.0.113.7', '203.0.113.0/24 --for 7d --reason "guesses at billing"', '2001:db8::/32 --for 1h'],
  run: async (call) => {
    const [cidr = ''] = call.operands;
    const expiresAt = expiryOf(call);
    const request = await manager(call);
    const { caller_address: address } = await request({ method: 'GET', path: '/blocks' });
    const isOwn = holds(cidr, inWords(address) ?? '');
    if (isOwn) await confirm(add, call, `${cidr} holds the address that you call from: this shuts you out as well, except with --iam.`);
    const json = { cidr, reason: call.text('reason') ?? '', include_own_address: isOwn, ...expiresAt };
    const block = await request({ method: 'POST', path: '/blocks', json });
    return {
      document: block,
      text: `${inWords(block['cidr']) ?? ''} is blocked until ${inWords(block['expires_at']) ?? ''}, everywhere within 5 seconds.\nTo undo: ${TOOL} block remove ${inWords(block['cidr']) ?? ''}`,
    };
  },
};

const remove: Command = {
  name: 'block remove',
  summary: 'Let a network in again',
  operands: ['<network>'],
  options: OPTIONS,
  notes: ['As "block list" shows it.', WAY_OUT],
  examples: ['203.0.113.0/24', '203.0.113.0/24 --iam --issuer https://auth.example.com'],
  run: async (call) => {
    const [cidr = ''] = call.operands;
    const request = await manager(call);
    await request({ method: 'DELETE', path: `/blocks?${new URLSearchParams({ cidr }).toString()}` });
    return { document: { removed: cidr }, text: `${cidr} is let in again, everywhere within 5 seconds.` };
  },
};

export const block: readonly Command[] = [list, add, remove];

function expiryOf(call: Arguments): { readonly expires_at?: string } {
  const text = call.text('for');
  if (text === undefined) return {};
  const seconds = lifetimeSeconds('for', text);
  if (seconds < 1 || seconds > 365 * 86_400) throw usageError(add, '--for must be from 1s to 365d.');
  return { expires_at: new Date(Date.now() + seconds * 1000).toISOString() };
}

/** Whether the network, as it was typed, holds the address. What is no network is the service's to refuse. */
function holds(network: string, address: string): boolean {
  const [base = '', prefix = isIP(base) === 4 ? '32' : '128'] = network.split('/');
  const blocked = new BlockList();
  try {
    blocked.addSubnet(base, Number(prefix), familyOf(base));
    return blocked.check(address, familyOf(address));
  } catch {
    return false;
  }
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 4 ? 'ipv4' : 'ipv6');

function lockoutInWords(lockout: unknown): string {
  if (typeof lockout !== 'object' || lockout === null) return 'Lockout is switched off: only the rate limits slow guessing down.';
  const { failures, window, first_delay, max_delay, guesses_a_day } = lockout as Readonly<Record<string, number>>;
  return (
    `${failures ?? 0} failures in ${inWholeUnits(window ?? 0)} start a delay of ${inWholeUnits(first_delay ?? 0)}, doubling to ${inWholeUnits(max_delay ?? 0)}.\n` +
    `One network gets at most ${guesses_a_day ?? 0} guesses a day at one client's secret (docs/lockout.md).`
  );
}

const column = (title: string, field: string, more: { readonly shrinks?: boolean } = {}): Column<JsonObject> => ({
  title,
  cell: (item) => inWords(item[field]) ?? '',
  ...more,
});
const COLUMNS: readonly Column<JsonObject>[] = [
  column('NETWORK', 'cidr'),
  column('UNTIL', 'expires_at'),
  column('SINCE', 'created_at'),
  column('BY', 'created_by', { shrinks: true }),
  column('REASON', 'reason', { shrinks: true }),
];
