/**
 * POST /token (RFC 6749 section 3.2):
 * parse → grant type → exactly one credential → [DPoP proof] → [refresh token: form and MAC] → limits, beside reading the client → authenticate →
 * grant registered → scope and audience → quotas, if it has any → sign, beside storing a new session, or hand out the same again → answer.
 */
import { isGuessable, presentedAtToken, presentedBy, proveApiKeyCaller, proveCaller, type Presented } from './caller.ts';
import { externalReason } from '../client-authentication/authenticate-by-external-token.ts';
import type { AuthenticatedClient } from '../client-authentication/authenticate.ts';
import type { PresentationFailure } from '../client-authentication/presented.ts';
import type { PresentedApiKey } from '../client-authentication/presented-api-key.ts';
import type { AuditEvent } from '../audit/event.ts';
import * as events from '../audit/events.ts';
import { GRANT_TYPES, type GrantType } from '../clients/client.ts';
import { clientCredentials } from '../grants/client-credentials.ts';
import type { TokenDecision } from '../grants/issued-token.ts';
import { nowSeconds, type HttpRequest, type HttpResponse } from '../http/message.ts';
import { readParameters, type Parameters } from '../http/parameters.ts';
import { ok, refuse, type Result } from '../result.ts';
import { logAudit } from '../telemetry/log.ts';
import type { AccessTokenClaims } from '../tokens/access-token.ts';
import { TOKEN_USE } from '../tokens/authorizer-audience.ts';
import { formatRefreshToken, newHandle, sidOf } from '../tokens/refresh-token.ts';
import type { ReusableToken } from '../tokens/reusable-token.ts';
import type { Session } from '../tokens/session.ts';
import { admit, type Admitted } from './admission.ts';
import { proveKey, spendProofThen } from './dpop.ts';
import { presentedExternalToken, proveExternalCaller, spendExternalToken, type PresentedExternalToken } from './external-caller.ts';
import type { Failure, GrantFailure } from './failure.ts';
import { boundCaller } from './binding.ts';
import { freshId } from './fresh-id.ts';
import { draftAccessToken, signAccessToken, tokenAnswer } from './issue.ts';
import { macKeyOf } from './mac-key.ts';
import { spendQuota } from './quota.ts';
import { refreshByToken } from './refresh.ts';
import { reportUse } from './report-use.ts';
import { expectReuse, keepToReuse, placeFor, tokenToReuse, type Expectation } from './reuse.ts';
import type { RateWindow } from './stores.ts';
import type { TokenDeps } from './token-deps.ts';
import { factsOf, refuseWith, startTrail, succeed, type Trail } from './trail.ts';

export const createTokenEndpoint =
  (deps: TokenDeps) =>
  async (request: HttpRequest): Promise<HttpResponse> => {
    const trail = startTrail('token', request);
    const answer = await grantToken(trail, deps);
    return answer.ok ? succeed(trail, 200, answer.value) : refuseWith(answer.failure, trail, deps);
  };

type Answer = Result<Readonly<Record<string, unknown>>, Failure>;

async function grantToken(trail: Trail, deps: TokenDeps): Promise<Answer> {
  const parameters = readParameters(trail.request, { json: false });
  if (!parameters.ok) return parameters;
  const external = presentedExternalToken(trail.request, parameters.value);
  if (external !== undefined) return external.ok ? grantByExternalToken(trail, parameters.value, external.value, deps) : external;
  const presented = presentedAtToken(trail.request, parameters.value);
  const grantType = chooseGrantType(parameters.value, presented);
  if (!grantType.ok) return grantType;
  if (!presented.ok) return presented;
  return grantType.value === 'refresh_token'
    ? refreshByToken(trail, parameters.value, presentedBy(trail.request, parameters.value), deps)
    : grantClientCredentials(trail, parameters.value, presented.value, deps);
}

/** With one of the two older ways of presenting a secret, and only then, an absent grant_type means client_credentials. */
type Proof = Presented | PresentedApiKey;

function chooseGrantType(parameters: Parameters, presented: Result<Proof, PresentationFailure>): Result<GrantType, GrantFailure> {
  const grantType = parameters.get('grant_type');
  if (grantType === undefined) {
    const isLegacy = presented.ok && (presented.value.method === 'legacy_form' || presented.value.method === 'legacy_headers');
    return isLegacy ? ok('client_credentials') : refuse({ reason: 'parameter_missing', parameter: 'grant_type' });
  }
  const known = GRANT_TYPES.find((candidate) => candidate === grantType);
  return known === undefined ? refuse({ reason: 'grant_type_unknown' }) : ok(known);
}

