/**
 * What a request brings to be let in: an access token, or an API key of ours, and never both, since one would hide what became of
 * the other. Headers alone are read: never a query string, a body or a cookie.
 */
import { ok, refuse, type Result } from '../result.ts';
import { parseApiKey } from '../tokens/api-key.ts';
import { apiKeyInAuthorization, isApiKeyHeader } from '../tokens/api-key-header.ts';
import { presentedToken, type BearerFault, type PresentedToken } from './bearer.ts';

export type Credential = ({ readonly kind: 'token' } & PresentedToken) | { readonly kind: 'api_key'; readonly key: string };

export type CredentialFault =
  | BearerFault
  | { readonly reason: 'credentials_several' }
  /** Not of our form, or with a typing error. */
  | { readonly reason: 'api_key_malformed' };

/** Every value of the two headers. */
export type CredentialHeaders = { readonly authorization: readonly string[]; readonly apiKey: readonly string[] };

/** Undefined where there is none. */
export function credentialOf({ authorization, apiKey }: CredentialHeaders): Result<Credential | undefined, CredentialFault> {
  // API Gateway's usage plans have their keys in this header too: what is not ours is left alone.
  const [own, ...more] = apiKey.filter(isApiKeyHeader);
  const presented = presentedToken(authorization);
  if (!presented.ok) return presented;
  const token = presented.value;
  if (own === undefined) return token === undefined ? ok(undefined) : fromBearer(token);
  return token === undefined && more.length === 0 ? fromKey(own) : refuse({ reason: 'credentials_several' });
}

const fromBearer = ({ scheme, token }: PresentedToken): Result<Credential, CredentialFault> =>
  apiKeyInAuthorization(`Bearer ${token}`) === undefined ? ok({ kind: 'token', scheme, token }) : fromKey(token);

const fromKey = (key: string): Result<Credential, CredentialFault> =>
  parseApiKey(key) === undefined ? refuse({ reason: 'api_key_malformed' }) : ok({ kind: 'api_key', key });
