// Registered clients, over /clients as demo-admin or M2M_CLIENT_ID (RFC 7591, RFC 7592), or over /iam/clients.
import { usageError } from './arguments.ts';
import { someCaller } from './caller.ts';
import { CREATE_OPTIONS, metadataFrom, UPDATE_OPTIONS } from './client-options.ts';
import { TOOL, type Answer, type Arguments, type Command } from './command.ts';
import { confirm, CONFIRMATION_OPTIONS } from './confirmation.ts';
import { inWholeUnits } from './duration.ts';
import { everyPage } from './every-page.ts';
import { bearer, send, type Call, type JsonObject } from './http-call.ts';
import { IDEMPOTENCY_OPTIONS, idempotencyKey } from './idempotency.ts';
import { findService } from './service.ts';
import { IAM_OPTIONS } from './signature.ts';
import { inWords, pairs, table, terminalWidth, type Column } from './table.ts';
import { accessToken } from './token.ts';

const REPEATABLE = 'An option that is given more than once makes a list; on update it replaces the whole list.';

const create: Command = {
  name: 'clients create',
  summary: 'Register a client and print its secret, once',
  operands: [],
  options: { ...CREATE_OPTIONS, ...IDEMPOTENCY_OPTIONS },
  notes: [REPEATABLE],
  examples: [
    '--name billing --scope "read write" --grant client_credentials --grant refresh_token',
    '--name reports --scope read --audience https://reports.example.com --access-token-lifetime 5m',
    '--name ledger --scope read --auth-method private_key_jwt --jwks-file key.pem',
    '--name partner --scope read --ip-range 192.0.2.0/24 --rate-limit-per-minute 10 --expires-at 2027-01-31T00:00:00Z',
  ],
  run: async (call) => {
    const metadata = metadataFrom(call); // first, so that a wrong option makes no call
    const request = await manager(call);
    const client = await request({ method: 'POST', path: '/clients', json: metadata, idempotencyKey: idempotencyKey(call) });
    const id = inWords(client['client_id']) ?? '';
    const next =
      client['client_secret'] === undefined
        ? `It has no secret: it signs with its key.\nA first token: ${TOOL} token --client-id ${id} --key-file <its private key>`
        : `The secret is shown only now; keep it where the client reads it.\nA first token: ${TOOL} token --client-id ${id} --client-secret -`;
    return { document: client, text: `${inText(client)}\n\n${next}` };
  },
};

const list: Command = {
  name: 'clients list',
  summary: 'List all clients',
  operands: [],
  options: {},
  examples: ['', '--json'],
  run: async (call) => {
    const request = await manager(call);
    const items = await everyPage(request, '/clients');
    return {
      document: { items },
      text: items.length === 0 ? `No clients yet. Register one: ${TOOL} help clients create` : table(COLUMNS, items, terminalWidth()),
    };
  },
};

const show: Command = {
  name: 'clients show',
  summary: 'Show one client',
  operands: ['<client_id>'],
  options: {},
  examples: ['demo-service'],
  run: async (call) => asAnswer(await (await manager(call))({ method: 'GET', path: pathOf(call) })),
};

const update: Command = {
  name: 'clients update',
  summary: 'Change what the options name of a client, and nothing else',
  operands: ['<client_id>'],
  options: UPDATE_OPTIONS,
  notes: [REPEATABLE],
  examples: [
    'demo-service --scope "read write reports"',
    'demo-service --ip-range 192.0.2.0/24 --ip-range 2001:db8::/32',
    'demo-service --clear ip-range',
  ],
  run: async (call) => {
    const changes = metadataFrom(call);
    if (Object.keys(changes).length === 0) throw usageError(update, 'No option says what to change.');
    return await change(call, changes);
  },
};

const disable: Command = {
  name: 'clients disable',
  summary: 'Refuse a client from now on, and every token that it has',
  operands: ['<client_id>'],
  options: {},
  examples: ['billing'],
  run: (call) => change(call, { disabled: true }),
};

const enable: Command = {
  name: 'clients enable',
  summary: 'Let a disabled client get tokens again; those from before stay revoked',
  operands: ['<client_id>'],
  options: {},
  examples: ['billing'],
  run: (call) => change(call, { disabled: false }),
};

