/**
 * GET /sessions, DELETE /sessions/{sid} and DELETE /sessions: a client's own sessions with any of its access tokens, any client's
 * with `clients:manage`, or below `/iam` by AWS principals, and `?client_id=`.
 * bearer → token → limits, beside reading the caller and its token's revocation → query → whose sessions → the request itself.
 */
import * as events from '../audit/events.ts';
import { CLIENT_ID_PATTERN, type Client } from '../clients/client.ts';
import { nowSeconds, type HttpRequest, type HttpResponse } from '../http/message.ts';
import { Outage } from '../outage.ts';
import { ok, refuse, type Result } from '../result.ts';
import { MANAGE_CLIENTS } from '../tokens/scope.ts';
import { SID_PATTERN, type Session } from '../tokens/session.ts';
import { sessionAnswer } from '../tokens/session-answer.ts';
import { authorizeAdministrator, type AdministratorDeps } from './administrator.ts';
import { authorizeBearer, mayManage, type BearerDeps } from './bearer.ts';
import type { Failure } from './failure.ts';
import { by, findClientById, isUnrestricted, type Answer, type Manager } from './managed-client.ts';
import { readPageQuery } from './page-query.ts';
import type { ClientStore, SessionListing, SessionStore } from './stores.ts';
import { factsOf, refuseWith, startTrail, succeed, type Trail } from './trail.ts';

export type SessionsDeps = BearerDeps &
  AdministratorDeps & {
    readonly sessions: Pick<SessionStore, 'end'> & SessionListing;
    readonly clients: Pick<ClientStore, 'read' | 'raiseEpoch'>;
  };

/** An AWS principal has no sessions of its own. */
type Caller = Manager & { readonly managesClients: boolean };

const NO_CONTENT: Answer = { status: 204, body: undefined };

export const createSessionsEndpoint =
  (deps: SessionsDeps) =>
  async (request: HttpRequest): Promise<HttpResponse> => {
    const trail = startTrail('sessions', request);
    const caller = await authorize(trail, deps);
    const answer = caller.ok ? await serve(trail, caller.value, deps) : caller;
    return answer.ok ? succeed(trail, answer.value.status, answer.value.body) : refuseWith(answer.failure, trail, deps);
  };

async function authorize(trail: Trail, deps: SessionsDeps): Promise<Result<Caller, Failure>> {
  const { iam } = trail.request;
  if (iam) {
    const principal = authorizeAdministrator(iam.userArn, deps);
    return principal.ok ? ok({ ...principal.value, managesClients: true }) : principal;
  }
  const bearer = await authorizeBearer(trail, undefined, deps);
  if (!bearer.ok) return bearer;
  const { client } = bearer.value;
  return ok({ name: client.client_id, client, managesClients: mayManage(bearer.value) });
}

async function serve(trail: Trail, caller: Caller, deps: SessionsDeps): Promise<Result<Answer, Failure>> {
  const { request } = trail;
  const stranger = unknownParameter(request);
  if (stranger !== undefined) return refuse({ reason: 'query_parameter_unknown', parameter: stranger });
  const ownerId = readOwner(request, caller);
  if (!ownerId.ok) return ownerId;
  switch (request.routeKey) {
    case 'GET /sessions':
      return list(trail, caller, ownerId.value, deps);
    case 'DELETE /sessions/{sid}':
      return end(trail, caller, ownerId.value, deps);
    default:
      return endAll(trail, caller, ownerId.value, deps);
  }
}

/** What it does not know it refuses: a misspelt `client_id` must not turn somebody else's sessions into the caller's own. */
function unknownParameter({ routeKey, query }: HttpRequest): string | undefined {
  const known = routeKey === 'GET /sessions' ? ['client_id', 'limit', 'cursor'] : ['client_id'];
  return [...new URLSearchParams(query).keys()].find((name) => !known.includes(name));
}

