/**
 * The decision core (decide.ts) with what it needs around it: keys and revocations fetched in time, tokens remembered, API keys
 * exchanged for tokens, outages told as denials. What is wired in decides whether it reads the issuer's documents or the table.
 */
import { certificateFault, certificateIds, type Certificate } from '../client-authentication/certificate.ts';
import { Outage } from '../outage.ts';
import { ok, refuse } from '../result.ts';
import { authorizerAudience } from '../tokens/authorizer-audience.ts';
import type { ApiKeyExchange } from './api-key-exchange.ts';
import { createApiKeyTokens } from './api-key-tokens.ts';
import type { PresentedToken } from './bearer.ts';
import { isByCertificate } from './connection.ts';
import { credentialOf } from './credential.ts';
import { judge, judgeCertificate, type AccessRequest, type Decision, type Examined } from './decide.ts';
import type { Denial } from './denial.ts';
import type { KeySource } from './issuer-keys.ts';
import { NOTHING_REVOKED, type RevocationSource, type RevocationView } from './revocation.ts';
import { createProofMemory, type ProofMemory } from './proof-memory.ts';
import { proofOf } from './proof.ts';
import { ruleFor, type ParsedRouteRule } from './route-rule.ts';
import { createTokenVerifier, type TokenVerifier } from './token-verifier.ts';

export type AuthorizerDeps = {
  readonly issuer: string;
  readonly audience: string;
  readonly rules: readonly ParsedRouteRule[];
  readonly keys: KeySource;
  readonly revocation: RevocationSource;
  readonly exchange: ApiKeyExchange;
  /** @default the memory of this environment */
  readonly proofs?: ProofMemory;
  /** Epoch milliseconds. */
  readonly clock: () => number;
};
/** `rules` are for this request, in place of those that hold for all. */
type RuledRequest = AccessRequest & { readonly rules?: readonly ParsedRouteRule[] };
/** Never rejects for an outage: that is a denial with status 503. */
export type Authorizer = (request: RuledRequest) => Promise<Decision>;

