/**
 * POST /revoke (RFC 7009), in three ways of being allowed to:
 * client authentication as at /token; the access token itself sent as its own Bearer (a holder may always give up what it holds);
 * or the refresh token alone where the client refreshes with it alone.
 * parse → who asks → what the token is → limits, beside reading the client → authenticate → end what is the caller's own → 200.
 */
import * as events from '../audit/events.ts';
import { admitWithoutSecret, type AuthenticatedClient } from '../client-authentication/authenticate.ts';
import { nowSeconds, type HttpRequest, type HttpResponse } from '../http/message.ts';
import { readParameters, type Parameters } from '../http/parameters.ts';
import { ok, refuse, type Result } from '../result.ts';
import { isApiKeyId } from '../tokens/api-key.ts';
import { isProven } from '../tokens/confirmation.ts';
import { admit, type AdmissionDeps, type Admitted } from './admission.ts';
import { bearerFrom, keyProvenFor } from './bearer.ts';
import { provenIn } from './binding.ts';
import { isGuessable, presentedBy, proveCaller, type CallerDeps, type Presented } from './caller.ts';
import type { Failure } from './failure.ts';
import { reportUse, type ReportUseDeps } from './report-use.ts';
import type { ClientStore, RevocationStore, SessionStore } from './stores.ts';
import { inspectToken, type InspectedToken, type InspectionDeps } from './token-under-inspection.ts';
import { factsOf, refuseWith, startTrail, succeed, type ConclusionDeps, type Trail } from './trail.ts';

export type RevokeDeps = AdmissionDeps &
  CallerDeps &
  ConclusionDeps &
  InspectionDeps &
  ReportUseDeps & {
    readonly sessions: Pick<SessionStore, 'end'>;
    readonly revocations: RevocationStore;
    readonly clients: Pick<ClientStore, 'raiseEpoch'>;
  };

export const createRevokeEndpoint =
  (deps: RevokeDeps) =>
  async (request: HttpRequest): Promise<HttpResponse> => {
    const trail = startTrail('revoke', request);
    const revoked = await revoke(trail, deps);
    // "The authorization server responds with HTTP status code 200" also for a token that is unknown (RFC 7009 section 2.2).
    return revoked.ok ? succeed(trail, 200, undefined) : refuseWith(revoked.failure, trail, deps);
  };

type Wish = {
  readonly token: string | undefined;
  /** End the whole session of an access token, not only the token. */
  readonly endSession: boolean;
  /** End everything of the calling client. */
  readonly all: boolean;
};

/** Who asks, as far as the request alone says. */
type Asker =
  | { readonly by: 'client'; readonly presented: Presented }
  | { readonly by: 'bearer'; readonly token: InspectedToken & { readonly kind: 'access_token' } }
  | { readonly by: 'refresh_token'; readonly token: InspectedToken & { readonly kind: 'refresh_token' } };

async function revoke(trail: Trail, deps: RevokeDeps): Promise<Result<true, Failure>> {
  const parameters = readParameters(trail.request, { json: true });
  if (!parameters.ok) return parameters;
  const wish = readWish(parameters.value);
  const asker = await findAsker(trail.request, parameters.value, wish, deps);
  if (!asker.ok) return asker;
  const clientId = asker.value.by === 'client' ? asker.value.presented.clientId : asker.value.token.clientId;

  const admitted = await admit(trail, clientId, { guessing: isGuessing(asker.value) }, deps);
  if (!admitted.ok) return admitted;
  if (asker.value.by === 'bearer') return giveUp(trail, asker.value.token, wish, deps);
  const caller = await proveAsker(trail, asker.value, admitted.value, deps);
  if (!caller.ok) return caller;
  await reportUse(trail, caller.value, deps);

  if (wish.all) return endEverything(trail, deps);
  // RFC 7009 section 2.1: `token` is required.
  if (wish.token === undefined) return refuse({ reason: 'parameter_missing', parameter: 'token' });
  const token = asker.value.by === 'refresh_token' ? asker.value.token : await inspectToken(wish.token, nowSeconds(trail.request), deps);
  return giveUp(trail, token, wish, deps);
}

/** What the others come with has been verified already. */
const isGuessing = (asker: Asker): boolean => asker.by === 'client' && isGuessable(asker.presented);

function readWish(parameters: Parameters): Wish {
  return {
    token: parameters.get('token') ?? parameters.get('access_token'),
    endSession: parameters.get('end_session') === 'true',
    all: parameters.get('all') === 'true',
  };
}

async function findAsker(request: HttpRequest, parameters: Parameters, wish: Wish, deps: RevokeDeps): Promise<Result<Asker, Failure>> {
  const bearer = bearerFrom(request);
  const presented = presentedBy(request, parameters);
  // A Bearer is a method too: beside a secret, right or wrong, neither stands in for the other.
  if (!presented.ok && presented.failure.reason === 'several_methods') return presented;
  if (bearer.presented) return bearerAsker(bearer.token, request, wish, deps);
  if (presented.ok) return ok({ by: 'client', presented: presented.value });
  if (presented.failure.reason !== 'credentials_missing' || wish.token === undefined || wish.all) return presented;
  return (await refreshTokenAsker(wish.token, request, parameters, deps)) ?? presented;
}

