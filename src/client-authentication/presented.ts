/**
 * Which credential the request presents, and that it presents exactly one: "The client MUST NOT use more than one
 * authentication method in each request" (RFC 6749 section 2.3). Nothing is looked up and nothing is proven here.
 */
import { CLIENT_ID_PATTERN } from '../clients/client.ts';
import { ok, refuse, type Result } from '../result.ts';
import { CLIENT_ASSERTION_TYPE, readAssertion } from './client-assertion.ts';
import { apiKeyInAuthorization, isApiKeyHeader } from '../tokens/api-key-header.ts';

/** A client id with the secret that is said to be its own. */
export type PresentedCredential = { readonly clientId: string; readonly secret: string; readonly method: SecretMethod };

/** A client id with the AWS principal that asks in its name, as API Gateway tells it. */
export type PresentedPrincipal = { readonly clientId: string; readonly method: 'iam'; readonly userArn: string };

/** A client id with the JWT that is said to be signed by it (RFC 7523 section 2.2). */
export type PresentedAssertion = { readonly clientId: string; readonly method: 'private_key_jwt'; readonly assertion: string };

/** `client_secret_basic` and `client_secret_post` (RFC 6749 section 2.3.1), and two ways that older callers use. */
export type SecretMethod = 'client_secret_basic' | 'client_secret_post' | 'legacy_form' | 'legacy_headers';

export type PresentationFailure =
  | { readonly reason: 'several_methods' }
  | { readonly reason: 'client_id_mismatch'; readonly clientId: string }
  | { readonly reason: 'credentials_missing' }
  | { readonly reason: 'credentials_malformed'; readonly method: Method | 'iam' }
  | { readonly reason: 'client_id_missing' }
  | { readonly reason: 'principal_missing' };

export type PresentationInput = {
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly parameters: ReadonlyMap<string, string>;
  readonly decodeFormComponent: (text: string) => string | undefined;
};

const SECRET_MAX_CHARACTERS = 256;
/** Id and secret in the wrong order: a secret must become neither a key of the table nor part of a log line. */
const HAS_THE_FORM_OF_A_SECRET = /^m2m_(?:cs|ak|rt)_/;

export function presentedCredential(input: PresentationInput): Result<PresentedCredential | PresentedAssertion, PresentationFailure> {
  const { headers, parameters } = input;
  const methods = presentedMethods(headers, parameters);
  const [method] = methods;
  if (method === undefined) return refuse({ reason: 'credentials_missing' });
  if (methods.length > 1) return refuse({ reason: 'several_methods' });
  if (method === 'private_key_jwt') return presentedAssertion(parameters);

  const pair = readPair(method, input);
  if (pair === undefined || method === 'authorization_header' || method === 'api_key')
    return refuse({ reason: 'credentials_malformed', method });
  const { clientId, secret } = pair;
  if (!isPlausible(pair)) return refuse({ reason: 'credentials_malformed', method });
  const repeated = parameters.get('client_id');
  if (repeated !== undefined && repeated !== clientId) return refuse({ reason: 'client_id_mismatch', clientId });
  return ok({ clientId, secret, method });
}

/**
 * The assertion says who it is from; "The "client_id" parameter is OPTIONAL ... since the client is identified by the subject" (RFC 7521
 * section 4.2). Unverified as yet, it serves to find the client whose keys it is verified with.
 */
function presentedAssertion(parameters: ReadonlyMap<string, string>): Result<PresentedAssertion, PresentationFailure> {
  const malformed = refuse({ reason: 'credentials_malformed', method: 'private_key_jwt' } as const);
  const assertion = parameters.get('client_assertion');
  if (assertion === undefined || parameters.get('client_assertion_type') !== CLIENT_ASSERTION_TYPE) return malformed;
  const said = readAssertion(assertion);
  // RFC 7523 section 3: "iss" and "sub" are both the client_id.
  if (said === undefined || said.iss !== said.sub || !isClientId(said.sub)) return malformed;
  const clientId = said.sub;
  if ((parameters.get('client_id') ?? clientId) !== clientId) return refuse({ reason: 'client_id_mismatch', clientId });
  return ok({ clientId, method: 'private_key_jwt', assertion });
}

