// Requests whose credential is an access token of our own (RFC 6750, with a DPoP proof RFC 9449 section 7), judged by the same core as the authorizer.
import { presentedToken } from '../authorizer/bearer.ts';
import { schemeOf } from '../authorizer/challenge.ts';
import { examine, judge, type Examined } from '../authorizer/decide.ts';
import { bearerRefusal, type Denial } from '../authorizer/denial.ts';
import { diagnose } from '../authorizer/diagnosis.ts';
import { proofOf } from '../authorizer/proof.ts';
import { viewOfStanding, type VerifiedToken } from '../authorizer/revocation.ts';
import type { ParsedRouteRule } from '../authorizer/route-rule.ts';
import type { Client } from '../clients/client.ts';
import { nowSeconds, type HttpRequest } from '../http/message.ts';
import { ok, refuse, type Result } from '../result.ts';
import type { AccessTokenClaims } from '../tokens/access-token.ts';
import type { ProvenKey } from '../tokens/dpop.ts';
import { parseJws } from '../tokens/jws.ts';
import { MANAGE_CLIENTS } from '../tokens/scope.ts';
import { admit, type AdmissionDeps } from './admission.ts';
import { publicUrl, spendProvenKey, type SpendingDeps } from './dpop.ts';
import type { BearerFailure, Failure } from './failure.ts';
import type { Manager } from './managed-client.ts';
import { standingOf } from './token-standing.ts';
import type { InspectionDeps } from './token-under-inspection.ts';
import type { ConclusionDeps, Trail } from './trail.ts';

export type BearerDeps = AdmissionDeps & ConclusionDeps & SpendingDeps & Pick<InspectionDeps, 'issuer' | 'keys'>;

/** `token` is undefined where the scheme is Bearer or DPoP but what follows is not one token. */
export type Bearer = { readonly presented: boolean; readonly token: string | undefined };

/** Two headers arrive joined with a comma, which no token contains: they are refused, never chosen from. */
export function bearerFrom(request: HttpRequest): Bearer {
  const token = presentedToken(authorizationOf(request));
  if (token.ok) return { presented: token.value !== undefined, token: token.value?.token };
  return { presented: token.failure.reason === 'authorization_malformed', token: undefined };
}

/** The key that the holder of a token with the scheme DPoP proves; undefined with the scheme Bearer, which proves none. */
export function keyProvenFor(
  token: string,
  claims: AccessTokenClaims,
  request: HttpRequest,
  issuer: string,
): Result<ProvenKey | undefined, Denial> {
  if (schemeOf(request.headers.get('authorization')) === 'Bearer') return ok(undefined);
  const dpop = request.headers.get('dpop');
  const { method } = request;
  return proofOf(
    { method, url: publicUrl(issuer, request), ...(dpop === undefined ? {} : { dpop: [dpop] }) },
    token,
    claims,
    nowSeconds(request),
  );
}

/** Whose token came, and what it allows. */
export type BearerCaller = { readonly client: Client; readonly scopes: readonly string[] };

/** The client that a valid, unrevoked bearer token belongs to. @param scope what it must allow; undefined = any such token serves. */
export async function authorizeBearer(trail: Trail, scope: string | undefined, deps: BearerDeps): Promise<Result<BearerCaller, Failure>> {
  const { request } = trail;
  const examined = await examineBearer(request, deps);
  // Whatever fails by itself is refused before it costs a call.
  if (!examined.ok) return refuse(bearerFailure(examined.failure, undefined, scope, request, deps.issuer));
  if (examined.value === undefined) return refuse({ reason: 'bearer_missing' });
  const { claims } = examined.value;
  const key = keyProvenFor(bearerFrom(request).token ?? '', claims, request, deps.issuer);
  return key.ok
    ? admitBearer(trail, examined.value, key.value, scope, deps)
    : refuse(bearerFailure(key.failure, claims, scope, request, deps.issuer));
}

