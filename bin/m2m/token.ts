import { usageError } from './arguments.ts';
import { asClient, CALLER_OPTIONS, chosenCaller, ownerOf, someCaller } from './caller.ts';
import { TOOL, type Answer, type Arguments, type Command } from './command.ts';
import { inWholeUnits } from './duration.ts';
import { send, type JsonObject } from './http-call.ts';
import { dpopKeyAt, dpopProof } from './dpop-key.ts';
import type { SigningKey } from './key-file.ts';
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
    'api-key': { value: 'KEY', help: 'Ask with an API key instead, "-" reads it from standard input' },
    'refresh-token': { value: 'TOKEN', help: 'Refresh instead, "-" reads it from standard input' },
    'dpop-key': { value: 'FILE', help: 'Bind the token to the private key in this file (PEM or JWK), which is made where it is not there' },
    'proof-for': { value: '"GET URL"', help: 'With --dpop-key: also a DPoP proof for one call with the token' },
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
    '--client-id cl_1 --key-file key.pem',
    '--refresh-token -',
    '--api-key - <key.txt',
    '--dpop-key dpop.pem --proof-for "GET http://127.0.0.1:3000/protected"',
    '--iam --client-id cl_1 --issuer https://auth.example.com',
  ],
  run: async (call) => {
    const service = await findService(call);
    const apiKey = call.text('api-key');
    if (apiKey !== undefined) return shown(await byApiKey(service, call, await valueOrInput(apiKey)), call.flag('raw'));
    const presented = call.text('refresh-token');
    const proving = provingOf(call);
    const answer = presented === undefined ? await request(service, call) : await refresh(service, call, await valueOrInput(presented));
    return shown(proving === undefined ? answer : { ...answer, dpop_proof: proofFor(proving, answer) }, call.flag('raw'));
  },
};

/** The call that a proof is asked for, before anything is sent. */
function provingOf(call: Arguments): { readonly key: SigningKey; readonly method: string; readonly url: string } | undefined {
  const [text, file] = [call.text('proof-for'), call.text('dpop-key')];
  if (text === undefined) return undefined;
  if (file === undefined) throw usageError(token, '--proof-for needs --dpop-key.');
  const [, method, url] = /^([A-Z]+) (https?:\/\/\S+)$/.exec(text) ?? [];
  if (method === undefined || url === undefined)
    throw usageError(token, '--proof-for takes a method and a URL, as "GET https://api.example/items".');
  return { key: dpopKeyAt(file), method, url };
}

const proofFor = ({ key, method, url }: NonNullable<ReturnType<typeof provingOf>>, answer: JsonObject): string =>
  dpopProof(key, { method, url, accessToken: inWords(answer['access_token']) ?? '' });

/** Undefined for a token that is bound to no key. */
const keyOf = (call: Arguments): SigningKey | undefined => {
  const file = call.text('dpop-key');
  return file === undefined ? undefined : dpopKeyAt(file);
};

async function request(service: Service, call: Arguments): Promise<JsonObject> {
  const caller = someCaller((await chosenCaller(token, service, call)) ?? service.subject);
  return await post(service, '/token', caller, { grant_type: 'client_credentials', ...asked(call) }, keyOf(call));
}

/** The key says whose it is; it is a credential by itself, and neither refreshed nor signed for. */
async function byApiKey(service: Service, call: Arguments, key: string): Promise<JsonObject> {
  const others = ['client', 'client-id', 'client-secret', 'key-file', 'refresh-token'].filter((option) => call.text(option) !== undefined);
  if (others.length > 0 || service.signing !== undefined)
    throw usageError(token, `--api-key and --${others[0] ?? 'iam'} exclude each other.`);
  const form = { grant_type: 'client_credentials', ...asked(call) };
  return await send(service, { method: 'POST', path: '/token', form, headers: { 'x-api-key': key } });
}

async function refresh(service: Service, call: Arguments, refreshToken: string): Promise<JsonObject> {
  const caller =
    (await chosenCaller(token, service, call)) ?? ownerOf(service, refreshToken) ?? (service.signing && someCaller(service.subject));
  if (caller === undefined) return await post(service, '/refresh', undefined, { refresh_token: refreshToken, ...asked(call) }, keyOf(call));
  return await post(service, '/token', caller, { grant_type: 'refresh_token', refresh_token: refreshToken, ...asked(call) }, keyOf(call));
}

const asked = (call: Arguments) => ({ scope: call.text('scope'), resource: call.text('resource') });

const post = (
  service: Service,
  path: string,
  caller: Credentials | undefined,
  form: Readonly<Record<string, string | undefined>>,
  dpopKey?: SigningKey,
): Promise<JsonObject> =>
  send(service, { method: 'POST', path, dpopKey, ...(caller === undefined ? { form } : asClient(service, caller, form)) });

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
  return { document: answer, text: `${lines}\n\n${hint(answer)}` };
}

function hint({ token_type: type, dpop_proof: proof }: JsonObject): string {
  if (type === 'DPoP' && proof === undefined)
    return 'Each call needs a proof of its own: add --proof-for "GET <URL>", and send both within a minute.';
  return type === 'DPoP'
    ? 'Send them once, within a minute: curl -H "Authorization: DPoP <access_token>" -H "DPoP: <dpop_proof>" <URL>'
    : `What it holds: ${TOOL} introspect -   (paste the token)`;
}
