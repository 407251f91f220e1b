// Secrets of a client, over /clients/{client_id}/secrets as demo-admin or M2M_CLIENT_ID.
import { manager } from './clients.ts';
import { TOOL, type Arguments, type Command } from './command.ts';
import { confirm, CONFIRMATION_OPTIONS } from './confirmation.ts';
import type { JsonObject } from './http-call.ts';
import { IDEMPOTENCY_OPTIONS, idempotencyKey } from './idempotency.ts';
import { IAM_OPTIONS } from './signature.ts';
import { impact } from './secret-impact.ts';
import { inWords, pairs, table, terminalWidth, type Column } from './table.ts';

const add: Command = {
  name: 'secrets add',
  summary: 'Give a client one more secret and print it, once',
  operands: ['<client_id>'],
  options: {
    'expires-at': { value: 'TIME', help: 'When it stops working, as 2027-01-31T00:00:00Z (default: never)' },
    'ip-range': { value: 'CIDR', repeatable: true, help: 'A network it may be used from (default: any that the client may call from)' },
    ...IDEMPOTENCY_OPTIONS,
  },
  notes: [
    'At most five live at once. To exchange one without an outage: add one, let the client read it, see by "secrets list" that the former ' +
      'one is no longer used, and end that one.',
  ],
  examples: ['demo-service', 'demo-service --expires-at 2027-01-31T00:00:00Z --ip-range 203.0.113.0/24 --json'],
  run: async (call) => {
    const secret = await (
      await manager(call)
    )({
      method: 'POST',
      path: pathOf(call),
      json: { expires_at: call.text('expires-at'), ip_ranges: call.list('ip-range') },
      idempotencyKey: idempotencyKey(call),
    });
    const shown = pairs(
      ['id', 'client_secret', 'created_at', 'expires_at', 'ip_ranges'].map((name) => [name, inWords(secret[name])] as const),
    );
    const [client = ''] = call.operands;
    const next = `The secret is shown only now; keep it where the client reads it.\nWhich of them are in use: ${TOOL} secrets list ${client}`;
    return { document: secret, text: `${shown}\n\n${next}` };
  },
};

const list: Command = {
  name: 'secrets list',
  summary: 'List the secrets of a client: how old they are, and when and from where each was last used',
  operands: ['<client_id>'],
  options: {},
  notes: ['The secrets themselves are shown to nobody. A use is written at most once in 5 minutes.'],
  examples: ['demo-service', 'demo-service --json'],
  run: async (call) => {
    const page = await (await manager(call))({ method: 'GET', path: pathOf(call) });
    const items = (page['items'] ?? []) as readonly JsonObject[];
    const none = `The client has no secret. Give it one: ${TOOL} secrets add ${call.operands[0] ?? ''}`;
    return { document: { items }, text: items.length === 0 ? none : table(COLUMNS, items, terminalWidth()) };
  },
};

const expire: Command = {
  name: 'secrets expire',
  summary: 'End one secret of a client now',
  operands: ['<client_id>', '<secret_id>'],
  options: CONFIRMATION_OPTIONS,
  notes: ['It is refused from the next request on. Access tokens that it got live until they expire; to end those too: "clients disable".'],
  examples: ['demo-service s_IyvQi9PUwi8W', 'demo-service s_IyvQi9PUwi8W --yes'],
  run: async (call) => {
    const [client = '', secret = ''] = call.operands;
    await confirm(expire, call, `This ends the secret ${secret} of ${client}: whoever still uses it is refused at once.`);
    await (
      await manager(call)
    )({ method: 'DELETE', path: `${pathOf(call)}/${encodeURIComponent(secret)}` });
    return { document: { client_id: client, ended: secret }, text: `Ended. ${secret} is refused from now on.` };
  },
};

export const secrets: readonly Command[] = [add, list, impact, expire].map((command) => ({
  ...command,
  options: { ...command.options, ...IAM_OPTIONS },
}));

const pathOf = (call: Arguments): string => `/clients/${encodeURIComponent(call.operands[0] ?? '')}/secrets`;

const cell = (name: string) => (secret: JsonObject) => inWords(secret[name]) ?? '-';
const COLUMNS: readonly Column<JsonObject>[] = [
  { title: 'SECRET', cell: cell('id') },
  { title: 'CREATED', cell: cell('created_at') },
  { title: 'EXPIRES', cell: (secret) => inWords(secret['expires_at']) ?? 'never' },
  { title: 'LAST USED', cell: cell('last_used_at') },
  { title: 'FROM', cell: cell('last_used_ip'), shrinks: true },
  { title: 'USER AGENT', cell: cell('last_used_user_agent'), shrinks: true },
];
