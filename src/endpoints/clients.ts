/**
 * POST|GET /clients and GET|PUT /clients/{client_id} (RFC 7591, RFC 7592): registration by bearers of `clients:manage`.
 * bearer → token → limits, beside reading the manager and its token's revocation → scope → the request itself.
 */
import * as events from '../audit/events.ts';
import { clientAnswer } from '../clients/client-answer.ts';
import { CLIENT_ID_PATTERN, type Client, type ClientMetadata } from '../clients/client.ts';
import { readClientMetadata } from '../clients/client-metadata.ts';
import { PAGE_LIMIT } from '../clients/maximum-lengths.ts';
import { nowSeconds, type HttpRequest, type HttpResponse } from '../http/message.ts';
import { readJsonObject } from '../http/json-body.ts';
import { Outage } from '../outage.ts';
import { ok, refuse, type Result } from '../result.ts';
import { MANAGE_CLIENTS } from '../tokens/scope.ts';
import { authorizeBearer, type BearerDeps } from './bearer.ts';
import type { Failure } from './failure.ts';
import { newClient, type NewClientDeps } from './new-client.ts';
import type { ClientStore } from './stores.ts';
import { factsOf, refuseWith, startTrail, succeed, type Trail } from './trail.ts';

export type ClientsDeps = BearerDeps & NewClientDeps & { readonly clients: ClientStore };

type Answer = { readonly status: number; readonly body: unknown };

export const createClientsEndpoint =
  (deps: ClientsDeps) =>
  async (request: HttpRequest): Promise<HttpResponse> => {
    const trail = startTrail('clients', request);
    const manager = await authorizeBearer(trail, MANAGE_CLIENTS, deps);
    const answer = manager.ok ? await manage(trail, manager.value, deps) : manager;
    return answer.ok ? succeed(trail, answer.value.status, answer.value.body) : refuseWith(answer.failure, trail, deps);
  };

/** @param manager the client id of the bearer: who did it, in the audit trail. */
function manage(trail: Trail, manager: string, deps: ClientsDeps): Promise<Result<Answer, Failure>> {
  switch (trail.request.routeKey) {
    case 'POST /clients':
      return register(trail, manager, deps);
    case 'GET /clients':
      return list(trail, deps);
    case 'GET /clients/{client_id}':
      return read(trail, deps);
    default:
      return replace(trail, manager, deps);
  }
}

async function register(trail: Trail, manager: string, deps: ClientsDeps): Promise<Result<Answer, Failure>> {
  const body = readJsonObject(trail.request);
  if (!body.ok) return body;
  const metadata = readClientMetadata(body.value);
  if (!metadata.ok) return metadata;
  const now = nowSeconds(trail.request);
  const { client, secret } = await newClient(metadata.value, now, deps);
  const event = events.clientCreated(factsOf(trail), { client_id: client.client_id, reason: by(manager) });
  if (!(await deps.clients.create(client, event)))
    throw new Outage('dynamodb:PutItem', { cause: new Error('a generated client_id was taken') });
  return ok({ status: 201, body: clientAnswer(client, secret) });
}

async function read(trail: Trail, deps: ClientsDeps): Promise<Result<Answer, Failure>> {
  const client = await find(trail, deps);
  return client.ok ? ok({ status: 200, body: clientAnswer(client.value) }) : client;
}

/** RFC 7592 section 2.2: the request replaces all metadata; what it leaves out returns to its default. */
async function replace(trail: Trail, manager: string, deps: ClientsDeps): Promise<Result<Answer, Failure>> {
  const body = readJsonObject(trail.request);
  if (!body.ok) return body;
  const metadata = readClientMetadata(body.value);
  if (!metadata.ok) return metadata;
  const found = await find(trail, deps);
  if (!found.ok) return found;
  const from = found.value;
  // "The client MUST include its client_id field in the request, and it MUST be the same" (RFC 7592 section 2.2); here it may be left out.
  if (Object.hasOwn(body.value, 'client_id') && body.value['client_id'] !== from.client_id) return refuse({ reason: 'client_id_differs' });

  const to = changedClient(from, metadata.value, nowSeconds(trail.request));
  const event = changeEvent(from, to)(factsOf(trail), { client_id: from.client_id, reason: by(manager) });
  if (!(await deps.clients.replace({ from, to }, event))) return refuse({ reason: 'client_changed_meanwhile' });
  return ok({ status: 200, body: clientAnswer(to) });
}

function changedClient(from: Client, metadata: ClientMetadata, now: number): Client {
  return {
    ...metadata,
    client_id: from.client_id,
    secrets: from.secrets,
    // Disabling ends every outstanding token and session, also those that would outlive a later enabling.
    epoch: metadata.disabled && !from.disabled ? from.epoch + 1 : from.epoch,
    version: from.version + 1,
    client_id_issued_at: from.client_id_issued_at,
    updated_at: now,
  };
}

function changeEvent(from: Client, to: Client) {
  if (to.disabled === from.disabled) return events.clientChanged;
  return to.disabled ? events.clientDisabled : events.clientEnabled;
}

async function list(trail: Trail, deps: ClientsDeps): Promise<Result<Answer, Failure>> {
  const query = readPage(trail.request);
  if (!query.ok) return query;
  const page = await deps.clients.list(query.value);
  if (page === undefined) return refuse({ reason: 'query_invalid', parameter: 'cursor' });
  return ok({ status: 200, body: { items: page.items.map((client) => clientAnswer(client)), next: page.next ?? null } });
}

function readPage(request: HttpRequest): Result<{ limit: number; cursor: string | undefined }, Failure> {
  const query = new URLSearchParams(request.query);
  for (const name of query.keys()) if (query.getAll(name).length > 1) return refuse({ reason: 'parameter_repeated' });
  const text = query.get('limit') ?? String(PAGE_LIMIT.default);
  if (!/^[1-9][0-9]{0,2}$/.test(text) || Number(text) > PAGE_LIMIT.max) return refuse({ reason: 'query_invalid', parameter: 'limit' });
  return ok({ limit: Number(text), cursor: query.get('cursor') ?? undefined });
}

async function find(trail: Trail, { clients }: ClientsDeps): Promise<Result<Client, Failure>> {
  const clientId = trail.request.pathParameters.get('client_id') ?? '';
  // Anything else is no client's id, and never becomes part of a key.
  const client = CLIENT_ID_PATTERN.test(clientId) ? await clients.read(clientId) : undefined;
  return client === undefined ? refuse({ reason: 'client_unknown' }) : ok(client);
}

const by = (manager: string): string => `by:${manager}`;
