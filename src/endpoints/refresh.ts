/**
 * POST /refresh, and POST /token with grant_type=refresh_token:
 * parse → [DPoP proof] → form of the token → its MAC → limits, beside reading client and session → authenticate → grant registered → generation →
 * scope and audience → quotas, if the client has any → sign → commit by one conditional write → answer. Signed first, committed last: an outage burns no token.
 */
import { isGuessable, presentedBy, proveCaller, type Presented as PresentedProof } from './caller.ts';
import * as events from '../audit/events.ts';
import { admitWithoutSecret, checkNetworks, type AuthenticatedClient } from '../client-authentication/authenticate.ts';
import { usesCertificates } from '../client-authentication/mtls.ts';
import type { PresentationFailure } from '../client-authentication/presented.ts';
import { DEADLINE_MS } from '../deadline.ts';
import type { TokenDecision } from '../grants/issued-token.ts';
import { judgeRefresh, refreshToken, type RefreshFailure } from '../grants/refresh-token.ts';
import { nowSeconds, type HttpRequest, type HttpResponse } from '../http/message.ts';
import { readParameters, type Parameters } from '../http/parameters.ts';
import { Outage } from '../outage.ts';
import { ok, refuse, type Result } from '../result.ts';
import { logAudit } from '../telemetry/log.ts';
import { emitCounter } from '../telemetry/metrics.ts';
import type { AccessTokenClaims } from '../tokens/access-token.ts';
import { formatRefreshToken, isAuthentic, parseRefreshToken, sidOf, type RefreshToken } from '../tokens/refresh-token.ts';
import { isProven } from '../tokens/confirmation.ts';
import type { Session } from '../tokens/session.ts';
import { admit, type Admitted } from './admission.ts';
import { proveKey, spendProofThen } from './dpop.ts';
import type { Failure } from './failure.ts';
import { boundCaller, provenIn } from './binding.ts';
import { freshId } from './fresh-id.ts';
import { draftAccessToken, signAccessToken, tokenAnswer } from './issue.ts';
import { macKeyOf } from './mac-key.ts';
import { overdrawQuota, spendQuota } from './quota.ts';
import { reportUse } from './report-use.ts';
import type { RateWindow } from './stores.ts';
import type { TokenDeps } from './token-deps.ts';
import { factsOf, refuseWith, startTrail, succeed, type Trail } from './trail.ts';

type Answer = Result<Readonly<Record<string, unknown>>, Failure>;
type Presented = Result<PresentedProof, PresentationFailure>;

export const createRefreshEndpoint =
  (deps: TokenDeps) =>
  async (request: HttpRequest): Promise<HttpResponse> => {
    const trail = startTrail('refresh', request);
    const parameters = readParameters(request, { json: true });
    const answer = parameters.ok ? await refreshByToken(trail, parameters.value, presentedBy(request, parameters.value), deps) : parameters;
    return answer.ok ? succeed(trail, 200, answer.value) : refuseWith(answer.failure, trail, deps);
  };

export async function refreshByToken(trail: Trail, parameters: Parameters, presented: Presented, deps: TokenDeps): Promise<Answer> {
  const text = parameters.get('refresh_token');
  if (text === undefined) return refuse({ reason: 'parameter_missing', parameter: 'refresh_token' });
  if (!presented.ok && !(mayBeAlone(trail) && presented.failure.reason === 'credentials_missing')) return presented;

  const proof = await proveKey(trail, deps.settings.issuer, deps);
  if (!proof.ok) return proof;
  const token = await authenticToken(text, deps, nowSeconds(trail.request));
  if (!token.ok) return token;
  deps.signer.prepare(nowSeconds(trail.request));
  const caller = await admitCaller(trail, token.value, parameters, presented, deps);
  if (!caller.ok) return caller;
  const { authenticated, admitted } = caller.value;
  // Another client's token: refused, and the owner's session is none the worse for it.
  if (trail.clientId !== token.value.clientId) return refuse({ reason: 'refresh_token_foreign', clientId: token.value.clientId });
  if (!authenticated.client.grant_types.includes('refresh_token'))
    return refuse({ reason: 'grant_not_registered', grantType: 'refresh_token' });
  return continueSession(trail, { caller: authenticated, token: token.value, parameters, window: admitted.window }, admitted.session, deps);
}

const mayBeAlone = ({ endpoint }: Trail): boolean => endpoint === 'refresh';

type Caller = { readonly authenticated: AuthenticatedClient; readonly admitted: Admitted };

