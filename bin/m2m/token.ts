import { asClient, CALLER_OPTIONS, chosenCaller, ownerOf, someCaller } from './caller.ts';
import { TOOL, type Answer, type Arguments, type Command } from './command.ts';
import { inWholeUnits } from './duration.ts';
import { send, type JsonObject } from './http-call.ts';
import { findService, type Credentials, type Service } from './service.ts';
import { valueOrInput } from './standard-input.ts';
import { inWords, pairs } from './table.ts';

export const token: Command = {
  name: 'token',
  summary: 'Get an access token',
  operands: [],
  options: {
    ...CALLER_OPTIONS,
    scope: { value: '"A B"', help: 'Scopes to ask for (default: the default scope of the client)' },
    resource: { value: 'URL', help: 'The API that the token is for (RFC 8707)' },
    'refresh-token': { value: 'TOKEN', help: 'Refresh instead, "-" reads it from standard input' },
    raw: { help: 'Print the access token and nothing else' },
  },
  notes: [
    'Without a client the local demo-service asks; with --issuer the client in M2M_CLIENT_ID. A refresh token is refreshed as the ' +
      'client it belongs to where its secret is known, else by itself, which only a client with refresh_client_auth none may do.',
  ],
  examples: [
    '',
    '--scope read --raw',
    '--client demo-admin --scope "clients:manage"',
    '--client-id cl_1 --client-secret - <secret.txt',
    '--refresh-token -',
    '--iam --client-id cl_1 --issuer https://auth.example.com',
  ],
  run: async (call) => {
    const service = findService(call);
    const presented = call.text('refresh-token');
    const answer = presented === undefined ? await request(service, call) : await refresh(service, call, await valueOrInput(presented));
    return shown(answer, call.flag('raw'));
  },
};

async function request(service: Service, call: Arguments): Promise<JsonObject> {
  const caller = someCaller((await chosenCaller(token, service, call)) ?? service.subject);
  return await post(service, '/token', caller, { grant_type: 'client_credentials', ...asked(call) });
}

async function refresh(service: Service, call: Arguments, refreshToken: string): Promise<JsonObject> {
  const caller =
    (await chosenCaller(token, service, call)) ?? ownerOf(service, refreshToken) ?? (service.signing && someCaller(service.subject));
  if (caller === undefined) return await post(service, '/refresh', undefined, { refresh_token: refreshToken, ...asked(call) });
  return await post(service, '/token', caller, { grant_type: 'refresh_token', refresh_token: refreshToken, ...asked(call) });
}

const asked = (call: Arguments) => ({ scope: call.text('scope'), resource: call.text('resource') });

const post = (
  service: Service,
  path: string,
  caller: Credentials | undefined,
  form: Readonly<Record<string, string | undefined>>,
): Promise<JsonObject> => send(service, { method: 'POST', path, ...(caller === undefined ? { form } : asClient(service, caller, form)) });

/** An access token of `caller` with this scope, or its default, for a command's own calls. */
export async function accessToken(service: Service, caller: Credentials, scope?: string): Promise<string> {
  return inWords((await post(service, '/token', caller, { grant_type: 'client_credentials', scope }))['access_token']) ?? '';
}

function shown(answer: JsonObject, raw: boolean): Answer {
  const { access_token: value, expires_in: seconds, ...rest } = answer;
  if (raw) return { document: value, text: inWords(value) ?? '' };
  const lines = pairs([
    ['access_token', inWords(value)],
    ['expires_in', typeof seconds === 'number' ? inWholeUnits(seconds) : undefined],
    ...Object.entries(rest).map(([name, member]) => [name, inWords(member)] as const),
  ]);
  return { document: answer, text: `${lines}\n\nWhat it holds: ${TOOL} introspect -   (paste the token)` };
}
