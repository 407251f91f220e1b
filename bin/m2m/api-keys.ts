// API keys of a client, over /clients/{client_id}/api-keys as demo-admin or M2M_CLIENT_ID.
import { manager } from './clients.ts';
import { CommandError, TOOL, type Arguments, type Command } from './command.ts';
import { confirm, CONFIRMATION_OPTIONS } from './confirmation.ts';
import { everyPage } from './every-page.ts';
import type { JsonObject } from './http-call.ts';
import { IDEMPOTENCY_OPTIONS, idempotencyKey } from './idempotency.ts';
import { IAM_OPTIONS } from './signature.ts';
import { inWords, pairs, table, terminalWidth, type Column } from './table.ts';

const add: Command = {
  name: 'api-keys add',
  summary: 'Give a client an API key and print it, once',
  operands: ['<client_id>'],
  options: {
    name: { value: 'NAME', help: 'What people call it: who has it, and what for' },
    scope: { value: '"A B"', help: "The most that it may do, part of the client's scope (default: the client's default scope)" },
    'expires-at': { value: 'TIME', help: 'When it stops working, as 2027-01-31T00:00:00Z (default: never)' },
    'ip-range': { value: 'CIDR', repeatable: true, help: 'A network it may be used from (default: any that the client may call from)' },
    'rate-limit-per-minute': { value: 'N', help: 'How often it may be exchanged for a token (default: 1000)' },
    tag: { value: 'TAG', repeatable: true, help: 'A label' },
    ...IDEMPOTENCY_OPTIONS,
  },
  notes: [
    'For callers that can send a header and nothing more: as X-API-Key, or behind "Authorization: Bearer". A client has at most 50 live ones.',
  ],
  examples: ['demo-service --name "nightly export" --scope read --ip-range 203.0.113.0/24', 'demo-service --scope read --json'],
  run: async (call) => {
    const key = await (
      await manager(call)
    )({ method: 'POST', path: pathOf(call), json: termsFrom(call), idempotencyKey: idempotencyKey(call) });
    const shown = pairs(Object.entries(key).map(([name, value]) => [name, inWords(value)] as const));
    const [client = ''] = call.operands;
    const next = `The key is shown only now; keep it where its caller reads it.\nWhich of them are in use: ${TOOL} api-keys list ${client}`;
    return { document: key, text: `${shown}\n\n${next}` };
  },
};

/** What is left out of the request has its default. */
const termsFrom = (call: Arguments): Readonly<Record<string, unknown>> => ({
  name: call.text('name'),
  scope: call.text('scope'),
  expires_at: call.text('expires-at'),
  ip_ranges: call.list('ip-range'),
  rate_limit_per_minute: limitFrom(call.text('rate-limit-per-minute')),
  tags: call.list('tag'),
});

function limitFrom(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text))
    throw new CommandError(`--rate-limit-per-minute must be a whole number, not ${JSON.stringify(text)}.`, '', 2);
  return Number(text);
}

const list: Command = {
  name: 'api-keys list',
  summary: 'List the API keys of a client: what each may do, and when and from where it was last used',
  operands: ['<client_id>'],
  options: {},
  notes: ['The keys themselves are shown to nobody. A use, an exchange for a token, is written at most once in 5 minutes.'],
  examples: ['demo-service', 'demo-service --json'],
  run: async (call) => {
    const items = await everyPage(await manager(call), pathOf(call));
    const none = `The client has no API key. Give it one: ${TOOL} api-keys add ${call.operands[0] ?? ''}`;
    return { document: { items }, text: items.length === 0 ? none : table(COLUMNS, items, terminalWidth()) };
  },
};

const expire: Command = {
  name: 'api-keys expire',
  summary: 'End one API key of a client now, and the tokens that it got',
  operands: ['<client_id>', '<api_key_id>'],
  options: CONFIRMATION_OPTIONS,
  notes: [
    'It is refused from the next request on; its tokens as every revoked one: at once by the service, within 5 s by authorizers anywhere.',
  ],
  examples: ['demo-service 6c1f0e9b7a5d4c3b2a190807-demo-service', 'demo-service 6c1f0e9b7a5d4c3b2a190807-demo-service --yes'],
  run: async (call) => {
    const [client = '', id = ''] = call.operands;
    await confirm(expire, call, `This ends the API key ${id} of ${client}: whoever still uses it is refused at once.`);
    await (
      await manager(call)
    )({ method: 'DELETE', path: `${pathOf(call)}/${encodeURIComponent(id)}` });
    return { document: { client_id: client, ended: id }, text: `Ended. ${id} is refused from now on.` };
  },
};

export const apiKeys: readonly Command[] = [add, list, expire].map((command) => ({
  ...command,
  options: { ...command.options, ...IAM_OPTIONS },
}));

const pathOf = (call: Arguments): string => `/clients/${encodeURIComponent(call.operands[0] ?? '')}/api-keys`;

const cell = (name: string) => (key: JsonObject) => inWords(key[name]) ?? '-';
const COLUMNS: readonly Column<JsonObject>[] = [
  { title: 'API KEY', cell: cell('id') },
  { title: 'NAME', cell: cell('name'), shrinks: true },
  { title: 'SCOPE', cell: cell('scope'), shrinks: true },
  { title: 'STATUS', cell: cell('status') },
  { title: 'EXPIRES', cell: (key) => inWords(key['expires_at']) ?? 'never' },
  { title: 'NETWORKS', cell: (key) => inWords(key['ip_ranges']) ?? 'any', shrinks: true },
  { title: 'LAST USED', cell: cell('last_used_at') },
  { title: 'FROM', cell: cell('last_used_ip'), shrinks: true },
];