/** Limits, beside reading the client and its session, and then the proof. */
async function admitCaller(
  trail: Trail,
  token: RefreshToken,
  parameters: Parameters,
  presented: Presented,
  deps: TokenDeps,
): Promise<Result<Caller, Failure>> {
  const clientId = presented.ok ? presented.value.clientId : token.clientId;
  // Without a secret the token says who asks; a client_id that says otherwise is a mistake somewhere.
  if ((parameters.get('client_id') ?? clientId) !== clientId) return refuse({ reason: 'client_id_mismatch', clientId });
  const isForeign = clientId !== token.clientId;
  trail.sid = isForeign ? '' : sidOf(token.handle);

  const guessing = presented.ok && isGuessable(presented.value);
  const admitted = await admit(trail, clientId, { guessing, ...(isForeign ? {} : { sid: trail.sid }) }, deps);
  if (!admitted.ok) return admitted;
  const authenticated = await prove(trail, clientId, presented, admitted.value, deps);
  if (!authenticated.ok) return authenticated;
  const bound = boundCaller(trail, authenticated.value);
  return bound.ok ? ok({ authenticated: bound.value, admitted: admitted.value }) : bound;
}

async function prove(
  trail: Trail,
  clientId: string,
  presented: Presented,
  admitted: Admitted,
  deps: TokenDeps,
): Promise<Result<AuthenticatedClient, Failure>> {
  if (!presented.ok) return admitByTokenAlone(clientId, admitted, trail.request);
  // A certificate authenticates the clients that are registered for it; others may have their tokens bound to one all the same.
  const isOnlyBinding = presented.value.method === 'mtls' && !usesCertificates(admitted.client);
  return isOnlyBinding && mayBeAlone(trail)
    ? admitByTokenAlone(clientId, admitted, trail.request)
    : proveCaller(trail, presented.value, admitted, deps);
}

/** Form and MAC: whatever we did not make is refused without touching storage. */
async function authenticToken(text: string, { ring }: TokenDeps, now: number): Promise<Result<RefreshToken, RefreshFailure>> {
  const token = parseRefreshToken(text);
  if (token === undefined) return refuse({ reason: 'refresh_token_malformed' });
  const macKey = await ring.key(token.keyId, 'refresh-token-mac', now);
  if (macKey === undefined || !isAuthentic(token, macKey)) return refuse({ reason: 'refresh_token_forged' });
  return ok(token);
}

/** "the client ... MUST authenticate" (RFC 6749 section 6), unless it was registered to refresh with the token alone. */
function admitByTokenAlone(clientId: string, { client }: Admitted, request: HttpRequest): Result<AuthenticatedClient, Failure> {
  if (client?.refresh_client_auth !== 'none') return refuse({ reason: 'credentials_missing' });
  return admitWithoutSecret(clientId, { client, peppers: new Map(), ip: request.ip, now: nowSeconds(request) });
}

type Refresh = {
  readonly caller: AuthenticatedClient;
  readonly token: RefreshToken;
  readonly parameters: Parameters;
  readonly window: RateWindow;
};

/** From where, and by whom: what the session has kept from its beginning. */
function checkOrigin(trail: Trail, { caller }: Refresh, session: Session | undefined): Result<true, Failure> {
  const network = checkNetworks(caller.client.client_id, session?.ip_ranges, trail.request.ip);
  if (!network.ok) return network;
  // Whoever cannot prove it is a stranger to the session, whichever of its tokens it has: nothing of it ends.
  const isBound = session?.confirmation !== undefined;
  return isBound && !isProven(session.confirmation, provenIn(trail)) ? refuse({ reason: 'session_binding_unproven' }) : ok(true);
}

async function continueSession(trail: Trail, refresh: Refresh, session: Session | undefined, deps: TokenDeps): Promise<Answer> {
  const origin = checkOrigin(trail, refresh, session);
  if (!origin.ok) return origin;
  const way = judgeRefresh(refresh.token, session, refresh.caller.client.epoch, {
    graceSeconds: deps.refreshGraceSeconds,
    nowMs: trail.request.nowMs,
  });
  if (!way.ok) return refuseRefresh(way.failure, trail, deps);
  if (session === undefined) return refuse({ reason: 'session_unknown' });

  const decision = refreshToken.decide(refresh.caller, session, refresh.parameters, deps.settings.issuer);
  if (!decision.ok) return decision;
  const { client } = refresh.caller;
  const quota = way.value === 'rotate' ? await spendQuota(trail, client, deps) : await overdrawQuota(trail, client, deps);
  if (!quota.ok) return quota;
  const signed = await sign(trail, refresh, decision.value, deps);
  if (!signed.ok) return signed;
  return way.value === 'rotate' ? rotate(trail, refresh, session, signed.value, deps) : replay(trail, refresh, session, signed.value, deps);
}

/** Beside it the proof is spent, before the commit: whoever repeats one neither rotates nor replays. */
async function sign(trail: Trail, { caller }: Refresh, decision: TokenDecision, deps: TokenDeps): Promise<Result<Signed, Failure>> {
  const claims = draftAccessToken(decision, freshId(deps.random), nowSeconds(trail.request), deps.settings);
  trail.jti = claims.jti;
  const [accessToken, spent] = await Promise.all([
    signAccessToken(claims, deps.settings, deps.signer),
    spendProofThen(trail, () => Promise.resolve(), deps),
    reportUse(trail, caller, deps),
  ]);
  return spent.ok ? ok({ claims, accessToken }) : spent;
}