const remove: Command = {
  name: 'clients delete',
  summary: 'Delete a client for good, with its secrets, sessions and tokens',
  operands: ['<client_id>'],
  options: CONFIRMATION_OPTIONS,
  notes: ['Its id is not given out again. To be able to take it back: "clients disable".'],
  examples: ['billing', 'billing --yes'],
  run: async (call) => {
    const [client = ''] = call.operands;
    await confirm(remove, call, `This deletes the client ${client} for good, with all that it holds.`);
    await (
      await manager(call)
    )({ method: 'DELETE', path: pathOf(call) });
    const text =
      'Deleted. Its secrets, sessions and tokens are refused from now on (tokens within 5 seconds by authorizers that read the feed).';
    return { document: { deleted: client }, text };
  },
};

export const clients: readonly Command[] = [create, list, show, update, disable, enable, remove].map((command) => ({
  ...command,
  options: { ...command.options, ...IAM_OPTIONS },
}));

/** What the service says of a client and a PUT must not carry (RFC 7592 section 2.2), besides what belongs to single secrets. */
const READ_ONLY = new Set([
  'client_id_issued_at',
  'updated_at',
  'client_secret',
  'client_secret_expires_at',
  'secrets',
  'credentials',
  'trace_id',
]);

/** A PUT replaces everything, so what is there is read first and sent back with the changes. */
async function change(call: Arguments, changes: JsonObject): Promise<Answer> {
  const request = await manager(call);
  const current = await request({ method: 'GET', path: pathOf(call) });
  const kept = Object.entries(current).filter(([field]) => !READ_ONLY.has(field));
  return asAnswer(await request({ method: 'PUT', path: pathOf(call), json: { ...Object.fromEntries(kept), ...changes } }));
}

/** Calls with one access token of the client that manages, or signed by an AWS principal. */
export async function manager(call: Arguments): Promise<(request: Call) => Promise<JsonObject>> {
  const service = await findService(call);
  if (service.signing) return (request) => send(service, request);
  const headers = bearer(await accessToken(service, someCaller(service.manager), 'clients:manage'));
  return (request) => send(service, { ...request, headers });
}

const pathOf = (call: Arguments): string => `/clients/${encodeURIComponent(call.operands[0] ?? '')}`;

const asAnswer = (client: JsonObject): Answer => ({ document: client, text: inText(client) });

const FIRST = ['client_id', 'client_secret', 'client_name', 'disabled', 'scope', 'grant_types'];
function inText(client: JsonObject): string {
  const rest = Object.keys(client).filter((field) => !FIRST.includes(field));
  return pairs([...FIRST, ...rest].map((field) => [field, fieldInText(field, client[field])] as const));
}

function fieldInText(field: string, value: unknown): string | undefined {
  if (field === 'credentials' && Array.isArray(value)) return (value as readonly JsonObject[]).map(credentialInText).join('; ');
  if (typeof value !== 'number') return inWords(value);
  if (field.endsWith('_lifetime')) return value === 0 ? 'none' : inWholeUnits(value);
  if (field === 'client_secret_expires_at' && value === 0) return 'never';
  return field.endsWith('_at') ? new Date(value * 1000).toISOString().replace('.000Z', 'Z') : String(value);
}

function credentialInText({ id, type, kid, created_at: created, last_used_at: used }: JsonObject): string {
  const use = inWords(used);
  const which = kid === undefined ? `of ${inWords(created) ?? ''}` : `kid ${inWords(kid) ?? ''}`;
  return `${inWords(type) ?? ''} ${inWords(id) ?? ''} ${which}${use === undefined ? '' : `, last used ${use}`}`;
}

const COLUMNS: readonly Column<JsonObject>[] = [
  { title: 'CLIENT ID', cell: (client) => inWords(client['client_id']) ?? '' },
  { title: 'NAME', cell: (client) => inWords(client['client_name']) ?? '', shrinks: true },
  { title: 'STATE', cell: (client) => (client['disabled'] === true ? 'disabled' : 'active') },
  { title: 'SCOPE', cell: (client) => inWords(client['scope']) ?? '', shrinks: true },
  { title: 'ROLES', cell: (client) => inWords(client['roles']) ?? '', shrinks: true },
];
