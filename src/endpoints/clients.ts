/**
 * POST|GET /clients, GET|PUT|DELETE /clients/{client_id} (RFC 7591, RFC 7592) and the secrets below: registration by bearers of `clients:manage`,
 * below `/iam` by AWS principals.
 * bearer → token → limits, beside reading the manager and its token's revocation → scope → the request itself.
 */
import * as events from '../audit/events.ts';
import { clientAnswer } from '../clients/client-answer.ts';
import { changedFields } from '../clients/changed-fields.ts';
import type { Client, ClientMetadata } from '../clients/client.ts';
import { readClientMetadata } from '../clients/client-metadata.ts';
import { excessOf } from '../clients/delegation.ts';
import { nowSeconds, type HttpRequest, type HttpResponse } from '../http/message.ts';
import { readJsonObject } from '../http/json-body.ts';
import { ok, refuse, type Result } from '../result.ts';
import { authorizeAdministrator, type AdministratorDeps } from './administrator.ts';
import { authorizeManager, type BearerDeps } from './bearer.ts';
import { claimSuccessor, type ClaimDeps } from './claim-successor.ts';
import { addApiKey, endApiKey, listApiKeys, type ClientApiKeysDeps } from './client-api-keys.ts';
import { addSecret, endSecret, listSecrets, usesOf, type ClientSecretsDeps } from './client-secrets.ts';
import type { Failure } from './failure.ts';
import { manageDeniedCertificates, type DeniedCertificatesDeps } from './denied-certificates.ts';
import { manageBlocks, type BlocksDeps } from './blocks.ts';
import { by, clientIdInPath, findClient, isUnrestricted, isVisible, type Answer, type Manager } from './managed-client.ts';
import { readPageQuery } from './page-query.ts';
import { registerClient } from './register-client.ts';
import { factsOf, refuseWith, startTrail, succeed, type Trail } from './trail.ts';
import { manageTrustRules, type TrustRulesDeps } from './trust-rules.ts';

export type ClientsDeps = BearerDeps &
  AdministratorDeps &
  ClientSecretsDeps &
  ClientApiKeysDeps &
  ClaimDeps &
  BlocksDeps &
  DeniedCertificatesDeps &
  TrustRulesDeps;

export const createClientsEndpoint =
  (deps: ClientsDeps) =>
  async (request: HttpRequest): Promise<HttpResponse> => {
    const trail = startTrail('clients', request);
    const answer = request.routeKey === CLAIM ? await claimSuccessor(trail, deps) : await asManager(trail, deps);
    return answer.ok ? succeed(trail, answer.value.status, answer.value.body) : refuseWith(answer.failure, trail, deps);
  };

/** The one route below /clients that is for the client itself, with its secret. */
const CLAIM = 'POST /clients/{client_id}/secrets/rotation';

async function asManager(trail: Trail, deps: ClientsDeps): Promise<Result<Answer, Failure>> {
  const { iam } = trail.request;
  const manager = iam ? authorizeAdministrator(iam.userArn, deps) : await authorizeManager(trail, deps);
  return manager.ok ? manage(trail, manager.value, deps) : manager;
}

function manage(trail: Trail, manager: Manager, deps: ClientsDeps): Promise<Result<Answer, Failure>> {
  switch (trail.request.routeKey) {
    case 'POST /clients':
      return registerClient(trail, manager, deps);
    case 'GET /clients':
      return list(trail, manager, deps);
    case 'GET /clients/{client_id}':
      return read(trail, manager, deps);
    case 'DELETE /clients/{client_id}':
      return remove(trail, manager, deps);
    case 'POST /clients/{client_id}/secrets':
      return addSecret(trail, manager, deps);
    case 'GET /clients/{client_id}/secrets':
      return listSecrets(trail, manager, deps);
    case 'DELETE /clients/{client_id}/secrets/{secret_id}':
      return endSecret(trail, manager, deps);
    case 'POST /clients/{client_id}/api-keys':
      return addApiKey(trail, manager, deps);
    case 'GET /clients/{client_id}/api-keys':
      return listApiKeys(trail, manager, deps);
    case 'DELETE /clients/{client_id}/api-keys/{api_key_id}':
      return endApiKey(trail, manager, deps);
    case 'GET /trust-rules':
    case 'POST /trust-rules':
    case 'POST /trust-rules/test':
    case 'GET /trust-rules/{rule_id}':
    case 'DELETE /trust-rules/{rule_id}':
      return manageTrustRules(trail, manager, deps);
    case 'GET /blocks':
    case 'POST /blocks':
    case 'DELETE /blocks':
      return manageBlocks(trail, manager, deps);
    case 'GET /denied-certificates':
    case 'POST /denied-certificates':
    case 'DELETE /denied-certificates':
      return manageDeniedCertificates(trail, manager, deps);
    default:
      return replace(trail, manager, deps);
  }
}

