// Reads what a verifier is made with, as strictly as the authorizer reads its environment: plain JavaScript has no types to do so.
import { parseRouteRules, type ParsedRouteRule, type RouteRule } from '../authorizer/route-rule.ts';
import { ConfigurationError, issuerUrl, oneOf, required } from '../environment.ts';
import type { Demand, Refusal, VerifierOptions } from './verifier.ts';

export type Settings = {
  readonly issuer: string;
  readonly audience: string;
  readonly rules: readonly ParsedRouteRule[];
  /** Whether the one rule is a demand, which holds whatever the path. */
  readonly anyPath: boolean;
  readonly revocation: 'feed' | 'off';
  readonly whenStale: 'deny' | 'allow';
  readonly publicUrl: string | undefined;
  readonly onRefusal: ((refusal: Refusal) => void) | undefined;
};

export function settingsFrom(options: VerifierOptions): Settings {
  const { issuer, audience, rules, revocation = 'feed', whenStale, publicUrl, onRefusal, ...demand } = options;
  const texts = { issuer, audience, revocation, whenStale: whenStale ?? 'deny', publicUrl };
  if (whenStale !== undefined && revocation !== 'feed')
    throw new ConfigurationError('whenStale', "may be given with revocation 'feed' alone, because nothing else can be stale");
  return {
    issuer: issuerUrl(texts, 'issuer'),
    audience: required(texts, 'audience'),
    rules: rulesOf({ ...(rules && { rules }), demand }),
    anyPath: rules === undefined,
    revocation: oneOf(texts, 'revocation', ['feed', 'off']),
    whenStale: oneOf(texts, 'whenStale', ['deny', 'allow']),
    publicUrl: publicUrl === undefined ? undefined : issuerUrl(texts, 'publicUrl'),
    onRefusal,
  };
}

/** A demand becomes the one rule of whatever path; a member that no rule has, such as a misspelt option, is refused with it. */
export function rulesOf({ rules, demand }: { readonly rules?: readonly RouteRule[]; readonly demand: Demand }): readonly ParsedRouteRule[] {
  const [stranger] = Object.keys(demand);
  if (rules !== undefined && stranger !== undefined) throw new ConfigurationError(stranger, 'cannot be given beside rules');
  const parsed = parseRouteRules(rules ?? [{ ...demand, method: 'ANY', path: '/' }]);
  if (!parsed.ok) throw new ConfigurationError(rules === undefined ? 'demand' : 'rules', parsed.failure);
  return parsed.value;
}
