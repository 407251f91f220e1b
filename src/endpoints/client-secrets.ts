/**
 * POST|GET /clients/{client_id}/secrets and DELETE .../{secret_id}: several secrets live at once, so that they are exchanged without
 * an outage. Each change is one write of the client's record, guarded by its version.
 */
import * as events from '../audit/events.ts';
import { secretAnswer } from '../clients/client-answer.ts';
import type { Client, SecretDigest } from '../clients/client.ts';
import type { IdempotentRequest } from '../clients/idempotency.ts';
import { withoutSecret, withSecret } from '../clients/secrets.ts';
import { readTime } from '../clients/time.ts';
import { nowSeconds, type HttpRequest } from '../http/message.ts';
import { readJsonObject } from '../http/json-body.ts';
import { ok, refuse, type Result } from '../result.ts';
import type { Failure } from './failure.ts';
import { readIdempotencyKey, sameRequest } from './idempotency.ts';
import { by, findClient, type Answer } from './managed-client.ts';
import { newSecret, repeatableSecret, type NewSecret, type NewSecretDeps } from './new-secret.ts';
import type { ClientStore, SecretUseStore } from './stores.ts';
import { factsOf, type Trail } from './trail.ts';

export type ClientSecretsDeps = NewSecretDeps & { readonly clients: ClientStore; readonly secretUses: Pick<SecretUseStore, 'read'> };

/** Somebody else's change between our read and our write is no reason to bother the caller, unless it happens again and again. */
const ATTEMPTS = 3;

type Wish = { readonly expiresAt: number | undefined; readonly keyed: IdempotentRequest | undefined };

export async function addSecret(trail: Trail, manager: string, deps: ClientSecretsDeps): Promise<Result<Answer, Failure>> {
  const terms = readTerms(trail.request);
  if (!terms.ok) return terms;
  const resource = `secrets of ${trail.request.pathParameters.get('client_id') ?? ''}`;
  const keyed = readIdempotencyKey(trail.request, resource, manager);
  if (!keyed.ok) return keyed;
  return retried(() => tryToAdd(trail, manager, { expiresAt: terms.value, keyed: keyed.value }, deps));
}

/** Undefined when another change came between. */
async function tryToAdd(
  trail: Trail,
  manager: string,
  { expiresAt, keyed }: Wish,
  deps: ClientSecretsDeps,
): Promise<Result<Answer, Failure> | undefined> {
  const found = await findClient(trail, deps);
  if (!found.ok) return found;
  const from = found.value;
  const now = nowSeconds(trail.request);
  const earlier = keyed === undefined ? undefined : await earlierSecret(from, keyed, now, deps);
  if (earlier !== undefined) return earlier;

  const terms = { created_at: now, ...(expiresAt === undefined ? {} : { expires_at: expiresAt }) };
  const made = keyed === undefined ? await newSecret(terms, deps) : await repeatableSecret(keyed, terms, now, deps);
  const stored = keyed === undefined ? made.stored : { ...made.stored, idempotency: keyed.digest };
  const to = withSecret(from, stored, now);
  if (to === undefined) return refuse({ reason: 'secrets_too_many' });
  const event = events.secretAdded(factsOf(trail), { client_id: from.client_id, reason: `${by(manager)} ${stored.id}` });
  return (await deps.clients.changeSecrets({ from, to }, event, now)) ? added(made) : undefined;
}

/** The answer to a repeat: the secret that the key has made, derived again, as long as it is there. Undefined for a new key. */
async function earlierSecret(
  client: Client,
  keyed: IdempotentRequest,
  now: number,
  deps: ClientSecretsDeps,
): Promise<Result<Answer, Failure> | undefined> {
  const known = client.secrets.find(({ idempotency }) => idempotency?.key === keyed.digest.key);
  if (known === undefined)
    return client.spent_keys?.some(({ key, until }) => key === keyed.digest.key && until > now) === true
      ? refuse({ reason: 'idempotency_key_spent' })
      : undefined;
  const checked = sameRequest(keyed, known.idempotency, known.created_at, now);
  return checked.ok ? added(await repeatableSecret(keyed, known, now, deps)) : checked;
}

const added = ({ stored: { id, ...terms }, secret }: NewSecret): Result<Answer, never> => {
  const { created_at, expires_at } = secretAnswer({ id, ...terms });
  return ok({ status: 201, body: { id, client_secret: secret, created_at, ...(expires_at === undefined ? {} : { expires_at }) } });
};

export async function listSecrets(trail: Trail, deps: ClientSecretsDeps): Promise<Result<Answer, Failure>> {
  const client = await findClient(trail, deps);
  if (!client.ok) return client;
  const uses = await usesOf(client.value, deps);
  return ok({ status: 200, body: { items: client.value.secrets.map((secret) => secretAnswer(secret, uses)), next: null } });
}

export const usesOf = ({ client_id, secrets }: Client, { secretUses }: Pick<ClientSecretsDeps, 'secretUses'>) =>
  secretUses.read(
    client_id,
    secrets.map(({ id }: SecretDigest) => id),
  );

export const endSecret = (trail: Trail, manager: string, deps: ClientSecretsDeps): Promise<Result<Answer, Failure>> =>
  retried(() => tryToEnd(trail, manager, deps));

async function tryToEnd(trail: Trail, manager: string, deps: ClientSecretsDeps): Promise<Result<Answer, Failure> | undefined> {
  const found = await findClient(trail, deps);
  if (!found.ok) return found;
  const from = found.value;
  const now = nowSeconds(trail.request);
  const id = trail.request.pathParameters.get('secret_id') ?? '';
  const to = withoutSecret(from, id, now);
  if (to === undefined) return refuse({ reason: 'secret_unknown' });
  const event = events.secretEnded(factsOf(trail), { client_id: from.client_id, reason: `${by(manager)} ${id}` });
  return (await deps.clients.changeSecrets({ from, to }, event, now)) ? ok({ status: 204, body: undefined }) : undefined;
}

async function retried(attempt: () => Promise<Result<Answer, Failure> | undefined>): Promise<Result<Answer, Failure>> {
  for (let left = ATTEMPTS; left > 0; left -= 1) {
    const answer = await attempt();
    if (answer !== undefined) return answer;
  }
  return refuse({ reason: 'client_changed_meanwhile' });
}

/** `{"expires_at"}`, or no body at all. */
function readTerms(request: HttpRequest): Result<number | undefined, Failure> {
  if (request.body.length === 0) return ok(undefined);
  const body = readJsonObject(request);
  if (!body.ok) return body;
  const value = body.value['expires_at'] ?? undefined;
  if (value === undefined) return ok(undefined);
  const time = readTime(value);
  if (!time.ok) return refuse({ reason: 'secret_terms_invalid', field: 'expires_at', problem: time.failure });
  return time.value > nowSeconds(request)
    ? time
    : refuse({ reason: 'secret_terms_invalid', field: 'expires_at', problem: 'must be in the future' });
}
