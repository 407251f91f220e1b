/**
 * Tokens of external issuers, by the trust rules that are in force at this very request: read what it says → the issuer's rules, by one
 * consistent Query → its keys, normally from memory → every rule judged. Nobody is asked for keys whom no rule names.
 */
import type { Mismatch, RuleKeys } from '../client-authentication/external-token.ts';
import {
  chooseRule,
  judgeByRule,
  readExternalToken,
  shown,
  type ExternalToken,
  type RuleJudgement,
} from '../client-authentication/external-token.ts';
import type { TrustRule } from '../client-authentication/trust-rule.ts';
import { Outage } from '../outage.ts';
import { ok, refuse, type Result } from '../result.ts';
import { keysAmong } from '../tokens/jwks.ts';
import type { IssuerDiscovery, JwksSource, TrustRuleStore } from './stores.ts';

export type ExternalTokenDeps = {
  readonly trustRules: Pick<TrustRuleStore, 'ofIssuer'>;
  readonly issuers: IssuerDiscovery;
  readonly jwks: JwksSource;
};

export type ExternalTokenFault = {
  readonly cause: 'token_malformed' | 'issuer_not_trusted' | 'rule_ambiguous' | 'no_rule_matches';
  /** As the token says, unverified; empty where it says none. */
  readonly issuer: string;
  readonly subject: string;
  /** The rule that came closest, and what it did not take. */
  readonly rule: string;
  readonly detail: string;
};

/** A token that a rule takes. Its `jti` is yet to be spent where the rule lets it serve once. */
export type ExaminedExternalToken = { readonly token: ExternalToken; readonly rule: TrustRule };

/**
 * @param clientId the client that the request means; undefined = whichever the rules say, if they all say the same.
 * Throws `Outage` where the rules cannot be read, or the keys cannot be had and no rule takes the token without them.
 */
export async function examineExternalToken(
  text: string,
  clientId: string | undefined,
  nowMs: number,
  deps: ExternalTokenDeps,
): Promise<Result<ExaminedExternalToken, ExternalTokenFault>> {
  const token = readExternalToken(text);
  if (token === undefined) return refuse({ cause: 'token_malformed', issuer: '', subject: '', rule: '', detail: '' });
  const judgements = await judgeByRules(token, clientId, nowMs, deps);
  const rule = chooseRule(judgements);
  return rule.ok ? ok({ token, rule: rule.value }) : refuse({ cause: rule.failure, ...said(token), ...nearest(judgements) });
}

/** Every rule of the token's issuer, with why it does not take the token. */
export async function judgeByRules(
  token: ExternalToken,
  clientId: string | undefined,
  nowMs: number,
  deps: ExternalTokenDeps,
): Promise<readonly RuleJudgement[]> {
  const rules = await deps.trustRules.ofIssuer(token.issuer, clientId);
  const sources = new Map<string, Promise<RuleKeys | Outage>>();
  const judgements: RuleJudgement[] = [];
  let outage: Outage | undefined;
  for (const rule of rules) {
    const name = JSON.stringify([rule.jwks, rule.jwks_uri]);
    const source = sources.get(name) ?? keysOf(rule, token, nowMs, deps).catch(asOutage);
    sources.set(name, source);
    const keys = await source;
    if (keys instanceof Outage) outage = keys;
    else judgements.push(judgeByRule(token, rule, keys, Math.floor(nowMs / 1000)));
  }
  // Without its keys a rule can refuse nobody for certain.
  if (outage !== undefined && !chooseRule(judgements).ok) throw outage;
  return judgements;
}

function asOutage(error: unknown): Outage {
  if (error instanceof Outage) return error;
  throw error;
}

/** All kinds of issuers sign with RSA by RS256, also those that leave it out of their keys (Entra ID). */
const RSA = 'RS256';

async function keysOf(rule: TrustRule, token: ExternalToken, nowMs: number, { issuers, jwks }: ExternalTokenDeps): Promise<RuleKeys> {
  if (rule.jwks !== undefined) return ok(keysAmong(rule.jwks.keys, RSA));
  const uri = rule.jwks_uri === undefined ? await issuers.jwksUri(rule.issuer, nowMs) : ok(rule.jwks_uri);
  return uri.ok ? jwks.keys({ url: uri.value, kid: token.header.kid, rsaAlgorithm: RSA }, nowMs) : uri;
}

const said = ({ issuer, claims: { sub } }: ExternalToken) => ({ issuer: shown(issuer), subject: shown(sub) });

const inWords = ({ check, expected, found }: Mismatch): string => `${check}: expected ${expected}, found ${found}`;

function nearest(judgements: readonly RuleJudgement[]): Pick<ExternalTokenFault, 'rule' | 'detail'> {
  const [closest] = judgements.toSorted((one, other) => one.mismatches.length - other.mismatches.length);
  return { rule: closest?.rule.id ?? '', detail: closest?.mismatches.map(inWords).join('; ') ?? '' };
}
