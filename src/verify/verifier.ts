/**
 * The authorizer as a function, for handlers that no authorizer stands before: behind load balancers, at function URLs, in containers.
 * The same decision core, keys, feed and memory as the Lambda authorizer's; nothing of AWS, and nothing runs in the background.
 */
import { createApiKeyExchange } from '../authorizer/api-key-exchange.ts';
import { createAuthorizer, type Authorizer } from '../authorizer/authorizer.ts';
import { schemeOf } from '../authorizer/challenge.ts';
import { authorizerContext, type AuthorizerContext } from '../authorizer/context.ts';
import type { AccessRequest, Decision } from '../authorizer/decide.ts';
import type { DenialReason } from '../authorizer/denial.ts';
import { diagnose, type Diagnosis } from '../authorizer/diagnosis.ts';
import { fetchDocument } from '../authorizer/issuer-document.ts';
import { createIssuerFeed } from '../authorizer/issuer-feed.ts';
import { createIssuerKeys } from '../authorizer/issuer-keys.ts';
import { withoutRevocation } from '../authorizer/revocation.ts';
import type { ParsedRouteRule, RouteRule } from '../authorizer/route-rule.ts';
import type { AccessTokenClaims } from '../tokens/access-token.ts';
import { refusalAnswer, type RefusalAnswer } from './refusal-answer.ts';
import { createRouterReading } from './router-reading.ts';
import { rulesOf, settingsFrom, type Settings } from './verifier-settings.ts';
import { accessRequest, traceIdOf, type VerifyRequest } from './verify-request.ts';

/** What a token must have, whichever path was asked for; nothing of it: any valid token serves. */
export type Demand = Pick<RouteRule, 'scopes' | 'roles' | 'factors' | 'methods' | 'bound' | 'access'>;

export type VerifierOptions = Demand & {
  /** The issuer URL, without a trailing slash. */
  readonly issuer: string;
  /** What tokens must carry as `aud`. */
  readonly audience: string;
  /** Which routes need what, instead of a demand. The first rule that fits decides; where none fits, nobody passes. */
  readonly rules?: readonly RouteRule[];
  /**
   * `feed`: a revoked token is refused within 5 s; `off`: tokens live until they expire.
   * @default 'feed'
   */
  readonly revocation?: 'feed' | 'off';
  /**
   * What happens while the feed cannot be read; for `revocation: 'feed'` alone.
   * @default 'deny'
   */
  readonly whenStale?: 'deny' | 'allow';
  /**
   * The URL before the paths as callers know it, without a trailing slash: DPoP proofs name it.
   * @default none is known, and tokens that are bound to a key are refused
   */
  readonly publicUrl?: string;
  /** Told of every refusal, for the log. Neither token nor key is in it. */
  readonly onRefusal?: (refusal: Refusal) => void;
};

/** Who calls. */
export type Auth = {
  /** The verified token's; undefined for an anonymous caller, where `access` allows one. */
  readonly claims: AccessTokenClaims | undefined;
  /** What the Lambda authorizer would tell: strings, with every member always there. */
  readonly context: AuthorizerContext;
};
export type Refusal = {
  readonly reason: DenialReason;
  /** Expected and received values, what is missing, which rule: for the log, not for the caller. */
  readonly detail: Diagnosis;
  /** Of the refused token, as far as its signature vouches for it; else empty. */
  readonly clientId: string;
  readonly jti: string;
  readonly ip: string;
  readonly traceId: string;
  readonly answer: RefusalAnswer;
};
export type Verification = { readonly allowed: true; readonly auth: Auth } | { readonly allowed: false; readonly refusal: Refusal };

/** Never rejects for an outage: that is a refusal with status 503. */
export type Verify = (request: VerifyRequest) => Promise<Verification>;
export type Verifier = {
  /** By the options' rules or demand. */
  readonly verify: Verify;
  /** By a demand of its own, with the same keys, feed and memory. Throws `ConfigurationError` for one that cannot be. */
  readonly requiring: (demand: Demand) => Verify;
};

/** One for each issuer and audience in a process. Throws `ConfigurationError`, naming the option that cannot be. */
export function createVerifier(options: VerifierOptions): Verifier {
  const settings = settingsFrom(options);
  const { issuer, audience, revocation, whenStale } = settings;
  const clock = (): number => Date.now();
  const authorize = createAuthorizer({
    issuer,
    audience,
    rules: settings.rules,
    keys: createIssuerKeys({ issuer, fetchDocument }),
    revocation: revocation === 'off' ? withoutRevocation : createIssuerFeed({ issuer, fetchDocument, clock, whenStale }),
    exchange: createApiKeyExchange({ issuer, audience }),
    clock,
  });
  return {
    verify: verifyBy(settings.rules, settings.anyPath, authorize, settings),
    requiring: (demand) => verifyBy(rulesOf({ demand }), true, authorize, settings),
  };
}

/** @param anyPath where the rule is of a demand, which whoever routes the request has chosen already. */
function verifyBy(rules: readonly ParsedRouteRule[], anyPath: boolean, authorize: Authorizer, settings: Settings): Verify {
  const isReadOneWay = createRouterReading(rules);
  const pathFor = (asked: AccessRequest): string => {
    if (anyPath) return '/';
    // No rule fits the empty path.
    return isReadOneWay(asked) ? asked.path : '';
  };
  return async (request) => {
    const sent = accessRequest(request, settings.publicUrl);
    const asked = { ...sent, path: pathFor(sent) };
    const decision = await authorize({ ...asked, rules });
    const traceId = traceIdOf(request);
    if (decision.allowed) return { allowed: true, auth: whoCalls(decision, traceId) };
    const { denial, subject } = decision;
    const refusal: Refusal = {
      reason: denial.reason,
      detail: diagnose(denial, subject, asked, {
        ...settings,
        rules,
        now: Math.floor(Date.now() / 1000),
      }),
      clientId: subject?.client_id ?? '',
      jti: subject?.jti ?? '',
      ip: asked.ip ?? '',
      traceId,
      answer: refusalAnswer(denial, schemeOf(asked.authorization[0]), traceId),
    };
    settings.onRefusal?.(refusal);
    return { allowed: false, refusal };
  };
}

const whoCalls = ({ token }: Extract<Decision, { allowed: true }>, traceId: string): Auth => ({
  claims: token?.claims,
  context: authorizerContext(token, traceId),
});
