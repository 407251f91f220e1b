// An API key for a token, at the issuer's /token over HTTPS: bounded in time and size, no redirects.
import { Outage } from '../outage.ts';
import { TOKEN_USE } from '../tokens/authorizer-audience.ts';
import { boundedText } from './issuer-document.ts';

export type Exchanged =
  | { readonly outcome: 'token'; readonly token: string; readonly lifetimeSeconds: number }
  /** The issuer takes the key for none that it knows, or for none that may call here. */
  | { readonly outcome: 'refused' }
  /** The key is good for all that is known, and over its limit, or a guesser's network is. */
  | { readonly outcome: 'limited'; readonly retryAfterSeconds: number };

/** Throws `Outage` whatever else happens. */
export type ApiKeyExchange = (key: string, timeoutMs: number) => Promise<Exchanged>;

const RETRY_AFTER_DEFAULT_SECONDS = 1;

/** @param audience of the API that is protected. */
export const createApiKeyExchange =
  ({ issuer, audience }: { readonly issuer: string; readonly audience: string }): ApiKeyExchange =>
  async (key, timeoutMs) => {
    try {
      const response = await ask(issuer, audience, key, AbortSignal.timeout(timeoutMs));
      const text = await boundedText(response);
      return outcomeOf(response, text);
    } catch (cause) {
      throw new Outage('issuer:POST /token', { cause });
    }
  };

async function ask(issuer: string, audience: string, key: string, signal: AbortSignal): Promise<Response> {
  const form = { grant_type: 'client_credentials', resource: audience, [TOKEN_USE.parameter]: TOKEN_USE.authorizer };
  const once = (): Promise<Response> =>
    fetch(`${issuer}/token`, {
      method: 'POST',
      headers: { accept: 'application/json', 'x-api-key': key },
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

function outcomeOf({ status, headers }: Response, text: string): Exchanged {
  if (status === 200) return tokenIn(text);
  if (status === 429) return { outcome: 'limited', retryAfterSeconds: Number(headers.get('retry-after')) || RETRY_AFTER_DEFAULT_SECONDS };
  // RFC 6749 section 5.2: 400 and 401 say that this key gets no token for this audience. Anything else is nobody's decision.
  if (status === 400 || status === 401) return { outcome: 'refused' };
  throw new Error(`status ${status}`);
}

function tokenIn(text: string): Exchanged {
  const { access_token: token, expires_in: lifetimeSeconds } = JSON.parse(text) as { access_token?: unknown; expires_in?: unknown };
  if (typeof token !== 'string' || typeof lifetimeSeconds !== 'number') throw new TypeError('the answer is no token answer');
  return { outcome: 'token', token, lifetimeSeconds };
}
