// The issuer over HTTPS, asked as the client itself: bounded in time and size, no redirects.
import { decodeJwt } from 'jose';
import { boundedText } from '../authorizer/issuer-document.ts';
import { Outage } from '../outage.ts';
import type { ClientCredentials } from './kept-credentials.ts';
import type { Claimed, Issuer, Refusal } from './ports.ts';

/** Twice the issuer's own deadline. */
const TIMEOUT_MS = 8_000;

type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };

export function createIssuer(issuer: string): Issuer {
  return {
    tokenEndpoint: `${issuer}/token`,
    async claim(credentials, early) {
      const path = `/clients/${encodeURIComponent(credentials.clientId)}/secrets/rotation`;
      return post(issuer, path, credentials, early ? { exchange: 'now' } : {}, claimedIn);
    },
    async tryToken(credentials) {
      return post(issuer, '/token', credentials, { grant_type: 'client_credentials' }, (answer) => {
        if (answer.status !== 200) return refused(answer);
        requireToken(answer, issuer, credentials.clientId);
        return { outcome: 'token' };
      });
    },
  };
}

function claimedIn(answer: Answer): Claimed {
  const { status, body } = answer;
  const { client_secret: secret, expires_at: endsAt } = body;
  if (status === 201 && typeof secret === 'string') return { outcome: 'successor', secret };
  if (status === 200) return { outcome: 'unchanged', endsAt: typeof endsAt === 'string' ? endsAt : undefined };
  return refused(answer);
}

/** It came over TLS from the issuer, so it is looked at and not verified: that this secret gets this client's tokens is what is asked. */
function requireToken({ body }: Answer, issuer: string, clientId: string): void {
  const { iss, client_id: client } = decodeJwt(String(body['access_token']));
  if (iss !== issuer || client !== clientId) throw new Error("the token is not this issuer's for this client");
}

function refused({ status, body }: Answer): { readonly outcome: 'refused' } & Refusal {
  const { error, error_description: description } = body;
  // A decision has a status of its own; anything else (429, 5xx) is nobody's, and worth another try.
  if (![400, 401, 403, 404, 409].includes(status)) throw new Error(`status ${status}`);
  return { outcome: 'refused', status, problem: `${String(error)}: ${String(description)}` };
}

async function post<T>(
  issuer: string,
  path: string,
  credentials: ClientCredentials,
  form: Readonly<Record<string, string>>,
  read: (answer: Answer) => T,
): Promise<T> {
  try {
    const response = await send(`${issuer}${path}`, credentials, form);
    const text = await boundedText(response);
    return read({ status: response.status, body: JSON.parse(text) as Answer['body'] });
  } catch (cause) {
    throw new Outage(`issuer:POST ${path}`, { cause });
  }
}

function send(url: string, { clientId, secret }: ClientCredentials, form: Readonly<Record<string, string>>): Promise<Response> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  // RFC 6749 section 2.3.1: both halves are form-encoded. Ids and secrets of ours have no character that this would change.
  const basic = Buffer.from(`${clientId}:${secret}`).toString('base64');
  const once = (): Promise<Response> =>
    fetch(url, {
      method: 'POST',
      headers: { accept: 'application/json', authorization: `Basic ${basic}` },
      body: new URLSearchParams(form),
      signal,
      redirect: 'error',
    });
  // A connection kept from before a freeze may be dead; asking again does no harm, and the time limit is the same.
  return once().catch((error: unknown) => {
    if (signal.aborted) throw error;
    return once();
  });
}
