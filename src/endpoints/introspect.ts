/**
 * POST /introspect (RFC 7662):
 * parse → exactly one credential → what the token is (signature or MAC) → limits, beside reading caller, owner, session and
 * revocation → authenticate the caller → may it know → is it active now → answer.
 */
import { nowSeconds, type HttpRequest, type HttpResponse } from '../http/message.ts';
import { readParameters } from '../http/parameters.ts';
import { viewOfStanding } from '../authorizer/revocation.ts';
import { isThumbprint } from '../clients/certificate-metadata.ts';
import { hasEnded, type Client } from '../clients/client.ts';
import { judgeRefresh } from '../grants/refresh-token.ts';
import { ok, refuse, type Result } from '../result.ts';
import { formatScope } from '../tokens/scope.ts';
import { admit, type AdmissionDeps } from './admission.ts';
import { isGuessable, presentedBy, proveCaller, type CallerDeps } from './caller.ts';
import { reportUse, type ReportUseDeps } from './report-use.ts';
import type { Failure } from './failure.ts';
import type { Loaded } from './stores.ts';
import { inspectToken, type InspectedToken, type InspectionDeps } from './token-under-inspection.ts';
import { standingOf } from './token-standing.ts';
import { refuseWith, startTrail, succeed, type ConclusionDeps, type Trail } from './trail.ts';

export type IntrospectDeps = AdmissionDeps & CallerDeps & ConclusionDeps & InspectionDeps & ReportUseDeps;

type Introspection = Readonly<Record<string, unknown>> & { readonly active: boolean };

/** Says nothing of why (RFC 7662 section 2.2: "SHOULD NOT include any additional information about an inactive token"). */
const INACTIVE: Introspection = { active: false };

export const createIntrospectEndpoint =
  (deps: IntrospectDeps) =>
  async (request: HttpRequest): Promise<HttpResponse> => {
    const trail = startTrail('introspect', request);
    const answer = await introspect(trail, deps);
    return answer.ok ? succeed(trail, 200, answer.value) : refuseWith(answer.failure, trail, deps);
  };

async function introspect(trail: Trail, deps: IntrospectDeps): Promise<Result<Introspection, Failure>> {
  const { request } = trail;
  const now = nowSeconds(request);
  const parameters = readParameters(request, { json: false });
  if (!parameters.ok) return parameters;
  const presented = presentedBy(request, parameters.value);
  if (!presented.ok) return presented;
  const text = parameters.value.get('token');
  if (text === undefined) return refuse({ reason: 'parameter_missing', parameter: 'token' });

  const token = await inspectToken(text, now, deps);
  const wanted = { ...wantedFor(token), guessing: isGuessable(presented.value) };
  const admitted = await admit(trail, presented.value.clientId, wanted, deps);
  if (!admitted.ok) return admitted;
  const caller = await proveCaller(trail, presented.value, admitted.value, deps);
  if (!caller.ok) return caller;
  await reportUse(trail, caller.value, deps);
  return ok(mayKnow(caller.value.client, token) ? describeToken(token, admitted.value, now, deps.issuer) : INACTIVE);
}

/** A refresh token concerns nobody but its client; an access token also the resource servers that are registered to ask. */
function mayKnow(caller: Client, token: InspectedToken): boolean {
  if (token.kind === 'unknown' || token.clientId === caller.client_id) return true;
  return token.kind === 'access_token' && caller.may_introspect === 'any';
}

function describeToken(token: InspectedToken, loaded: Loaded, now: number, issuer: string): Introspection {
  if (token.kind === 'unknown') return INACTIVE;
  return token.kind === 'access_token' ? describeAccessToken(token, loaded, now) : describeRefreshToken(token, loaded, now, issuer);
}

function wantedFor(token: InspectedToken) {
  if (token.kind === 'unknown') return {};
  if (token.kind === 'refresh_token') return { ownerId: token.clientId, sid: token.sid };
  const { jti, sid, cnf } = token.claims;
  const bound = cnf?.['x5t#S256'];
  // Of what it is bound to a token tells the thumbprint alone.
  const certificates = isThumbprint(bound) ? { certificates: [bound] } : {};
  return { ownerId: token.clientId, jti, ...(sid === undefined ? {} : { sid }), ...certificates };
}

/** The judgement of the authorizer itself, so that the two agree at every moment. */
function describeAccessToken(
  { claims, expired }: InspectedToken & { readonly kind: 'access_token' },
  loaded: Loaded,
  now: number,
): Introspection {
  if (expired || viewOfStanding(standingOf(loaded, claims.sid, now)).faultOf({ claims }) !== undefined) return INACTIVE;
  if (loaded.deniedCertificates?.some((id) => id === claims.cnf?.['x5t#S256']) === true) return INACTIVE;
  return { active: true, token_type: claims.cnf?.['jkt'] === undefined ? 'Bearer' : 'DPoP', ...claims };
}

function describeRefreshToken(
  token: InspectedToken & { readonly kind: 'refresh_token' },
  { owner, session }: Loaded,
  now: number,
  issuer: string,
): Introspection {
  if (session === undefined || owner === undefined || !mayRefresh(owner, now)) return INACTIVE;
  // The judgement of a refresh, without its grace: only the current token is active, and looking at an older one ends nothing.
  if (!judgeRefresh(token.token, session, owner.epoch, { graceSeconds: 0, nowMs: now * 1000 }).ok) return INACTIVE;
  return {
    active: true,
    token_type: 'refresh_token',
    iss: issuer,
    client_id: session.client_id,
    sub: session.client_id,
    aud: session.audience,
    scope: formatScope(session.scope),
    sid: session.sid,
    iat: session.created_at,
    exp: Math.min(session.expires_at, session.idle_expires_at ?? session.expires_at),
  };
}

const mayRefresh = (client: Client, now: number): boolean =>
  !client.disabled && !hasEnded(client, now) && client.grant_types.includes('refresh_token');