/** Limits, beside reading what has become of the token and its client; and last of all its proof. */
async function admitBearer(
  trail: Trail,
  token: VerifiedToken,
  key: ProvenKey | undefined,
  scope: string | undefined,
  deps: BearerDeps,
): Promise<Result<BearerCaller, Failure>> {
  const { request } = trail;
  const { claims } = token;
  const refused = (denial: Denial) => refuse(bearerFailure(denial, claims, scope, request, deps.issuer));
  const { client_id: clientId, jti, sid, scope: allowed } = claims;
  trail.jti = jti;
  trail.sid = sid ?? '';
  const admitted = await admit(trail, clientId, { jti, ...(sid === undefined ? {} : { sid }) }, deps);
  if (!admitted.ok) return aboutCertificate(admitted.failure);
  // Which path it is has been settled by the gateway's route; the rule is the same for all of them.
  const rule: ParsedRouteRule = { method: 'ANY', path: '/', template: [], ...(scope === undefined ? {} : { scopes: [scope] }) };
  const proven = { ...request, path: '/', ...(key && { jkt: key.jkt }) };
  const decision = judge(proven, ok(token), viewOfStanding(standingOf(admitted.value, sid, nowSeconds(request))), [rule]);
  if (!decision.allowed) return refused(decision.denial);
  if (key !== undefined && !(await spendProvenKey(key, nowSeconds(request), deps)))
    return refused({ reason: 'dpop_proof_replayed', claims });
  const { client } = admitted.value;
  return client === undefined ? refuse({ reason: 'bearer_invalid', fault: 'client_unknown' }) : ok({ client, scopes: allowed.split(' ') });
}

/** To a bearer a certificate that serves for nothing is what is wrong with its token (RFC 6750 section 3.1). */
function aboutCertificate(failure: Failure): Result<never, Failure> {
  const { reason } = failure;
  return refuse(
    reason === 'certificate_unusable' || reason === 'certificate_denied' ? { reason: 'bearer_invalid', fault: reason } : failure,
  );
}

/** The client that a bearer token with the scope `clients:manage` belongs to, as it is registered now. */
export async function authorizeManager(trail: Trail, deps: BearerDeps): Promise<Result<Manager, Failure>> {
  const caller = await authorizeBearer(trail, MANAGE_CLIENTS, deps);
  if (!caller.ok) return caller;
  const { client } = caller.value;
  return mayManage(caller.value)
    ? ok({ name: client.client_id, client })
    : refuse({ reason: 'bearer_scope_insufficient', scope: MANAGE_CLIENTS });
}

/** Both the token and the client: what was taken from the client since the token was issued is gone at once. */
export const mayManage = ({ client, scopes }: BearerCaller): boolean =>
  scopes.includes(MANAGE_CLIENTS) && client.scope.includes(MANAGE_CLIENTS);

async function examineBearer(request: HttpRequest, { issuer, keys }: BearerDeps): Promise<Examined> {
  const now = nowSeconds(request);
  const authorization = authorizationOf(request);
  const { token } = bearerFrom(request);
  const jws = token === undefined ? undefined : parseJws(token);
  return examine(
    { authorization },
    { keys: jws?.ok === true ? await keys(jws.value.header.kid, now) : new Map(), issuer, audience: issuer, now },
  );
}

const authorizationOf = (request: HttpRequest): readonly string[] => {
  const header = request.headers.get('authorization');
  return header === undefined ? [] : [header];
};

/** @param verified the claims of a token that only this route, or its revocation, refuses. */
function bearerFailure(
  denial: Denial,
  verified: AccessTokenClaims | undefined,
  scope: string | undefined,
  request: HttpRequest,
  issuer: string,
): BearerFailure {
  const { status, error } = bearerRefusal(denial);
  if (status === 403 && scope !== undefined)
    return { reason: 'bearer_scope_insufficient', scope, ...(verified && { held: verified.scope }) };
  if (error === undefined) return { reason: 'bearer_missing' };
  const claims = verified ?? ('claims' in denial ? denial.claims : undefined);
  const known = diagnose(denial, claims, request, { issuer, audience: issuer, now: nowSeconds(request), rules: [] });
  return { reason: error === 'invalid_dpop_proof' ? 'bearer_proof_invalid' : 'bearer_invalid', fault: denial.reason, known };
}
