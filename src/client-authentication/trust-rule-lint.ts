/**
 * What is wrong with a trust rule that is well formed: a refusal for what strangers could satisfy or bring about, a warning for what lets in
 * more than its author may mean. No rule with a refusal is stored.
 */
import { claimText, type ClaimCondition } from './claim-condition.ts';
import { imitatedHost, isTenantOfAzure, KNOWN_ISSUERS, type IdentityClaim } from './known-issuers.ts';
import type { TrustRuleProblem, TrustRuleTerms } from './trust-rule.ts';

export type LintFindings = { readonly refusals: readonly TrustRuleProblem[]; readonly warnings: readonly TrustRuleProblem[] };

/** @param own the issuer URL of this service. */
export function lintTrustRule(rule: TrustRuleTerms, own: string): LintFindings {
  const refusals = [...issuerFaults(rule, own), ...audienceFaults(rule), ...identityFaults(rule)];
  return { refusals, warnings: [...identityWarnings(rule), ...narrowingWarnings(rule), ...useWarnings(rule, own)] };
}

function issuerFaults({ issuer, kind, jwks, jwks_uri }: TrustRuleTerms, own: string): readonly TrustRuleProblem[] {
  const problems: string[] = [];
  if (issuer.replace(/\/$/, '') === own) problems.push('is this service itself: its own tokens are no assertions');
  const imitated = imitatedHost(new URL(issuer).hostname);
  if (imitated !== undefined) problems.push(`could be taken for ${imitated}`);
  if (kind === 'azure' && !isTenantOfAzure(issuer))
    problems.push('must name one tenant by its id: others stand for the tokens of everybody');
  const faults = problems.map((problem) => ({ field: 'issuer', problem }));
  if (!KNOWN_ISSUERS[kind].publishesKeys || (jwks === undefined && jwks_uri === undefined)) return faults;
  return [
    ...faults,
    { field: jwks === undefined ? 'jwks_uri' : 'jwks', problem: 'must not stand in for the keys that this issuer publishes' },
  ];
}

/** What tokens for others are made for: whoever is sent one could present it here. */
const OTHERS_AUDIENCES = [
  /^sts\.amazonaws\.com$/,
  /^sigstore$/,
  /^vault$/,
  /^api:\/\/AzureADTokenExchange/i,
  /^https:\/\/kubernetes\.default\.svc/,
  /^https:\/\/(?:github|gitlab)\.com(?:\/|$)/,
  /^https:\/\/(?:iam|management|storage)\.(?:googleapis|azure)\.com/,
  /^(?:\/\/|https:\/\/)iam\.googleapis\.com\//,
];

const audienceFaults = ({ audience }: TrustRuleTerms): readonly TrustRuleProblem[] =>
  OTHERS_AUDIENCES.some((known) => known.test(audience))
    ? [{ field: 'audience', problem: 'is that of tokens for another service, which could then present them here; take one of your own' }]
    : [];

function identityFaults({ kind, conditions }: TrustRuleTerms): readonly TrustRuleProblem[] {
  const { identities, advice } = KNOWN_ISSUERS[kind];
  if (identities.some((identity) => conditions.some((condition) => fixes(condition, identity)))) return [];
  return [{ field: 'conditions', problem: `could be met by strangers: none of them names the workload for ever. Fix ${advice}` }];
}

const sameClaim = (condition: ClaimCondition, { claim }: IdentityClaim): boolean => claimText(condition.claim) === claimText(claim);

function fixes(condition: ClaimCondition, identity: IdentityClaim): boolean {
  if (!sameClaim(condition, identity)) return false;
  if ('prefix' in condition) return identity.prefixForm?.test(condition.prefix) ?? false;
  const values = 'equals' in condition ? [condition.equals] : condition.one_of;
  return values.every((value) => typeof value === 'string' && identity.form.test(value));
}

/** Where the one claim that names somebody leaves much open. */
function identityWarnings({ kind, conditions }: TrustRuleTerms): readonly TrustRuleProblem[] {
  const fixed = KNOWN_ISSUERS[kind].identities.filter((identity) => conditions.some((condition) => fixes(condition, identity)));
  if (fixed.length === 0 || fixed.some(({ leavesOpen }) => leavesOpen === undefined)) return [];
  return fixed.map(({ claim, leavesOpen = '' }) => ({ field: 'conditions', problem: `with ${claimText(claim)} alone take ${leavesOpen}` }));
}

function narrowingWarnings({ kind, conditions }: TrustRuleTerms): readonly TrustRuleProblem[] {
  const { narrowing } = KNOWN_ISSUERS[kind];
  if (narrowing === undefined || conditions.some(({ claim }) => narrowing.claims.includes(claimText(claim)))) return [];
  return [{ field: 'conditions', problem: `take ${narrowing.warning}` }];
}

function useWarnings(
  { audience, maximum_age: age, single_use: singleUse, kind }: TrustRuleTerms,
  own: string,
): readonly TrustRuleProblem[] {
  const warnings: TrustRuleProblem[] = [];
  if (audience !== own)
    warnings.push({ field: 'audience', problem: 'is not this service: whoever else is sent such tokens could present them here' });
  if (age > 3600) warnings.push({ field: 'maximum_age', problem: 'is over an hour: a token that leaks serves for as long' });
  if (!singleUse && KNOWN_ISSUERS[kind].freshTokens)
    warnings.push({ field: 'single_use', problem: 'is off although this issuer gives fresh tokens to whoever asks' });
  return warnings;
}
