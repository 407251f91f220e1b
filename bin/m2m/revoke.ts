import { asClient, CALLER_OPTIONS, chosenCaller, isRefreshToken, ownerOf, someCaller } from './caller.ts';
import { usageError } from './arguments.ts';
import type { Answer, Arguments, Command } from './command.ts';
import { bearer, send } from './http-call.ts';
import { findService } from './service.ts';
import { valueOrInput } from './standard-input.ts';

export const revoke: Command = {
  name: 'revoke',
  summary: 'Revoke a token, its session, or everything of a client (RFC 7009)',
  operands: ['[token]'],
  options: {
    ...CALLER_OPTIONS,
    'end-session': { help: "End the token's session: its refresh token and all its access tokens" },
    all: { help: 'Everything of the calling client; needs no token' },
  },
  notes: [
    'Revoking a refresh token always ends its session. Calls as the client that the token belongs to where its secret is known; an ' +
      'access token of any other client is presented by itself, which its holder may always do. Revoking what is not active is no error.',
  ],
  examples: ['-', '- --end-session', '--all --client demo-service'],
  run: async (call) => {
    refuseContradictions(call);
    if (call.flag('all')) return await revokeAll(call);
    const [operand] = call.operands;
    if (operand === undefined) throw usageError(revoke, '<token> is missing.');
    const service = await findService(call);
    const presented = await valueOrInput(operand);
    const caller =
      (await chosenCaller(revoke, service, call)) ?? ownerOf(service, presented) ?? (service.signing && someCaller(service.subject));
    const endSession = call.flag('end-session');
    const form = { token: presented, end_session: endSession ? 'true' : undefined };
    const answer = await send(service, {
      method: 'POST',
      path: '/revoke',
      ...(caller === undefined ? { form, headers: byItself(presented) } : asClient(service, caller, form)),
    });
    const what = endSession || isRefreshToken(presented) ? 'session' : 'token'; // RFC 7009 section 2.1
    return { document: { revoked: what, ...answer }, text: DONE[what] };
  },
};

type Extent = 'token' | 'session' | 'client';
const DONE: Readonly<Record<Extent, string>> = {
  token: 'Revoked. The token is refused from now on (within 5 seconds by authorizers that read the feed).',
  session:
    'Session ended. Its refresh token and its access tokens are refused from now on (within 5 seconds by authorizers that read the feed).',
  client:
    'Revoked. Every token and session that the client had is refused from now on (within 5 seconds by authorizers that read the feed).',
};

function refuseContradictions(call: Arguments): void {
  if (!call.flag('all')) return;
  if (call.flag('end-session')) throw usageError(revoke, '--all and --end-session exclude each other.');
  if (call.operands.length > 0) throw usageError(revoke, '--all takes no token: it revokes everything of the calling client.');
}

async function revokeAll(call: Arguments): Promise<Answer> {
  const service = await findService(call);
  // Never by default: what a slip would end is everything that the client has running.
  const chosen = await chosenCaller(revoke, service, call);
  if (chosen === undefined && service.local) throw usageError(revoke, '--all needs the client: --client NAME or --client-id ID.');
  const caller = someCaller(chosen ?? service.manager);
  const answer = await send(service, { method: 'POST', path: '/revoke', ...asClient(service, caller, { all: 'true' }) });
  return { document: { revoked: 'client', ...answer }, text: DONE.client };
}

const byItself = (token: string) => (isRefreshToken(token) ? {} : bearer(token));