/** A refresh token that comes alone; whether it may is for its client's registration to say. Undefined for every other token. */
async function refreshTokenAsker(
  text: string,
  request: HttpRequest,
  parameters: Parameters,
  deps: RevokeDeps,
): Promise<Result<Asker, Failure> | undefined> {
  const token = await inspectToken(text, nowSeconds(request), deps);
  if (token.kind !== 'refresh_token') return undefined;
  const { clientId } = token;
  return (parameters.get('client_id') ?? clientId) === clientId
    ? ok({ by: 'refresh_token', token })
    : refuse({ reason: 'client_id_mismatch', clientId });
}

/** A Bearer is no client authentication: it serves for giving up itself and nothing else. */
async function bearerAsker(
  bearer: string | undefined,
  request: HttpRequest,
  wish: Wish,
  deps: RevokeDeps,
): Promise<Result<Asker, Failure>> {
  if (bearer === undefined) return refuse({ reason: 'bearer_invalid', fault: 'malformed' });
  if (wish.all || (wish.token !== undefined && wish.token !== bearer))
    return refuse({ reason: 'bearer_invalid', fault: 'not_the_token_itself' });
  const token = await inspectToken(bearer, nowSeconds(request), deps);
  if (token.kind !== 'access_token') return refuse({ reason: 'bearer_invalid', fault: 'not_ours' });
  // Not spent: a proof that is repeated here ends a token that has ended.
  const key = keyProvenFor(bearer, token.claims, request, deps.issuer);
  if (!key.ok) return refuse({ reason: 'bearer_proof_invalid', fault: key.failure.reason });
  const { cnf } = token.claims;
  return cnf === undefined || isProven(cnf, provenIn({ request, provenKey: key.value }))
    ? ok({ by: 'bearer', token })
    : refuse({ reason: 'bearer_invalid', fault: 'binding_unproven' });
}

async function proveAsker(
  trail: Trail,
  asker: Asker & { readonly by: 'client' | 'refresh_token' },
  admitted: Admitted,
  deps: RevokeDeps,
): Promise<Result<AuthenticatedClient, Failure>> {
  const { client } = admitted;
  const { request } = trail;
  if (asker.by === 'client') return proveCaller(trail, asker.presented, admitted, deps);
  if (client?.refresh_client_auth !== 'none') return refuse({ reason: 'credentials_missing' });
  return admitWithoutSecret(asker.token.clientId, { client, peppers: new Map(), ip: request.ip, now: nowSeconds(request) });
}

async function endEverything(trail: Trail, deps: RevokeDeps): Promise<Result<true, Failure>> {
  const event = events.clientTokensRevoked(factsOf(trail), { client_id: trail.clientId, reason: 'requested_by_client' });
  await deps.clients.raiseEpoch(trail.clientId, event, nowSeconds(trail.request));
  return ok(true);
}

/** Ends a token that belongs to the caller; any other is left alone, with the same answer (RFC 7009 section 2.1). */
async function giveUp(trail: Trail, token: InspectedToken, wish: Wish, deps: RevokeDeps): Promise<Result<true, Failure>> {
  if (token.kind === 'unknown' || token.clientId !== trail.clientId) return ok(true);
  // "If the particular token is a refresh token ... the authorization server SHOULD also invalidate all access tokens" (section 2.1).
  const sid = token.kind === 'refresh_token' ? token.sid : wish.endSession ? sessionOf(token.claims.sid) : undefined;
  return sid === undefined ? revokeAccessToken(trail, token, deps) : endSession(trail, sid, deps);
}

/** A token of an API key belongs to no session; the key is a credential, which its manager ends. */
const sessionOf = (sid: string | undefined): string | undefined => (sid !== undefined && isApiKeyId(sid) ? undefined : sid);

async function endSession(trail: Trail, sid: string, deps: RevokeDeps): Promise<Result<true, Failure>> {
  trail.sid = sid;
  const event = events.sessionEnded(factsOf(trail), { client_id: trail.clientId, sid, reason: 'requested_by_client' });
  await deps.sessions.end({ clientId: trail.clientId, sid }, event, nowSeconds(trail.request));
  return ok(true);
}

async function revokeAccessToken(trail: Trail, token: InspectedToken, deps: RevokeDeps): Promise<Result<true, Failure>> {
  if (token.kind !== 'access_token' || token.expired) return ok(true); // what is over needs no deny-list entry
  const { jti, exp, sid } = token.claims;
  trail.jti = jti;
  const reason = 'requested_by_client';
  const event = events.tokenRevoked(factsOf(trail), { client_id: trail.clientId, jti, reason, ...(sid === undefined ? {} : { sid }) });
  await deps.revocations.revokeToken({ jti, exp, clientId: trail.clientId, reason }, event, nowSeconds(trail.request));
  return ok(true);
}
