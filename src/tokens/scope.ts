// RFC 6749 section 3.3: scope = scope-token *( SP scope-token ), scope-token = 1*( %x21 / %x23-5B / %x5D-7E ).
import { ok, refuse, type Result } from '../result.ts';

const SCOPE_TOKEN = /^[\x21\x23-\x5B\x5D-\x7E]+$/;
/** The scope that lets its bearer manage clients; never granted unless asked for by name. */
export const MANAGE_CLIENTS = 'clients:manage';

/** Splits a scope parameter at single spaces; repeats collapse to one. Undefined when it is not scope syntax. */
export function parseScope(text: string): readonly string[] | undefined {
  const tokens = text.split(' ');
  return tokens.every((token) => SCOPE_TOKEN.test(token)) ? [...new Set(tokens)] : undefined;
}

export const formatScope = (scope: readonly string[]): string => scope.join(' ');

/** `allowed`: the scopes that could have been granted. */
export type ScopeFailure =
  { readonly reason: 'scope_malformed' } | { readonly reason: 'scope_not_allowed'; readonly scope: string; readonly allowed: string };

/**
 * What is granted of what was asked: all of it or nothing, never a silent part (RFC 6749 section 3.3 lets a server narrow;
 * a machine that gets less than it asked for fails later and further away).
 * @param requested the `scope` parameter, undefined when omitted.
 * @param allowed the scopes that may be granted; `fallback` is granted when none is asked for.
 */
export function grantScope(
  requested: string | undefined,
  allowed: readonly string[],
  fallback: readonly string[],
): Result<readonly string[], ScopeFailure> {
  if (requested === undefined) return ok(fallback);
  const scope = parseScope(requested);
  if (scope === undefined) return refuse({ reason: 'scope_malformed' });
  const stranger = scope.find((token) => !allowed.includes(token));
  return stranger === undefined ? ok(scope) : refuse({ reason: 'scope_not_allowed', scope: stranger, allowed: formatScope(allowed) });
}
