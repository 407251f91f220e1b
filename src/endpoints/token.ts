/**
 * POST /token (RFC 6749 section 3.2):
 * parse → grant type → exactly one credential → [refresh token: form and MAC] → limits, beside reading the client → authenticate →
 * grant registered → scope and audience → sign, beside storing a new session → answer.
 */
import { authenticateCaller, presentedBy, type Presented } from './caller.ts';
import type { AuthenticatedClient } from '../client-authentication/authenticate.ts';
import type { PresentationFailure } from '../client-authentication/presented.ts';
import * as events from '../audit/events.ts';
import { GRANT_TYPES, type GrantType } from '../clients/client.ts';
import { clientCredentials } from '../grants/client-credentials.ts';
import type { TokenDecision } from '../grants/issued-token.ts';
import { nowSeconds, type HttpRequest, type HttpResponse } from '../http/message.ts';
import { readParameters, type Parameters } from '../http/parameters.ts';
import { ok, refuse, type Result } from '../result.ts';
import { logAudit } from '../telemetry/log.ts';
import { formatRefreshToken, newHandle, sidOf } from '../tokens/refresh-token.ts';
import type { Session } from '../tokens/session.ts';
import { admit } from './admission.ts';
import type { Failure, GrantFailure } from './failure.ts';
import { freshId } from './fresh-id.ts';
import { draftAccessToken, signAccessToken, tokenAnswer } from './issue.ts';
import { macKeyOf } from './mac-key.ts';
import { refreshByToken } from './refresh.ts';
import { reportUse } from './report-use.ts';
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
  const presented = presentedBy(trail.request, parameters.value);
  const grantType = chooseGrantType(parameters.value, presented);
  if (!grantType.ok) return grantType;
  if (!presented.ok) return presented;
  return grantType.value === 'refresh_token'
    ? refreshByToken(trail, parameters.value, presented, deps)
    : grantClientCredentials(trail, parameters.value, presented.value, deps);
}

/** With one of the two older ways of presenting a secret, and only then, an absent grant_type means client_credentials. */
function chooseGrantType(parameters: Parameters, presented: Result<Presented, PresentationFailure>): Result<GrantType, GrantFailure> {
  const grantType = parameters.get('grant_type');
  if (grantType === undefined) {
    const isLegacy = presented.ok && (presented.value.method === 'legacy_form' || presented.value.method === 'legacy_headers');
    return isLegacy ? ok('client_credentials') : refuse({ reason: 'parameter_missing', parameter: 'grant_type' });
  }
  const known = GRANT_TYPES.find((candidate) => candidate === grantType);
  return known === undefined ? refuse({ reason: 'grant_type_unknown' }) : ok(known);
}

async function grantClientCredentials(trail: Trail, parameters: Parameters, presented: Presented, deps: TokenDeps): Promise<Answer> {
  const admitted = await admit(trail, presented.clientId, {}, deps);
  if (!admitted.ok) return admitted;
  const caller = await authenticateCaller(presented, admitted.value.client, trail.request, deps.ring);
  if (!caller.ok) return caller;
  const { client } = caller.value;
  if (!client.grant_types.includes('client_credentials'))
    return refuse({ reason: 'grant_not_registered', grantType: 'client_credentials' });
  const decision = clientCredentials.decide(caller.value, parameters, deps.settings.issuer);
  if (!decision.ok) return decision;
  return ok(
    client.grant_types.includes('refresh_token')
      ? await issueWithSession(trail, caller.value, decision.value, deps)
      : await issueAlone(trail, caller.value, decision.value, admitted.value.window, deps),
  );
}

/** An access token without a session: its record is a log line, or in strict mode a write beside the signature. */
async function issueAlone(
  trail: Trail,
  caller: AuthenticatedClient,
  decision: TokenDecision,
  window: RateWindow,
  deps: TokenDeps,
): Promise<Readonly<Record<string, unknown>>> {
  const claims = draftAccessToken(decision, freshId(deps.random), nowSeconds(trail.request), deps.settings);
  trail.jti = claims.jti;
  const event = events.loginSuccess(factsOf(trail), { client_id: claims.client_id, jti: claims.jti, amr: claims.amr.join(' ') });
  const [accessToken] = await Promise.all([
    signAccessToken(claims, deps.settings, deps.signer),
    deps.auditMode === 'strict' ? deps.requests.recordIssue(window, event) : undefined,
    reportUse(trail, caller, deps),
  ]);
  logAudit(event);
  return tokenAnswer(accessToken, claims);
}

/** With a refresh token: the session's first write carries the event, beside the signature. */
async function issueWithSession(
  trail: Trail,
  caller: AuthenticatedClient,
  decision: TokenDecision,
  deps: TokenDeps,
): Promise<Readonly<Record<string, unknown>>> {
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
  };
  const event = events.loginSuccess(factsOf(trail), { client_id: client.client_id, jti: claims.jti, amr: claims.amr.join(' '), sid });
  const [accessToken] = await Promise.all([
    signAccessToken(claims, deps.settings, deps.signer),
    deps.sessions.create(session, event),
    reportUse(trail, caller, deps),
  ]);
  logAudit(event);
  return tokenAnswer(accessToken, claims, formatRefreshToken({ keyId, clientId: client.client_id, generation: 1, handle }, macKey));
}

const idleEnd = (idleSeconds: number, now: number): Pick<Session, 'idle_expires_at'> =>
  idleSeconds > 0 ? { idle_expires_at: now + idleSeconds } : {};
