// Requests whose credential is an access token of our own (RFC 6750), judged by the same core as the authorizer.
import { bearerToken } from '../authorizer/bearer.ts';
import { examine, judge, type Examined } from '../authorizer/decide.ts';
import { bearerRefusal, type Denial } from '../authorizer/denial.ts';
import { viewOfStanding } from '../authorizer/revocation.ts';
import type { ParsedRouteRule } from '../authorizer/route-rule.ts';
import type { Client } from '../clients/client.ts';
import { nowSeconds, type HttpRequest } from '../http/message.ts';
import { ok, refuse, type Result } from '../result.ts';
import { parseJws } from '../tokens/jws.ts';
import { MANAGE_CLIENTS } from '../tokens/scope.ts';
import { admit, type AdmissionDeps } from './admission.ts';
import type { BearerFailure, Failure } from './failure.ts';
import { standingOf } from './token-standing.ts';
import type { InspectionDeps } from './token-under-inspection.ts';
import type { ConclusionDeps, Trail } from './trail.ts';

export type BearerDeps = AdmissionDeps & ConclusionDeps & Pick<InspectionDeps, 'issuer' | 'keys'>;

/** `token` is undefined where the scheme is Bearer but what follows is not one token. */
export type Bearer = { readonly presented: boolean; readonly token: string | undefined };

/** Two headers arrive joined with a comma, which no token contains: they are refused, never chosen from. */
export function bearerFrom(request: HttpRequest): Bearer {
  const token = bearerToken(authorizationOf(request));
  if (token.ok) return { presented: token.value !== undefined, token: token.value };
  return { presented: token.failure.reason === 'authorization_malformed', token: undefined };
}

/** Whose token came, and what it allows. */
export type BearerCaller = { readonly client: Client; readonly scopes: readonly string[] };

/** The client that a valid, unrevoked bearer token belongs to. @param scope what it must allow; undefined = any such token serves. */
export async function authorizeBearer(trail: Trail, scope: string | undefined, deps: BearerDeps): Promise<Result<BearerCaller, Failure>> {
  const { request } = trail;
  const examined = await examineBearer(request, deps);
  // Whatever fails by itself is refused before it costs a call.
  if (!examined.ok) return refuse(bearerFailure(examined.failure, scope));
  if (examined.value === undefined) return refuse({ reason: 'bearer_missing' });
  const { client_id: clientId, jti, sid, scope: allowed } = examined.value.claims;
  trail.jti = jti;
  trail.sid = sid ?? '';
  const admitted = await admit(trail, clientId, { jti, ...(sid === undefined ? {} : { sid }) }, deps);
  if (!admitted.ok) return admitted;
  // Which path it is has been settled by the gateway's route; the rule is the same for all of them.
  const rule: ParsedRouteRule = { method: 'ANY', path: '/', template: [], ...(scope === undefined ? {} : { scopes: [scope] }) };
  const decision = judge({ ...request, path: '/' }, examined, viewOfStanding(standingOf(admitted.value, sid, nowSeconds(request))), [rule]);
  if (!decision.allowed) return refuse(bearerFailure(decision.denial, scope));
  const { client } = admitted.value;
  return client === undefined ? refuse(bearerFailure({ reason: 'client_unknown' }, scope)) : ok({ client, scopes: allowed.split(' ') });
}

/** The id of the client that a bearer token with the scope `clients:manage` belongs to. */
export async function authorizeManager(trail: Trail, deps: BearerDeps): Promise<Result<string, Failure>> {
  const caller = await authorizeBearer(trail, MANAGE_CLIENTS, deps);
  return caller.ok ? ok(caller.value.client.client_id) : caller;
}

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

function bearerFailure(denial: Denial, scope: string | undefined): BearerFailure {
  const { status, error } = bearerRefusal(denial);
  if (status === 403 && scope !== undefined) return { reason: 'bearer_scope_insufficient', scope };
  return error === undefined ? { reason: 'bearer_missing' } : { reason: 'bearer_invalid', fault: denial.reason };
}
