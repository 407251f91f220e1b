/**
 * POST|GET /clients/{client_id}/api-keys and DELETE .../{api_key_id}: keys for callers that can send a header and nothing more. Each
 * key is an item of its own, so that any number of changes never stand in each other's way.
 */
import * as events from '../audit/events.ts';
import { apiKeyAnswer } from '../clients/api-key-answer.ts';
import type { ApiKey, ApiKeyTerms } from '../clients/api-key.ts';
import { readApiKeyTerms } from '../clients/api-key-terms.ts';
import type { Client } from '../clients/client.ts';
import type { IdempotentRequest } from '../clients/idempotency.ts';
import { MAXIMUM } from '../clients/maximum-lengths.ts';
import { defaultScopeOf } from '../grants/issued-token.ts';
import { readJsonObject } from '../http/json-body.ts';
import { nowSeconds, type HttpRequest } from '../http/message.ts';
import { Outage } from '../outage.ts';
import { ok, refuse, type Result } from '../result.ts';
import { isApiKeyId } from '../tokens/api-key.ts';
import { MANAGE_CLIENTS } from '../tokens/scope.ts';
import type { Failure } from './failure.ts';
import { logRepeat, readIdempotencyKey, sameRequest } from './idempotency.ts';
import { by, findClient, type Answer, type ManagedClientDeps, type Manager } from './managed-client.ts';
import { newApiKey, repeatableApiKey, repeatableApiKeyId, type NewApiKey } from './new-api-key.ts';
import type { NewSecretDeps } from './new-secret.ts';
import { readPageQuery } from './page-query.ts';
import type { ApiKeyStore, SecretUseStore } from './stores.ts';
import { factsOf, type Trail } from './trail.ts';

export type ClientApiKeysDeps = NewSecretDeps &
  ManagedClientDeps & { readonly apiKeys: ApiKeyStore; readonly secretUses: Pick<SecretUseStore, 'read'> };

export async function addApiKey(trail: Trail, manager: Manager, deps: ClientApiKeysDeps): Promise<Result<Answer, Failure>> {
  const found = await findClient(trail, manager, 'arm', deps);
  if (!found.ok) return found;
  const client = found.value;
  const terms = readTerms(trail.request, client);
  if (!terms.ok) return terms;
  const keyed = readIdempotencyKey(trail.request, `api-keys of ${client.client_id}`, manager.name);
  if (!keyed.ok) return keyed;
  // A repeat may well come after the end, or when there are as many keys as there may be.
  const earlier = keyed.value === undefined ? undefined : await earlierKey(trail, client, keyed.value, deps);
  return earlier ?? makeKey(trail, manager, client, { terms: terms.value, keyed: keyed.value }, deps);
}

type Wish = { readonly terms: ApiKeyTerms; readonly keyed: IdempotentRequest | undefined };

async function makeKey(
  trail: Trail,
  manager: Manager,
  client: Client,
  { terms, keyed }: Wish,
  deps: ClientApiKeysDeps,
): Promise<Result<Answer, Failure>> {
  const now = nowSeconds(trail.request);
  const { client_id, client_id_issued_at } = client;
  if ((terms.expires_at ?? Infinity) <= now) return refuse(termsInvalid({ field: 'expires_at', problem: 'must be in the future' }));
  if ((await deps.apiKeys.countLive(client, now)) >= MAXIMUM.liveApiKeys) return refuse({ reason: 'api_keys_too_many' });
  const origin = { client_id, client_id_issued_at, created_at: now };
  const made = keyed === undefined ? await newApiKey(origin, terms, now, deps) : await repeatableApiKey(keyed, origin, terms, now, deps);
  const event = events.apiKeyAdded(factsOf(trail), { client_id, sid: made.stored.id, reason: by(manager) });
  if (await deps.apiKeys.create(made.stored, event)) return added(made, now);
  // A duplicate of this very request was faster.
  const answer = keyed === undefined ? undefined : await earlierKey(trail, client, keyed, deps);
  if (answer === undefined) throw new Outage('dynamodb:PutItem', { cause: new Error('an API key with this id exists already') });
  return answer;
}