async function read(trail: Trail, manager: Manager, deps: ClientsDeps): Promise<Result<Answer, Failure>> {
  const client = await findClient(trail, manager, 'see', deps);
  if (!client.ok) return client;
  return ok({ status: 200, body: clientAnswer(client.value, undefined, await usesOf(client.value, deps)) });
}

/** RFC 7592 section 2.3: 204, and everything of the client is dead at once. */
async function remove(trail: Trail, manager: Manager, deps: ClientsDeps): Promise<Result<Answer, Failure>> {
  const clientId = clientIdInPath(trail);
  if (clientId === undefined) return refuse({ reason: 'client_unknown' });
  // Who may delete any client needs no read first; for the others it is the client as read, or none.
  const found = isUnrestricted(manager) ? undefined : await findClient(trail, manager, 'end', deps);
  if (found?.ok === false) return found;
  const event = events.clientDeleted(factsOf(trail), { client_id: clientId, reason: by(manager) });
  const removed = await deps.clients.remove(clientId, event, nowSeconds(trail.request), found?.value.version);
  if (!removed && found !== undefined) return refuse({ reason: 'client_changed_meanwhile' });
  return removed ? ok({ status: 204, body: undefined }) : refuse({ reason: 'client_unknown' });
}

/** RFC 7592 section 2.2: the request replaces all metadata; what it leaves out returns to its default. */
async function replace(trail: Trail, manager: Manager, deps: ClientsDeps): Promise<Result<Answer, Failure>> {
  const body = readJsonObject(trail.request);
  if (!body.ok) return body;
  const metadata = readClientMetadata(body.value);
  if (!metadata.ok) return metadata;
  const found = await findClient(trail, manager, 'replace', deps);
  if (!found.ok) return found;
  const from = found.value;
  // "The client MUST include its client_id field in the request, and it MUST be the same" (RFC 7592 section 2.2); here it may be left out.
  if (Object.hasOwn(body.value, 'client_id') && body.value['client_id'] !== from.client_id) return refuse({ reason: 'client_id_differs' });
  const excess = manager.client === undefined ? undefined : excessOf(manager.client, metadata.value, from, deps.issuer);
  if (excess !== undefined) return refuse({ reason: 'beyond_manager', ...excess });

  const to = changedClient(from, metadata.value, nowSeconds(trail.request));
  const reason = `${by(manager)} ${changedFields(from, to).join(',')}`.trimEnd();
  const event = changeEvent(from, to)(factsOf(trail), { client_id: from.client_id, reason });
  if (!(await deps.clients.replace({ from, to }, event))) return refuse({ reason: 'client_changed_meanwhile' });
  return ok({ status: 200, body: clientAnswer(to) });
}

function changedClient(from: Client, metadata: ClientMetadata, now: number): Client {
  return {
    ...metadata,
    client_id: from.client_id,
    secrets: from.secrets,
    epoch: endsTokens(from, metadata) ? from.epoch + 1 : from.epoch,
    version: from.version + 1,
    client_id_issued_at: from.client_id_issued_at,
    updated_at: now,
  };
}

/** Disabling ends every outstanding token and session, and so does an earlier end, which they could outlive. */
const endsTokens = (from: Client, to: ClientMetadata): boolean =>
  (to.disabled && !from.disabled) || (to.client_expires_at ?? Infinity) < (from.client_expires_at ?? Infinity);

function changeEvent(from: Client, to: Client) {
  if (to.disabled === from.disabled) return events.clientChanged;
  return to.disabled ? events.clientDisabled : events.clientEnabled;
}

/** A manager's page may be short, or empty, and still have a `next`: reads stay bounded by `limit`, whatever there is of others. */
async function list(trail: Trail, manager: Manager, deps: ClientsDeps): Promise<Result<Answer, Failure>> {
  const query = readPageQuery(trail.request);
  if (!query.ok) return query;
  const page = await deps.clients.list(query.value);
  if (page === undefined) return refuse({ reason: 'query_invalid', parameter: 'cursor' });
  const items = page.items.filter((client) => isVisible(client, manager));
  return ok({ status: 200, body: { items: items.map((client) => clientAnswer(client)), next: page.next ?? null } });
}