async function grantClientCredentials(trail: Trail, parameters: Parameters, presented: Proof, deps: TokenDeps): Promise<Answer> {
  const proof = await proveKey(trail, deps.settings.issuer, deps);
  if (!proof.ok) return proof;
  deps.signer.prepare(nowSeconds(trail.request));
  const isApiKey = presented.method === 'api_key';
  const forAuthorizer = isForAuthorizer(presented, parameters);
  const expected = expectReuse(presented, parameters, nowSeconds(trail.request), deps);
  const admitted = await admit(trail, presented.clientId, { ...wantedFor(presented, forAuthorizer), ...expected.wanted }, deps);
  if (!admitted.ok) return admitted;
  const caller = await proveBinding(trail, presented, admitted.value, forAuthorizer, deps);
  if (!caller.ok) return caller;
  const { client } = caller.value;
  if (!client.grant_types.includes('client_credentials'))
    return refuse({ reason: 'grant_not_registered', grantType: 'client_credentials' });
  const decision = clientCredentials.decide(caller.value, parameters, deps.settings.issuer);
  if (!decision.ok) return decision;
  const quota = await spendQuota(trail, client, deps);
  if (!quota.ok) return quota;
  // An API key is sent again instead of refreshed.
  if (client.grant_types.includes('refresh_token') && !isApiKey) return issueWithSession(trail, caller.value, decision.value, deps);
  const alone = { ...decision.value, ...(forAuthorizer && { forAuthorizer }) };
  return issueOrReuse(trail, caller.value, alone, { expected, presented, admitted: admitted.value }, deps);
}

/** For a token of an external issuer, as client authentication or as a grant: it is sent again instead of refreshed. */
async function grantByExternalToken(
  trail: Trail,
  parameters: Parameters,
  presented: PresentedExternalToken,
  deps: TokenDeps,
): Promise<Answer> {
  const proof = await proveKey(trail, deps.settings.issuer, deps);
  if (!proof.ok) return proof;
  deps.signer.prepare(nowSeconds(trail.request));
  const proven = await proveExternalCaller(trail, presented, deps);
  if (!proven.ok) return proven;
  const { examined, admitted } = proven.value;
  const caller = boundCaller(trail, proven.value.caller);
  if (!caller.ok) return caller;
  const decision = clientCredentials.decide(caller.value, parameters, deps.settings.issuer);
  if (!decision.ok) return decision;
  const quota = await spendQuota(trail, caller.value.client, deps);
  if (!quota.ok) return quota;
  const claims = draftAccessToken(decision.value, freshId(deps.random), nowSeconds(trail.request), deps.settings);
  // Signed first and spent last, so that an outage uses up no token.
  const signed = await signAccessToken(claims, deps.settings, deps.signer);
  const spent = await spendExternalToken(trail, examined, presented, deps);
  if (!spent.ok) return spent;
  const accessToken = await issueAlone(trail, caller.value, claims, admitted.window, deps, signed);
  return accessToken.ok ? ok(tokenAnswer(accessToken.value, claims)) : accessToken;
}

/** Client authentication, and what the tokens are going to be bound to. */
async function proveBinding(
  trail: Trail,
  presented: Proof,
  admitted: Admitted,
  forAuthorizer: boolean,
  deps: TokenDeps,
): Promise<Result<AuthenticatedClient, Failure>> {
  const caller =
    presented.method === 'api_key'
      ? await proveApiKeyCaller(trail, presented, admitted, !forAuthorizer, deps)
      : await proveCaller(trail, presented, admitted, deps);
  return caller.ok ? boundCaller(trail, caller.value) : caller;
}

/** Without a session: a new token, or for a client with `reuse_tokens` the one that the same request got before. */
async function issueOrReuse(
  trail: Trail,
  caller: AuthenticatedClient,
  decision: TokenDecision,
  { expected, presented, admitted }: { readonly expected: Expectation; readonly presented: Proof; readonly admitted: Admitted },
  deps: TokenDeps,
): Promise<Answer> {
  const claims = draftAccessToken(decision, freshId(deps.random), nowSeconds(trail.request), deps.settings);
  if (caller.client.reuse_tokens !== true) {
    // Of a client that had the option before.
    deps.rememberedTokens.forget(expected.request);
    const issued = await issueAlone(trail, caller, claims, admitted.window, deps);
    return issued.ok ? ok(tokenAnswer(issued.value, claims)) : issued;
  }
  const place = placeFor(expected, presented, caller, claims);
  const kept = await tokenToReuse(trail, place, claims, expected, admitted, deps);
  if (kept !== undefined) return handOutAgain(trail, caller, kept, claims, admitted.window, deps);
  const accessToken = await issueAlone(trail, caller, claims, admitted.window, deps);
  if (!accessToken.ok) return accessToken;
  await keepToReuse(trail, place, accessToken.value, claims.iat, deps);
  return ok(tokenAnswer(accessToken.value, claims));
}

