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

type Wish = { readonly made: NewSecret; readonly keyed: IdempotentRequest | undefined };

export async function addSecret(trail: Trail, manager: string, deps: ClientSecretsDeps): Promise<Result<Answer, Failure>> {
  const expiresAt = readExpiry(trail.request);
  if (!expiresAt.ok) return expiresAt;
  const resource = `secrets of ${trail.request.pathParameters.get('client_id') ?? ''}`;
  const key = readIdempotencyKey(trail.request, resource, manager);
  if (!key.ok) return key;
  const keyed = key.value;
  const now = nowSeconds(trail.request);
  const terms = { created_at: now, ...(expiresAt.value === undefined ? {} : { expires_at: expiresAt.value }) };
  // Made once, so that an attempt whose answer was lost finds its own.
  const made = keyed === undefined ? await newSecret(terms, deps) : await repeatableSecret(keyed, terms, now, deps);
  return retried(() => tryToAdd(trail, manager, { made, keyed }, deps));
}

/** Undefined when another change came between. */
async function tryToAdd(
  trail: Trail,
  manager: string,
  { made, keyed }: Wish,
  deps: ClientSecretsDeps,
): Promise<Result<Answer, Failure> | undefined> {
  const found = await findClient(trail, deps);
  if (!found.ok) return found;
  const from = found.value;
  if (from.secrets.some(({ id }) => id === made.stored.id)) return added(made);
  const now = nowSeconds(trail.request);
  const earlier = keyed === undefined ? undefined : await earlierSecret(from, keyed, now, deps);
  if (earlier !== undefined) return earlier;
  // Judged only now: a repeat may well come after the end.
  if ((made.stored.expires_at ?? Infinity) <= now) return refuse(expiryInvalid('must be in the future'));

  const to = withSecret(from, keyed === undefined ? made.stored : { ...made.stored, idempotency: keyed.digest }, now);
  if (to === undefined) return refuse({ reason: 'secrets_too_many' });
  const event = events.secretAdded(factsOf(trail), { client_id: from.client_id, reason: `${by(manager)} ${made.stored.id}` });
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
  retried((isFirst) => tryToEnd(trail, manager, isFirst, deps));

async function tryToEnd(
  trail: Trail,
  manager: string,
  isFirst: boolean,
  deps: ClientSecretsDeps,
): Promise<Result<Answer, Failure> | undefined> {
  const found = await findClient(trail, deps);
  if (!found.ok) return found;
  const from = found.value;
  const now = nowSeconds(trail.request);
  const id = trail.request.pathParameters.get('secret_id') ?? '';
  const to = withoutSecret(from, id, now);
  // It was there a moment ago: whoever ended it since, it has ended.
  if (to === undefined) return isFirst ? refuse({ reason: 'secret_unknown' }) : ENDED;
  const event = events.secretEnded(factsOf(trail), { client_id: from.client_id, reason: `${by(manager)} ${id}` });
  return (await deps.clients.changeSecrets({ from, to }, event, now)) ? ENDED : undefined;
}

const ENDED = ok({ status: 204, body: undefined });

async function retried(attempt: (isFirst: boolean) => Promise<Result<Answer, Failure> | undefined>): Promise<Result<Answer, Failure>> {
  for (let count = 0; count < ATTEMPTS; count += 1) {
    const answer = await attempt(count === 0);
    if (answer !== undefined) return answer;
  }
  return refuse({ reason: 'client_changed_meanwhile' });
}

/** `{"expires_at"}`, or no body at all. */
function readExpiry(request: HttpRequest): Result<number | undefined, Failure> {
  if (request.body.length === 0) return ok(undefined);
  const body = readJsonObject(request);
  if (!body.ok) return body;
  const value = body.value['expires_at'] ?? undefined;
  const time = value === undefined ? ok(undefined) : readTime(value);
  return time.ok ? time : refuse(expiryInvalid(time.failure));
}

const expiryInvalid = (problem: string) => ({ reason: 'secret_terms_invalid', field: 'expires_at', problem }) as const;
