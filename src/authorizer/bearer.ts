// The access token of a request (RFC 6750 section 2.1, RFC 9449 section 7.1): from the Authorization header alone, never a query, body or cookie.
import { ok, refuse, type Result } from '../result.ts';
import { schemeOf, type Scheme } from './challenge.ts';

export type PresentedToken = { readonly scheme: Scheme; readonly token: string };

export type BearerFault =
  | { readonly reason: 'authorization_repeated' }
  | { readonly reason: 'authorization_not_bearer' }
  | { readonly reason: 'authorization_malformed' };

/** `credentials = "Bearer" 1*SP b64token`; the scheme's case does not matter (RFC 9110 section 11.1). */
const SCHEME = /^(?:bearer|dpop)(?: +|$)/i;
const USUAL = 'Bearer ';

/**
 * @param values every value of the request's Authorization headers.
 * @returns the token and how it is presented; undefined when there is no such header. Whether it is one of ours is for its parser to say.
 */
export function presentedToken(values: readonly string[]): Result<PresentedToken | undefined, BearerFault> {
  const [value] = values;
  if (values.length > 1) return refuse({ reason: 'authorization_repeated' });
  if (value === undefined || value === '') return ok(undefined);
  const token = afterScheme(value);
  if (token === undefined) return refuse({ reason: 'authorization_not_bearer' });
  // API Gateway's HTTP APIs join several headers with commas, which no token contains.
  if (token === '' || token.includes(',') || token.includes(' ')) return refuse({ reason: 'authorization_malformed' });
  return ok({ scheme: schemeOf(value), token });
}

function afterScheme(value: string): string | undefined {
  if (value.startsWith(USUAL) && value[USUAL.length] !== ' ') return value.slice(USUAL.length);
  const scheme = SCHEME.exec(value)?.[0];
  return scheme === undefined ? undefined : value.slice(scheme.length);
}