/**
 * On a route that API Gateway opens to AWS principals: the principal is the proof, `client_id` says which client it acts as
 * (RFC 6749 section 3.2.1), and a secret beside it would be a second method.
 * @param userArn empty where the gateway names nobody.
 */
export function presentedPrincipal(
  userArn: string,
  { headers, parameters }: Omit<PresentationInput, 'decodeFormComponent'>,
): Result<PresentedPrincipal, PresentationFailure> {
  if (userArn === '') return refuse({ reason: 'principal_missing' });
  if (presentedMethods(headers, parameters).length > 0) return refuse({ reason: 'several_methods' });
  const clientId = parameters.get('client_id');
  if (clientId === undefined) return refuse({ reason: 'client_id_missing' });
  return isClientId(clientId) ? ok({ clientId, method: 'iam', userArn }) : refuse({ reason: 'credentials_malformed', method: 'iam' });
}

const isPlausible = ({ clientId, secret }: Pair): boolean =>
  isClientId(clientId) && secret !== '' && secret.length <= SECRET_MAX_CHARACTERS;

const isClientId = (text: string): boolean => CLIENT_ID_PATTERN.test(text) && !HAS_THE_FORM_OF_A_SECRET.test(text);

type Method = SecretMethod | 'authorization_header' | 'api_key' | 'private_key_jwt';

/** Anything that begins a method counts, also where its other half is missing: a broken method is never rescued by another. */
export function presentedMethods(headers: ReadonlyMap<string, string>, parameters: ReadonlyMap<string, string>): readonly Method[] {
  const authorization = headers.get('authorization');
  return [
    ...(authorization === undefined ? [] : [methodOfHeader(authorization)]),
    ...(isApiKeyHeader(headers.get('x-api-key')) ? (['api_key'] as const) : []),
    ...(parameters.has('client_secret') ? (['client_secret_post'] as const) : []),
    ...(parameters.has('username') || parameters.has('password') ? (['legacy_form'] as const) : []),
    ...(parameters.has('client_assertion') || parameters.has('client_assertion_type') ? (['private_key_jwt'] as const) : []),
    ...(headers.has('x-client-id') || headers.has('x-client-secret') ? (['legacy_headers'] as const) : []),
  ];
}

function methodOfHeader(authorization: string): Method {
  if (apiKeyInAuthorization(authorization) !== undefined) return 'api_key';
  return /^basic(?: |$)/i.test(authorization) ? 'client_secret_basic' : 'authorization_header';
}

type Pair = { readonly clientId: string; readonly secret: string };

function readPair(
  method: Exclude<Method, 'private_key_jwt'>,
  { headers, parameters, decodeFormComponent }: PresentationInput,
): Pair | undefined {
  switch (method) {
    case 'client_secret_basic':
      return readBasic(headers.get('authorization') ?? '', decodeFormComponent);
    case 'client_secret_post':
      return pairOf(parameters.get('client_id'), parameters.get('client_secret'));
    case 'legacy_form':
      return pairOf(parameters.get('username'), parameters.get('password'));
    case 'legacy_headers':
      return pairOf(headers.get('x-client-id'), headers.get('x-client-secret'));
    case 'authorization_header':
    case 'api_key':
      return undefined;
  }
}

const pairOf = (clientId: string | undefined, secret: string | undefined): Pair | undefined =>
  clientId === undefined || secret === undefined ? undefined : { clientId, secret };

/**
 * RFC 7617 with RFC 6749 section 2.3.1: base64 of id ":" secret, each half "application/x-www-form-urlencoded" first.
 * Split at the first colon before decoding, so that an encoded colon stays part of its half.
 */
function readBasic(header: string, decodeFormComponent: PresentationInput['decodeFormComponent']): Pair | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header)?.[1];
  if (encoded === undefined) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded) return undefined; // Buffer is lenient; one text for each pair
  const text = bytes.toString('utf8');
  if (text.includes('\uFFFD')) return undefined;
  const colon = text.indexOf(':');
  if (colon === -1) return undefined;
  return pairOf(decodeFormComponent(text.slice(0, colon)), decodeFormComponent(text.slice(colon + 1)));
}
