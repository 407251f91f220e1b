// One HTTP call to the service, and its failures in words that say what to do next.
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError, TOOL } from './command.ts';
import { dpopProof } from './dpop-key.ts';
import type { SigningKey } from './key-file.ts';
import { signedHeaders } from './signature.ts';
import type { Credentials, Service } from './service.ts';

const TIMEOUT_MS = 15_000;

export type Call = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string | undefined>>;
  readonly json?: unknown;
  /** Proves itself with a DPoP proof by this key, made for each attempt. */
  readonly dpopKey?: SigningKey | undefined;
  /** Makes the call safe to send again (draft-ietf-httpapi-idempotency-key-header): where no answer or a 503 came, it is. */
  readonly idempotencyKey?: string;
};

/** The service's own refusal, for whoever can do something about it. */
export class RefusedCall extends CommandError {
  readonly status: number;
  readonly error: string;
  /** Of `Retry-After`; undefined where there is none. */
  readonly retryAfterSeconds: number | undefined;
  constructor(problem: string, next: string, answer: Pick<RefusedCall, 'status' | 'error' | 'retryAfterSeconds'>) {
    super(problem, next);
    ({ status: this.status, error: this.error, retryAfterSeconds: this.retryAfterSeconds } = answer);
  }
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** The answer's JSON object (empty when the answer has no body). Anything but a 2xx is a `CommandError`. */
export async function send(service: Service, call: Call): Promise<JsonObject> {
  const response = await (call.idempotencyKey === undefined ? reachProven(service, call) : reachAgain(service, call, call.idempotencyKey));
  const text = await response.text();
  const answer = jsonObject(text);
  if (!response.ok) throw response.status === 503 ? unsure(call, refused(service, response, answer)) : refused(service, response, answer);
  if (answer === undefined && text !== '') throw stranger(service, response);
  return answer ?? {};
}

/** RFC 6749 section 2.3.1: both halves form-encoded, then joined and base64-encoded. */
export function basic({ clientId, secret }: Credentials): Readonly<Record<string, string>> {
  return { authorization: `Basic ${Buffer.from(`${formEncode(clientId)}:${formEncode(secret)}`).toString('base64')}` };
}
const formEncode = (text: string): string => new URLSearchParams({ v: text }).toString().slice(2);

export const bearer = (token: string): Readonly<Record<string, string>> => ({ authorization: `Bearer ${token}` });

const ATTEMPTS = 3;
const PAUSE_MS = 500;

/** The same request up to three times, until there is an answer other than "come again". */
async function reachAgain(service: Service, call: Call, key: string): Promise<Response> {
  const keyed = { ...call, headers: { ...call.headers, 'idempotency-key': `"${key}"` } };
  for (let left = ATTEMPTS - 1; left > 0; left -= 1) {
    const response = await reach(service, keyed).catch(() => undefined);
    if (response !== undefined && response.status !== 503) return response;
    await sleep(PAUSE_MS);
  }
  try {
    return await reach(service, keyed);
  } catch (error) {
    throw error instanceof CommandError ? unsure(call, error) : error;
  }
}

/** What makes something may have made it before the answer got lost. */
function unsure({ idempotencyKey: key }: Call, error: CommandError): CommandError {
  if (key === undefined) return error;
  const next = `It may have been done all the same: the same command with --idempotency-key ${key} finds out, and does nothing twice.`;
  return new CommandError(error.message, next);
}

/** A server that demands nonces says so once, and gives one (RFC 9449 section 8). */
async function reachProven(service: Service, call: Call): Promise<Response> {
  const response = await reach(service, call);
  const nonce = response.headers.get('dpop-nonce');
  if (call.dpopKey === undefined || nonce === null || response.ok) return response;
  return jsonObject(await response.clone().text())?.['error'] === 'use_dpop_nonce' ? reach(service, call, nonce) : response;
}

async function reach(service: Service, call: Call, nonce?: string): Promise<Response> {
  const { method, path, headers, form, json } = call;
  const body =
    form === undefined
      ? json
      : new URLSearchParams(Object.entries(form).filter((entry): entry is [string, string] => entry[1] !== undefined));
  const text = body instanceof URLSearchParams ? body.toString() : body === undefined ? '' : JSON.stringify(body);
  const url = new URL(`${service.issuer}${service.signing ? '/iam' : ''}${path}`);
  const unsigned = {
    accept: 'application/json',
    'user-agent': 'm2m-auth-cli',
    ...(body === undefined ? {} : { 'content-type': form === undefined ? 'application/json' : 'application/x-www-form-urlencoded' }),
    ...proofHeader(call, url, nonce),
    ...headers,
  };
  const sent = service.signing ? await signedHeaders(service.signing, { method, url, headers: unsigned, body: text }) : unsigned;
  try {
    return await fetch(url, {
      method,
      headers: sent,
      ...(body === undefined ? {} : { body: text }),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    throw unreachable(service, error as Error);
  }
}

const proofHeader = ({ dpopKey, method }: Call, { href: url }: URL, nonce: string | undefined): Readonly<Record<string, string>> =>
  dpopKey === undefined ? {} : { dpop: dpopProof(dpopKey, { method, url, ...(nonce !== undefined && { nonce }) }) };

function unreachable(service: Service, error: Error): CommandError {
  const cause = error.cause as NodeJS.ErrnoException | undefined;
  const why = error.name === 'TimeoutError' ? `no answer within ${TIMEOUT_MS / 1000} s` : (cause?.code ?? cause?.message ?? error.message);
  const next = service.local
    ? 'Start it with "npm start" in another terminal; if it runs on another port or folder, set PORT and DATA_DIR as it has them.'
    : 'Check the URL and the network.';
  return new CommandError(`The service does not answer at ${service.issuer} (${why}).`, next);
}

function jsonObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

const stranger = (service: Service, response: Response): CommandError =>
  new CommandError(
    `${service.issuer} answered ${response.status} without JSON.`,
    'Is it m2m-auth that listens there? Check PORT or --issuer.',
  );

/** RFC 6749 section 5.2 errors, with the trace id that finds them in the service's log. */
function refused(service: Service, response: Response, answer: JsonObject | undefined): CommandError {
  if (typeof answer?.['error'] !== 'string') return isIamRefusal(service, response) ? notLetIn(service) : stranger(service, response);
  const { error = '', error_description: description, trace_id: trace } = answer as Readonly<Record<string, string | undefined>>;
  const facts = [`HTTP ${response.status}`, ...(trace === undefined ? [] : [`trace ${trace}`])].join(', ');
  const next = [nextStep(service, response, error), trace === undefined ? '' : whyExactly(service, trace)].filter((line) => line !== '');
  return new RefusedCall(`${error}${description === undefined ? '' : `: ${description}`} (${facts})`, next.join('\n'), {
    status: response.status,
    error,
    retryAfterSeconds: retryAfter(response),
  });
}

function retryAfter({ headers }: Response): number | undefined {
  const text = headers.get('retry-after') ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

const whyExactly = ({ local }: Service, trace: string): string =>
  `Why exactly: ${TOOL} explain ${trace}${local ? '' : ' --stack <service stack>'}`;

/** API Gateway's own answer, which does not say why. */
const isIamRefusal = (service: Service, response: Response): boolean => service.signing !== undefined && response.status === 403;
const notLetIn = (service: Service): CommandError =>
  new CommandError(
    `AWS does not let this principal call ${service.issuer}/iam (HTTP 403).`,
    service.local
      ? 'DATA_DIR must be that of the running service.'
      : 'Its role needs the policy in the output IamCallerPolicy or IamAdministratorPolicy; see docs/iam.md. The clock must be right to 5 minutes.',
  );

const NEXT_STEPS: Readonly<Record<string, string>> = {
  invalid_scope: `See what the client may ask for: ${TOOL} clients show <client_id>`,
  unauthorized_client: `Register the grant for it: ${TOOL} clients update <client_id> --grant client_credentials --grant refresh_token`,
  invalid_target: `Register the audience for it: ${TOOL} clients update <client_id> --audience <URL>`,
  conflict: 'Run the command again: it reads the client anew.',
  invalid_grant: `The refresh token has been used, has expired or its session has ended. Get a new one: ${TOOL} token`,
  access_denied:
    'The role must be among the administrators of the service (docs/iam.md). A blocked network is let in by: block remove --iam',
  insufficient_scope: 'The client that calls needs the scope clients:manage.',
};

function nextStep(service: Service, response: Response, error: string): string {
  const known = NEXT_STEPS[error];
  if (known !== undefined) return known;
  if (response.status === 429) return `Try again in ${response.headers.get('retry-after') ?? 'some'} seconds.`;
  if (response.status === 503) return 'The service cannot reach what it needs just now. Try again.';
  if (response.status === 404) return whereToLook(response);
  if (error !== 'invalid_client') return '';
  if (service.signing) return `The client must name your role: ${TOOL} clients update <client_id> --iam-principal <role ARN>`;
  return service.local
    ? 'Check the client id and its secret, and that it is not disabled. DATA_DIR must be that of the running service.'
    : 'Check M2M_CLIENT_ID and M2M_CLIENT_SECRET, and that the client is not disabled.';
}

const whereToLook = ({ url }: Response): string =>
  new URL(url).pathname.includes('/sessions/')
    ? `List the sessions: ${TOOL} sessions list --client <client_id>`
    : `List the clients: ${TOOL} clients list`;
