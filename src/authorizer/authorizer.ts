/**
 * The decision core (decide.ts) with what it needs around it: keys and revocations fetched in time, tokens remembered,
 * outages told as denials. What is wired in decides whether it reads the issuer's documents or the table.
 */
import { Outage } from '../outage.ts';
import { ok, refuse } from '../result.ts';
import { isExpired, verifySignedAccessToken } from '../tokens/access-token.ts';
import { bearerToken } from './bearer.ts';
import { judge, type AccessRequest, type Decision, type Examined } from './decide.ts';
import type { Keys, KeySource } from './issuer-keys.ts';
import { NOTHING_REVOKED, type RevocationSource } from './revocation.ts';
import type { ParsedRouteRule } from './route-rule.ts';
import { createVerifiedTokens } from './verified-tokens.ts';

export type AuthorizerDeps = {
  readonly issuer: string;
  readonly audience: string;
  readonly rules: readonly ParsedRouteRule[];
  readonly keys: KeySource;
  readonly revocation: RevocationSource;
  /** Epoch milliseconds. */
  readonly clock: () => number;
};
/** Never rejects for an outage: that is a denial with status 503. */
export type Authorizer = (request: AccessRequest) => Promise<Decision>;

export function createAuthorizer({ issuer, audience, rules, keys: keySource, revocation, clock }: AuthorizerDeps): Authorizer {
  const remembered = createVerifiedTokens();

  /** Keys and revocations at once: a cold start waits for the slower of the two, not for their sum. */
  const refresh = (nowMs: number): Promise<unknown> | undefined => {
    const waits = [keySource.prepare(nowMs), revocation.prepare(nowMs)].filter((wait) => wait !== undefined);
    return waits.length > 0 ? Promise.all(waits) : undefined;
  };

  const verify = (token: string, keys: Keys, now: number): Examined => {
    const digest = remembered.digestOf(token);
    const known = remembered.find(digest, keys);
    // An expired one goes through verification again, for its reason.
    if (known !== undefined && !isExpired(known.claims, now)) return ok(known);
    const verified = verifySignedAccessToken({ token, keys, issuer, audience, now });
    if (verified.ok) remembered.remember(digest, verified.value, keys);
    return verified;
  };

  const examine = (token: string, nowMs: number): Examined | Promise<Examined> => {
    const now = Math.floor(nowMs / 1000);
    const verified = verify(token, keySource.held(nowMs), now);
    if (verified.ok || verified.failure.reason !== 'key_unknown') return verified;
    const { kid } = verified.failure;
    return keySource.lookFor(kid, nowMs).then((keys) => (keys.has(kid) ? verify(token, keys, now) : verified));
  };

  const judgeWithout = (request: AccessRequest, examined: Examined): Decision => judge(request, examined, NOTHING_REVOKED, rules);

  const judgeExamined = (request: AccessRequest, examined: Examined): Decision | Promise<Decision> => {
    if (!examined.ok || examined.value === undefined) return judgeWithout(request, examined);
    const view = revocation.view(examined.value, clock());
    if (view instanceof Promise) return view.then((read) => judge(request, examined, read, rules));
    return judge(request, examined, view, rules);
  };

  return async (request) => {
    const bearer = bearerToken(request.authorization);
    if (!bearer.ok || bearer.value === undefined) return judgeWithout(request, bearer as Examined);
    const nowMs = clock();
    let missing: 'keys_unavailable' | 'revocation_unavailable' = 'keys_unavailable';
    try {
      const waiting = refresh(nowMs);
      if (waiting !== undefined) await waiting;
      // What is in memory is not awaited: each turn of the event loop costs as much as the rest of a remembered token.
      const examining = examine(bearer.value, nowMs);
      const examined = examining instanceof Promise ? await examining : examining;
      missing = 'revocation_unavailable';
      const decision = judgeExamined(request, examined);
      return decision instanceof Promise ? await decision : decision;
    } catch (error) {
      if (!(error instanceof Outage)) throw error;
      return judgeWithout(request, refuse({ reason: missing, dependency: error.dependency }));
    }
  };
}