const isForAuthorizer = (presented: Proof, parameters: Parameters): boolean =>
  presented.method === 'api_key' && parameters.get(TOKEN_USE.parameter) === TOKEN_USE.authorizer;

/** An authorizer's address stands for everybody who calls its API: the rate limits bound them, and one of them locks nobody out. */
const wantedFor = (presented: Proof, forAuthorizer: boolean) =>
  presented.method === 'api_key' ? { apiKeyId: presented.id, guessing: !forAuthorizer } : { guessing: isGuessable(presented) };

/** An access token without a session: its record is a log line, or in strict mode a write beside the signature. */
async function issueAlone(
  trail: Trail,
  caller: AuthenticatedClient,
  claims: AccessTokenClaims,
  window: RateWindow,
  deps: TokenDeps,
  signed?: string,
): Promise<Result<string, Failure>> {
  trail.jti = claims.jti;
  const { client_id, jti, amr, sid = '' } = claims;
  const reason = caller.external === undefined ? '' : externalReason(caller.external);
  const event = events.loginSuccess(factsOf(trail), { client_id, jti, amr: amr.join(' '), sid, reason });
  const [accessToken, spent] = await Promise.all([
    signed ?? signAccessToken(claims, deps.settings, deps.signer),
    spendProofThen(trail, () => recordIssue(window, event, deps), deps),
    reportUse(trail, caller, deps),
  ]);
  if (!spent.ok) return spent;
  logAudit(event);
  return ok(accessToken);
}

/** The token that the same request got before: for the record it is given out like a new one. */
async function handOutAgain(
  trail: Trail,
  caller: AuthenticatedClient,
  { token, jti, exp }: ReusableToken,
  claims: AccessTokenClaims,
  window: RateWindow,
  deps: TokenDeps,
): Promise<Answer> {
  trail.jti = jti;
  const { client_id, amr, sid = '' } = claims;
  const event = events.loginSuccess(factsOf(trail), { client_id, jti, amr: amr.join(' '), sid, reason: 'reused' });
  const [spent] = await Promise.all([spendProofThen(trail, () => recordIssue(window, event, deps), deps), reportUse(trail, caller, deps)]);
  if (!spent.ok) return spent;
  logAudit(event);
  // `expires_in` is what is left of it.
  return ok(tokenAnswer(token, { ...claims, exp }));
}

/** No call in standard mode. */
const recordIssue = async (window: RateWindow, event: AuditEvent, { auditMode, requests }: TokenDeps): Promise<void> => {
  if (auditMode === 'strict') await requests.recordIssue(window, event);
};

/** With a refresh token: the session's first write carries the event, beside the signature. */
async function issueWithSession(trail: Trail, caller: AuthenticatedClient, decision: TokenDecision, deps: TokenDeps): Promise<Answer> {
  const { client, factors } = caller;
  const now = nowSeconds(trail.request);
  const handle = newHandle(deps.random(32));
  const sid = sidOf(handle);
  const keyId = await deps.ring.currentId(now);
  const macKey = await macKeyOf(keyId, deps.ring, now);
  const claims = draftAccessToken({ ...decision, sid }, freshId(deps.random), now, deps.settings);
  trail.jti = claims.jti;
  trail.sid = sid;
  const session: Session = {
    client_id: client.client_id,
    sid,
    status: 'active',
    generation: 1,
    mac_key: keyId,
    scope: decision.scope,
    audience: decision.audience,
    amr: factors,
    epoch: client.epoch,
    created_at: now,
    last_used_at: now,
    expires_at: now + client.refresh_token_lifetime,
    ...idleEnd(client.refresh_token_idle_lifetime, now),
    last_access_exp: claims.exp,
    ip: trail.request.ip,
    user_agent: trail.request.userAgent,
    ...(caller.credential?.ip_ranges === undefined ? {} : { ip_ranges: caller.credential.ip_ranges }),
    ...(decision.confirmation && { confirmation: decision.confirmation }),
  };
  const event = events.loginSuccess(factsOf(trail), { client_id: client.client_id, jti: claims.jti, amr: claims.amr.join(' '), sid });
  const [accessToken, spent] = await Promise.all([
    signAccessToken(claims, deps.settings, deps.signer),
    spendProofThen(trail, () => deps.sessions.create(session, event), deps),
    reportUse(trail, caller, deps),
  ]);
  if (!spent.ok) return spent;
  logAudit(event);
  const refreshToken = formatRefreshToken({ keyId, clientId: client.client_id, generation: 1, handle }, macKey);
  return ok(tokenAnswer(accessToken, claims, refreshToken));
}

const idleEnd = (idleSeconds: number, now: number): Pick<Session, 'idle_expires_at'> =>
  idleSeconds > 0 ? { idle_expires_at: now + idleSeconds } : {};