type Signed = { readonly claims: AccessTokenClaims; readonly accessToken: string };

/** The one conditional write that makes the presented token the former one. */
async function rotate(trail: Trail, refresh: Refresh, session: Session, { claims, accessToken }: Signed, deps: TokenDeps): Promise<Answer> {
  const { client } = refresh.caller;
  const now = nowSeconds(trail.request);
  const keyId = await deps.ring.currentId(now);
  const macKey = await macKeyOf(keyId, deps.ring, now);
  // The caller has had its 503 by then, and Lambda may freeze what is left: a write that comes minutes later burns the token.
  if (Date.now() - trail.request.nowMs >= DEADLINE_MS) throw new Outage('deadline');
  const outcome = await deps.sessions.rotate({
    clientId: client.client_id,
    sid: session.sid,
    fromGeneration: refresh.token.generation,
    rotatedBy: freshId(deps.random),
    // The clock is read again: the grace window starts at the commit, not at the request's arrival.
    rotatedAtMs: Date.now(),
    macKey: keyId,
    ...(client.refresh_token_idle_lifetime > 0 ? { idleExpiresAt: now + client.refresh_token_idle_lifetime } : {}),
    // Never earlier than before: what ends the session must outlive every access token of it.
    accessExp: Math.max(claims.exp, session.last_access_exp),
    ip: trail.request.ip,
    userAgent: trail.request.userAgent,
    event: events.tokenRefreshed(factsOf(trail), { ...subjectOf(claims, session), reason: 'rotated' }),
  });
  if (outcome.rotated) {
    const successor = { ...refresh.token, keyId, generation: refresh.token.generation + 1 };
    return ok(tokenAnswer(accessToken, claims, formatRefreshToken(successor, macKey)));
  }
  return afterLostRace(trail, refresh, outcome.session, { claims, accessToken }, deps);
}

/** Somebody else changed the session between our read and our write: the same judgement again, on what is stored now. */
async function afterLostRace(
  trail: Trail,
  refresh: Refresh,
  session: Session | undefined,
  signed: Signed,
  deps: TokenDeps,
): Promise<Answer> {
  const way = judgeRefresh(refresh.token, session, refresh.caller.client.epoch, {
    graceSeconds: deps.refreshGraceSeconds,
    nowMs: Date.now(),
  });
  if (!way.ok) return refuseRefresh(way.failure, trail, deps);
  // Nobody changed it after all, so why the write failed is not known: the token is still good, and the caller may try again.
  if (session === undefined || way.value === 'rotate') throw new Outage('dynamodb:UpdateItem');
  return replay(trail, refresh, session, signed, deps);
}

/** A retry after a lost answer: the same successor byte for byte, derived again, with an access token of its own. The session does not change. */
async function replay(trail: Trail, refresh: Refresh, session: Session, { claims, accessToken }: Signed, deps: TokenDeps): Promise<Answer> {
  const event = events.tokenRefreshed(factsOf(trail), { ...subjectOf(claims, session), reason: 'replayed' });
  if (deps.auditMode === 'strict') await deps.requests.recordIssue(refresh.window, event);
  logAudit(event);
  const macKey = await macKeyOf(session.mac_key, deps.ring, nowSeconds(trail.request));
  const successor = { ...refresh.token, keyId: session.mac_key, generation: session.generation };
  return ok(tokenAnswer(accessToken, claims, formatRefreshToken(successor, macKey)));
}

const subjectOf = (claims: AccessTokenClaims, session: Session) => ({
  client_id: claims.client_id,
  jti: claims.jti,
  amr: claims.amr.join(' '),
  sid: session.sid,
});

/** "the authorization server ... revokes the active refresh token" on reuse (RFC 9700 section 4.14.2): here the whole session. */
async function refuseRefresh(failure: RefreshFailure, trail: Trail, deps: TokenDeps): Promise<Answer> {
  if (failure.reason === 'refresh_token_reused') {
    const event = events.refreshTokenReuse(factsOf(trail), { client_id: trail.clientId, sid: trail.sid, reason: failure.reason });
    // False: someone else ended it first and said so. Ours is then only a line in the log.
    if (await deps.sessions.end({ clientId: trail.clientId, sid: trail.sid }, event, nowSeconds(trail.request))) trail.recorded = event;
    emitCounter('refresh_token_reuse', trail.request.nowMs);
  }
  if (failure.reason === 'refresh_token_ahead') emitCounter('refresh_token_ahead', trail.request.nowMs);
  return refuse(failure);
}