/** Whose sessions are meant: the caller's own, unless it may manage clients and names another. */
function readOwner({ query }: HttpRequest, { client, managesClients }: Caller): Result<string, Failure> {
  const [named = client?.client_id, ...repeated] = new URLSearchParams(query).getAll('client_id');
  if (repeated.length > 0) return refuse({ reason: 'parameter_repeated' });
  if (named === undefined) return refuse({ reason: 'parameter_missing', parameter: 'client_id' });
  if (named === client?.client_id) return ok(named);
  if (!managesClients) return refuse({ reason: 'bearer_scope_insufficient', scope: MANAGE_CLIENTS });
  // Anything else is no client's id, and never becomes part of a key.
  return CLIENT_ID_PATTERN.test(named) ? ok(named) : refuse({ reason: 'client_unknown' });
}

async function list(trail: Trail, caller: Caller, ownerId: string, deps: SessionsDeps): Promise<Result<Answer, Failure>> {
  const now = nowSeconds(trail.request);
  const query = readPageQuery(trail.request);
  if (!query.ok) return query;
  const [owner, page] = await Promise.all([
    caller.client !== undefined && ownerId === caller.client.client_id ? ok(caller.client) : findClientById(ownerId, caller, 'see', deps),
    deps.sessions.list({ clientId: ownerId, ...query.value }, now),
  ]);
  if (page === undefined) return refuse({ reason: 'query_invalid', parameter: 'cursor' });
  if (!owner.ok) return owner;
  return ok({ status: 200, body: { items: itemsOf(page.items, owner.value, now), next: page.next ?? null } });
}

/** The order of the list is that of the ids; what was used last comes first within a page. */
const itemsOf = (sessions: readonly Session[], owner: Client, now: number) =>
  sessions.toSorted((one, other) => other.last_used_at - one.last_used_at).map((session) => sessionAnswer(session, owner, now));

async function end(trail: Trail, caller: Caller, clientId: string, deps: SessionsDeps): Promise<Result<Answer, Failure>> {
  const { sessions } = deps;
  const now = nowSeconds(trail.request);
  const sid = trail.request.pathParameters.get('sid') ?? '';
  if (!SID_PATTERN.test(sid)) return refuse({ reason: 'session_not_found' });
  const allowed = await mayEndThoseOf(clientId, caller, deps);
  if (!allowed.ok) return allowed;
  const event = events.sessionEnded(factsOf(trail), { client_id: clientId, sid, reason: by(caller) });
  if (await sessions.end({ clientId, sid }, event, now)) return ok(NO_CONTENT);
  const session = await sessions.read({ clientId, sid }, now);
  if (session === undefined) return refuse({ reason: 'session_not_found' });
  // It is active after all, so why the write failed is not known: nothing has ended, and the caller may try again.
  if (session.status === 'active') throw new Outage('dynamodb:UpdateItem');
  return ok(NO_CONTENT);
}

/** One's own always, and any client's without a read first where the manager is not restricted to some. */
async function mayEndThoseOf(clientId: string, caller: Caller, deps: SessionsDeps): Promise<Result<unknown, Failure>> {
  if (clientId === caller.client?.client_id || isUnrestricted(caller)) return ok(undefined);
  return findClientById(clientId, caller, 'end', deps);
}

/**
 * For managers alone, and only by name: a client ends everything of its own at /revoke with `all=true`, which takes its credential
 * and not merely a token that somebody may have stolen.
 */
async function endAll(trail: Trail, caller: Caller, clientId: string, deps: SessionsDeps): Promise<Result<Answer, Failure>> {
  if (!caller.managesClients) return refuse({ reason: 'bearer_scope_insufficient', scope: MANAGE_CLIENTS });
  if (!new URLSearchParams(trail.request.query).has('client_id')) return refuse({ reason: 'parameter_missing', parameter: 'client_id' });
  const allowed = await mayEndThoseOf(clientId, caller, deps);
  if (!allowed.ok) return allowed;
  const event = events.clientTokensRevoked(factsOf(trail), { client_id: clientId, reason: by(caller) });
  const epoch = await deps.clients.raiseEpoch(clientId, event, nowSeconds(trail.request));
  return epoch === undefined ? refuse({ reason: 'client_unknown' }) : ok(NO_CONTENT);
}
