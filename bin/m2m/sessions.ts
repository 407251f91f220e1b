// Sessions of clients, over /sessions: as the manager for any client, else as the client itself.
import { usageError } from './arguments.ts';
import { claimOfJwt, someCaller } from './caller.ts';
import { manager } from './clients.ts';
import { CommandError, TOOL, type Arguments, type Command, type Options } from './command.ts';
import { confirm, CONFIRMATION_OPTIONS } from './confirmation.ts';
import { everyPage } from './every-page.ts';
import { bearer, send, type Call, type JsonObject } from './http-call.ts';
import { findService } from './service.ts';
import { IAM_OPTIONS } from './signature.ts';
import { inWords, table, terminalWidth, type Column } from './table.ts';
import { accessToken } from './token.ts';

const OPTIONS: Options = {
  ...IAM_OPTIONS,
  client: { value: 'ID', help: 'Of this client (default: locally demo-service, else the client that calls)' },
};
const WHO = 'With --client, and locally, it asks as who manages clients. Else a client asks for its own sessions, with any of its tokens.';

const list: Command = {
  name: 'sessions list',
  summary: 'List the sessions of a client: where and when each was last used',
  operands: [],
  options: OPTIONS,
  notes: [WHO, 'A session is one chain of refresh tokens. Its status is active, ended (revoked) or expired.'],
  examples: ['', '--client billing', '--client billing --json'],
  run: (call) =>
    asOwner(call, async ({ request, query, isOurs }) => {
      const found = (await everyPage(request, '/sessions', query)).filter((session) => !isOurs(session));
      const items = found.toSorted((one, other) => (timeOf(one) < timeOf(other) ? 1 : -1));
      return { document: { items }, text: items.length === 0 ? 'No sessions.' : table(COLUMNS, items, terminalWidth()) };
    }),
};

const end: Command = {
  name: 'sessions end',
  summary: 'End one session of a client, or with --all everything that it has running',
  operands: ['[sid]'],
  options: {
    ...OPTIONS,
    all: { help: 'Every session and every token of the client; needs --client' },
    ...CONFIRMATION_OPTIONS,
  },
  notes: [
    WHO,
    'A sid that begins with a dash goes behind "--", as the last word. Ending what has ended is no error. The client may start a new session at once: to keep it out, disable it.',
  ],
  examples: ['Zm9vYmFyYmF6cXV4cXV1eA', 'Zm9vYmFyYmF6cXV4cXV1eA --client billing', '--all --client billing', '--all --client billing --yes'],
  run: async (call) => {
    const [sid] = call.operands;
    if (call.flag('all')) {
      if (sid !== undefined) throw usageError(end, '--all takes no sid: it ends everything of the client.');
      // Never by default: what a slip would end is everything that the client has running.
      const clientId = call.text('client');
      if (clientId === undefined) throw usageError(end, '--all needs the client: --client ID.');
      await confirm(end, call, `This ends every session and token of ${clientId}.`);
    } else if (sid === undefined) throw usageError(end, '<sid> is missing.');
    return await asOwner(call, async ({ request, query }) => {
      const search = new URLSearchParams(query).toString();
      const path = `/sessions${sid === undefined ? '' : `/${encodeURIComponent(sid)}`}`;
      await request({ method: 'DELETE', path: search === '' ? path : `${path}?${search}` });
      const ended = sid === undefined ? { ended: 'all' } : { ended: 'session', sid };
      return { document: { ...ended, ...query }, text: sid === undefined ? ALL_ENDED : ENDED };
    });
  },
};

export const sessions: readonly Command[] = [list, end];

const BOUND = 'are refused from now on (within 5 seconds by authorizers that read the feed).';
const ENDED = `Session ended. Its refresh token and its access tokens ${BOUND}`;
const ALL_ENDED = `Ended. All tokens and sessions that the client had ${BOUND}\nTo keep it out: ${TOOL} clients disable <client_id>`;

type Asker = {
  readonly request: (call: Call) => Promise<JsonObject>;
  /** Names the client whose sessions are meant; empty for the caller's own. */
  readonly query: Readonly<Record<string, string>>;
  /** Whether the session is only that of the token with which we ask. */
  readonly isOurs: (session: JsonObject) => boolean;
};

async function asOwner<T>(call: Arguments, use: (asker: Asker) => Promise<T>): Promise<T> {
  const service = await findService(call);
  const clientId = call.text('client') ?? (service.local ? service.subject?.clientId : undefined);
  if (clientId !== undefined) return await use({ request: await manager(call), query: { client_id: clientId }, isOurs: () => false });
  if (service.signing) throw new CommandError('--iam needs the client: --client ID.', '', 2);
  const token = await accessToken(service, someCaller(service.subject));
  const sid = claimOfJwt(token, 'sid');
  const headers = bearer(token);
  const answer = await use({
    request: (request) => send(service, { ...request, headers }),
    query: {},
    isOurs: (session) => session['sid'] === sid,
  });
  // Asking for a token began a session where the client has the refresh grant: it is not left behind.
  await send(service, { method: 'POST', path: '/revoke', form: { end_session: 'true' }, headers });
  return answer;
}

const timeOf = (session: JsonObject): string => inWords(session['last_used_at']) ?? '';

const column = (title: string, field: string, more: { readonly shrinks?: boolean } = {}): Column<JsonObject> => ({
  title,
  cell: (session) => inWords(session[field]) ?? '',
  ...more,
});
const COLUMNS: readonly Column<JsonObject>[] = [
  column('SID', 'sid'),
  column('STATUS', 'status'),
  column('LAST USED', 'last_used_at'),
  column('EXPIRES', 'expires_at'),
  column('FROM', 'ip'),
  column('SCOPE', 'scope', { shrinks: true }),
  column('USER AGENT', 'user_agent', { shrinks: true }),
];