/** The answer to a repeat: the key that the Idempotency-Key has made, derived again, as long as it is there. Undefined for a new one. */
async function earlierKey(
  trail: Trail,
  client: Client,
  keyed: IdempotentRequest,
  deps: ClientApiKeysDeps,
): Promise<Result<Answer, Failure> | undefined> {
  const now = nowSeconds(trail.request);
  const known = await deps.apiKeys.read({ clientId: client.client_id, id: repeatableApiKeyId(keyed, client.client_id) }, now);
  if (known === undefined) return undefined;
  const checked = sameRequest(keyed, known.status === 'active' ? known.idempotency : undefined, known.created_at, now);
  if (!checked.ok) return checked;
  logRepeat(trail, client.client_id);
  return added(await repeatableApiKey(keyed, known, known, now, deps), now);
}

const added = ({ stored, key }: NewApiKey, now: number): Result<Answer, never> => {
  const { id, ...facts } = apiKeyAnswer(stored, undefined, now);
  return ok({ status: 201, body: { id, api_key: key, ...facts } });
};

export async function listApiKeys(trail: Trail, manager: Manager, deps: ClientApiKeysDeps): Promise<Result<Answer, Failure>> {
  const query = readPageQuery(trail.request);
  if (!query.ok) return query;
  const client = await findClient(trail, manager, 'see', deps);
  if (!client.ok) return client;
  const now = nowSeconds(trail.request);
  const clientId = client.value.client_id;
  const page = await deps.apiKeys.list({ clientId, ...query.value }, now);
  if (page === undefined) return refuse({ reason: 'query_invalid', parameter: 'cursor' });
  // Those of a deleted client that had this id are nobody's.
  const own = page.items.filter((apiKey) => apiKey.client_id_issued_at === client.value.client_id_issued_at);
  const uses = await deps.secretUses.read(
    clientId,
    own.map(({ id }: ApiKey) => id),
  );
  return ok({ status: 200, body: { items: own.map((apiKey) => apiKeyAnswer(apiKey, uses.get(apiKey.id), now)), next: page.next ?? null } });
}

/** Ended for whoever asks next, its tokens with it; ending it once more is no mistake. */
export async function endApiKey(trail: Trail, manager: Manager, deps: ClientApiKeysDeps): Promise<Result<Answer, Failure>> {
  const client = await findClient(trail, manager, 'end', deps);
  if (!client.ok) return client;
  const clientId = client.value.client_id;
  const id = trail.request.pathParameters.get('api_key_id') ?? '';
  // What has not the form of an id never becomes part of a key.
  if (!isApiKeyId(id)) return refuse({ reason: 'api_key_unknown' });
  trail.sid = id;
  const now = nowSeconds(trail.request);
  const event = events.apiKeyEnded(factsOf(trail), { client_id: clientId, sid: id, reason: by(manager) });
  if (await deps.apiKeys.end({ clientId, id }, event, now)) return ENDED;
  const known = await deps.apiKeys.read({ clientId, id }, now);
  if (known === undefined) return refuse({ reason: 'api_key_unknown' });
  // It is active after all, so why the write failed is not known: nothing has ended, and the caller may try again.
  if (known.status === 'active') throw new Outage('dynamodb:UpdateItem');
  return ENDED;
}

const ENDED = ok({ status: 204, body: undefined });

/** No body at all is a key with everything at its default. */
function readTerms(request: HttpRequest, client: Client): Result<ApiKeyTerms, Failure> {
  const body = request.body.length === 0 ? ok({}) : readJsonObject(request);
  if (!body.ok) return body;
  // Managing clients is for keys that are made for it by name.
  const usual = defaultScopeOf(client).filter((token) => token !== MANAGE_CLIENTS);
  const terms = readApiKeyTerms(body.value, { scope: client.scope, usual });
  return terms.ok ? terms : refuse(termsInvalid(terms.failure));
}

const termsInvalid = (problem: { readonly field: string; readonly problem: string }) =>
  ({ reason: 'api_key_terms_invalid', ...problem }) as const;
