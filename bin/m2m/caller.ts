// Whose credentials a command sends: --client-id with --client-secret, --client, or the service's own choice.
import { usageError } from './arguments.ts';
import { basic, type Call } from './http-call.ts';
import { assertionFields, signingKeyIn } from './key-file.ts';
import { IAM_OPTIONS } from './signature.ts';
import { CommandError, type Arguments, type Options } from './command.ts';
import type { Credentials, Service } from './service.ts';
import { valueOrInput } from './standard-input.ts';

export const CALLER_OPTIONS: Options = {
  ...IAM_OPTIONS,
  client: { value: 'NAME', help: 'A client of the local credentials.json: demo-service or demo-admin' },
  'client-id': { value: 'ID', help: 'Another client' },
  'client-secret': {
    value: 'SECRET',
    help: 'Its secret, "-" reads it from standard input (default: the one in credentials.json, else M2M_CLIENT_SECRET)',
  },
  'key-file': { value: 'FILE', help: 'Its private key (PEM or JWK) instead: it signs an assertion (private_key_jwt)' },
  'key-id': { value: 'KID', help: 'The name that the key is registered under (default: the kid in the JWK, else the thumbprint)' },
};

/** The client that was asked for; undefined when none was. */
export async function chosenCaller(
  command: { readonly name: string },
  service: Service,
  call: Arguments,
): Promise<Credentials | undefined> {
  const clientId = call.text('client-id');
  const name = call.text('client');
  if (service.signing && call.text('client-secret') !== undefined)
    throw usageError(command, '--iam and --client-secret exclude each other.');
  if (clientId !== undefined && name !== undefined) throw usageError(command, '--client and --client-id exclude each other.');
  const keyFile = call.text('key-file');
  if (keyFile !== undefined) return byKey(command, service, call, keyFile);
  if (clientId !== undefined) return { clientId, secret: await secretFor(command, service, call, clientId) };
  if (call.text('client-secret') !== undefined) throw usageError(command, '--client-secret needs --client-id.');
  return name === undefined ? undefined : named(service, name);
}

function byKey(command: { readonly name: string }, service: Service, call: Arguments, path: string): Credentials {
  const clientId = call.text('client-id') ?? process.env['M2M_CLIENT_ID'];
  if (service.signing !== undefined || call.text('client-secret') !== undefined)
    throw usageError(command, `--key-file and --${service.signing === undefined ? 'client-secret' : 'iam'} exclude each other.`);
  if (clientId === undefined) throw usageError(command, '--key-file needs --client-id.');
  return { clientId, secret: '', key: signingKeyIn(path, call.text('key-id')) };
}

async function secretFor(command: { readonly name: string }, service: Service, call: Arguments, clientId: string): Promise<string> {
  if (service.signing) return '';
  const held = [...service.clients.values()].find((credentials) => credentials.clientId === clientId)?.secret;
  const secret = call.text('client-secret') ?? held ?? process.env['M2M_CLIENT_SECRET'];
  if (secret === undefined) throw usageError(command, '--client-id needs --client-secret ("-" reads it from standard input).');
  return await valueOrInput(secret);
}

function named(service: Service, name: string): Credentials {
  const credentials = service.clients.get(name);
  if (credentials !== undefined) return credentials;
  const names = [...service.clients.keys()].join(', ');
  throw new CommandError(
    `There are no credentials of ${JSON.stringify(name)}${names === '' ? '' : `, only of ${names}`}.`,
    'Give any client by --client-id and --client-secret.',
    2,
  );
}

/** The same, where the command cannot do without. */
export const someCaller = (credentials: Credentials | undefined): Credentials => {
  if (credentials !== undefined) return credentials;
  throw new CommandError(
    'There are no credentials to call with.',
    'Set M2M_CLIENT_ID and M2M_CLIENT_SECRET, or give --client-id and --client-secret; with --iam the id alone.',
    2,
  );
};

/** A form with who sends it: by HTTP Basic, by a signed assertion, or in a signed call by the id alone. */
export function asClient(
  { signing, issuer }: Service,
  caller: Credentials,
  form: NonNullable<Call['form']>,
): Pick<Call, 'form' | 'headers'> {
  if (signing) return { form: { ...form, client_id: caller.clientId } };
  if (caller.key !== undefined) return { form: { ...form, ...assertionFields(caller.key, caller.clientId, issuer) } };
  return { form, headers: basic(caller) };
}

/**
 * The client that a token says it belongs to, if we hold its credentials. Nothing is verified: the service does that.
 * An access token is a JWT with `client_id` (RFC 9068 section 2.2); a refresh token names it in its second part.
 */
export function ownerOf(service: Service, token: string): Credentials | undefined {
  const [, second = ''] = token.split('.');
  const clientId = isRefreshToken(token) ? second : claimOfJwt(token, 'client_id');
  return [...service.clients.values()].find((credentials) => credentials.clientId === clientId);
}

/** By its prefix alone (src/tokens/refresh-token.ts). */
export const isRefreshToken = (token: string): boolean => token.startsWith('m2m_rt_');

/** Undefined also for what is no JWT. Nothing is verified. */
export function claimOfJwt(token: string, claim: string): unknown {
  const [, payload = ''] = token.split('.');
  try {
    return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as Readonly<Record<string, unknown>> | null)?.[claim];
  } catch {
    return undefined;
  }
}