export function createAuthorizer(deps: AuthorizerDeps): Authorizer {
  const { issuer, audience, rules, keys, revocation, exchange, clock, proofs = createProofMemory() } = deps;
  const verify = createTokenVerifier({ issuer, audience, keys });
  /** A token that an API key was exchanged for; the API is told of the audience that its client has. */
  const verifyExchanged = createTokenVerifier({
    issuer,
    audience: authorizerAudience(audience),
    keys,
    asTold: ({ claims, kid }) => ({ claims: { ...claims, aud: audience }, kid }),
  });
  const apiKeys = createApiKeyTokens(exchange, clock);

  /** Keys and revocations at once: a cold start waits for the slower of the two, not for their sum. */
  const refresh = (nowMs: number): Promise<unknown> | undefined => {
    const waits = [keys.prepare(nowMs), revocation.prepare(nowMs)].filter((wait) => wait !== undefined);
    return waits.length > 0 ? Promise.all(waits) : undefined;
  };

  const judgeBy = (request: RuledRequest, examined: Examined, view: RevocationView): Decision =>
    judge(request, examined, view, request.rules ?? rules);
  const judgeWithout = (request: RuledRequest, examined: Examined): Decision => judgeBy(request, examined, NOTHING_REVOKED);

  const judgeExamined = (request: RuledRequest, examined: Examined): Decision | Promise<Decision> => {
    if (!examined.ok || examined.value === undefined) return judgeWithout(request, examined);
    const view = revocation.view(examined.value, clock());
    if (view instanceof Promise) return view.then((read) => judgeBy(request, examined, read));
    return judgeBy(request, examined, view);
  };

  /** The proof is judged beside the token's own form, and spent last, once everything else lets it pass. */
  const decideProven = async (request: RuledRequest, token: string, examined: Examined): Promise<Decision> => {
    if (!examined.ok || examined.value === undefined) return judgeWithout(request, examined);
    const { claims } = examined.value;
    const proof = proofOf(request, token, claims, Math.floor(clock() / 1000));
    if (!proof.ok) return judgeWithout(request, proof);
    const decision = await judgeExamined({ ...request, jkt: proof.value.jkt }, examined);
    if (!decision.allowed || decision.token === undefined) return decision;
    try {
      if (await proofs.spend(proof.value, clock())) return decision;
    } catch (error) {
      if (!(error instanceof Outage)) throw error;
      return judgeWithout(request, refuse({ reason: 'proofs_unavailable', dependency: error.dependency }));
    }
    return judgeWithout(request, refuse({ reason: 'dpop_proof_replayed', claims }));
  };

  const decideToken = async (request: RuledRequest, { scheme, token }: PresentedToken, verifier: TokenVerifier): Promise<Decision> => {
    const nowMs = clock();
    let missing: 'keys_unavailable' | 'revocation_unavailable' = 'keys_unavailable';
    try {
      const waiting = refresh(nowMs);
      if (waiting !== undefined) await waiting;
      // What is in memory is not awaited: each turn of the event loop costs as much as the rest of a remembered token.
      const examining = verifier(token, nowMs);
      const examined = examining instanceof Promise ? await examining : examining;
      missing = 'revocation_unavailable';
      if (scheme === 'DPoP') return await decideProven(request, token, examined);
      const decision = judgeExamined(request, examined);
      return decision instanceof Promise ? await decision : decision;
    } catch (error) {
      if (!(error instanceof Outage)) throw error;
      return judgeWithout(request, refuse({ reason: missing, dependency: error.dependency }));
    }
  };

  const decideApiKey = async (request: RuledRequest, key: string): Promise<Decision> => {
    const token = await apiKeys.tokenOf(key, request.ip, clock());
    if (!token.ok) return judgeWithout(request, token);
    const decision = await decideToken(request, { scheme: 'Bearer', token: token.value }, verifyExchanged);
    // The key may be good although its token was revoked since, with all others of its client: the issuer says so.
    if (!isStale(decision) || !apiKeys.forget(key, clock())) return decision;
    const fresh = await apiKeys.tokenOf(key, request.ip, clock());
    return fresh.ok ? decideToken(request, { scheme: 'Bearer', token: fresh.value }, verifyExchanged) : judgeWithout(request, fresh);
  };

  /** Why the certificate of the connection serves for nothing; undefined when it does serve. */
  const connectionFaultOf = async (certificate: Certificate): Promise<Denial | undefined> => {
    const nowMs = clock();
    const fault = certificateFault(certificate, Math.floor(nowMs / 1000));
    if (fault !== undefined) return { reason: 'certificate_unusable', fault };
    try {
      await revocation.prepare(nowMs);
      const denied = await revocation.denies(certificateIds(certificate), nowMs);
      return denied ? { reason: 'certificate_denied', thumbprint: certificate.thumbprint } : undefined;
    } catch (error) {
      if (!(error instanceof Outage)) throw error;
      return { reason: 'revocation_unavailable', dependency: error.dependency };
    }
  };

  const decideCertified = async (request: RuledRequest, certificate: Certificate): Promise<Decision> => {
    const fault = await connectionFaultOf(certificate);
    if (fault !== undefined) return judgeWithout(request, refuse(fault));
    const own = request.rules ?? rules;
    const credential = credentialOf(request);
    const sent = credential.ok ? (credential.value?.kind ?? 'none') : undefined;
    return isByCertificate(ruleFor(own, request), sent, request) ? judgeCertificate(request, own) : decideSent(request);
  };

  const decideSent = (request: RuledRequest): Promise<Decision> => {
    const credential = credentialOf(request);
    if (!credential.ok) return Promise.resolve(judgeWithout(request, credential));
    if (credential.value === undefined) return Promise.resolve(judgeWithout(request, ok(undefined)));
    return credential.value.kind === 'token'
      ? decideToken(request, credential.value, verify)
      : decideApiKey({ ...request, by: 'api_key' }, credential.value.key);
  };

  return (request) => (request.certificate === undefined ? decideSent(request) : decideCertified(request, request.certificate));
}

/** Reasons for which a token that an issuer gave a while ago may serve no more while its API key does. */
const STALE: ReadonlySet<Denial['reason']> = new Set<Denial['reason']>([
  'token_revoked',
  'session_ended',
  'epoch_raised',
  'key_distrusted',
  'key_unknown',
  'token_expired',
]);

const isStale = (decision: Decision): boolean => !decision.allowed && STALE.has(decision.denial.reason);
