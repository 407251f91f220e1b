/**
 * POST|GET /clients/{client_id}/secrets and DELETE .../{secret_id}: several secrets live at once, so that they are exchanged without
 * an outage. Each change is one write of the client's record, guarded by its version.
 */
import * as events from '../audit/events.ts';
import { secretAnswer } from '../clients/client-answer.ts';
import type { Client, SecretDigest } from '../clients/client.ts';
import { keyCredentialId } from '../clients/client-keys.ts';
import type { IdempotentRequest } from '../clients/idempotency.ts';
import { withoutSecret, withSecret } from '../clients/secrets.ts';
import { readCredentialRanges } from '../clients/credential-ranges.ts';
import { readTime } from '../clients/time.ts';
import { nowSeconds, type HttpRequest } from '../http/message.ts';
import { readJsonObject } from '../http/json-body.ts';
import { ok, refuse, type Result } from '../result.ts';
import type { Failure } from './failure.ts';
import { logRepeat, readIdempotencyKey, sameRequest } from './idempotency.ts';
import { by, findClient, type Answer, type ManagedClientDeps, type Manager } from './managed-client.ts';
import { newSecret, repeatableSecret, type NewSecret, type NewSecretDeps } from './new-secret.ts';
import type { ClientStore, SecretUseStore } from './stores.ts';
import { factsOf, type Trail } from './trail.ts';

export type ClientSecretsDeps = NewSecretDeps &
  ManagedClientDeps & { readonly clients: ClientStore; readonly secretUses: Pick<SecretUseStore, 'read'> };

/** Somebody else's change between our read and our write is no reason to bother the caller, unless it happens again and again. */
const ATTEMPTS = 3;

type Wish = { readonly made: NewSecret; readonly keyed: IdempotentRequest | undefined };

export async function addSecret(trail: Trail, manager: Manager, deps: ClientSecretsDeps): Promise<Result<Answer, Failure>> {
  const asked = readTerms(trail.request);
  if (!asked.ok) return asked;
  const resource = `secrets of ${trail.request.pathParameters.get('client_id') ?? ''}`;
  const key = readIdempotencyKey(trail.request, resource, manager.name);
  if (!key.ok) return key;
  const keyed = key.value;
  const now = nowSeconds(trail.request);
  const terms = { created_at: now, ...asked.value };
  // Made once, so that an attempt whose answer was lost finds its own.
  const made = keyed === undefined ? await newSecret(terms, deps) : await repeatableSecret(keyed, terms, now, deps);
  return retried(() => tryToAdd(trail, manager, { made, keyed }, deps));
}

/** Undefined when another change came between. */
async function tryToAdd(
  trail: Trail,
  manager: Manager,
  { made, keyed }: Wish,
  deps: ClientSecretsDeps,
): Promise<Result<Answer, Failure> | undefined> {
  const found = await findClient(trail, manager, 'arm', deps);
  if (!found.ok) return found;
  const from = found.value;
  if (from.secrets.some(({ id }) => id === made.stored.id)) return added(made);
  const now = nowSeconds(trail.request);
  const earlier = keyed === undefined ? undefined : await earlierSecret(trail, from, keyed, deps);
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
  trail: Trail,
  client: Client,
  keyed: IdempotentRequest,
  deps: ClientSecretsDeps,
): Promise<Result<Answer, Failure> | undefined> {
  const now = nowSeconds(trail.request);
  const known = client.secrets.find(({ idempotency }) => idempotency?.key === keyed.digest.key);
  if (known === undefined)
    return client.spent_keys?.some(({ key, until }) => key === keyed.digest.key && until > now) === true
      ? refuse({ reason: 'idempotency_key_spent' })
      : undefined;
  const checked = sameRequest(keyed, known.idempotency, known.created_at, now);
  if (!checked.ok) return checked;
  logRepeat(trail, client.client_id);
  return added(await repeatableSecret(keyed, known, now, deps));
}

const added = ({ stored: { id, ...terms }, secret }: NewSecret): Result<Answer, never> => {
  const { created_at, expires_at, ip_ranges } = secretAnswer({ id, ...terms });
  const limits = { ...(expires_at === undefined ? {} : { expires_at }), ...(ip_ranges === undefined ? {} : { ip_ranges }) };
  return ok({ status: 201, body: { id, client_secret: secret, created_at, ...limits } });
};

export async function listSecrets(trail: Trail, manager: Manager, deps: ClientSecretsDeps): Promise<Result<Answer, Failure>> {
  const client = await findClient(trail, manager, 'see', deps);
  if (!client.ok) return client;
  const uses = await usesOf(client.value, deps);
  return ok({ status: 200, body: { items: client.value.secrets.map((secret) => secretAnswer(secret, uses)), next: null } });
}

export const usesOf = ({ client_id, secrets, jwks }: Client, { secretUses }: Pick<ClientSecretsDeps, 'secretUses'>) =>
  secretUses.read(client_id, [...secrets.map(({ id }: SecretDigest) => id), ...(jwks?.keys ?? []).map(({ kid }) => keyCredentialId(kid))]);

export const endSecret = (trail: Trail, manager: Manager, deps: ClientSecretsDeps): Promise<Result<Answer, Failure>> =>
  retried((isFirst) => tryToEnd(trail, manager, isFirst, deps));

async function tryToEnd(
  trail: Trail,
  manager: Manager,
  isFirst: boolean,
  deps: ClientSecretsDeps,
): Promise<Result<Answer, Failure> | undefined> {
  const found = await findClient(trail, manager, 'end', deps);
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

/** Undefined = another change came between. */
export async function retried(
  attempt: (isFirst: boolean) => Promise<Result<Answer, Failure> | undefined>,
): Promise<Result<Answer, Failure>> {
  for (let count = 0; count < ATTEMPTS; count += 1) {
    const answer = await attempt(count === 0);
    if (answer !== undefined) return answer;
  }
  return refuse({ reason: 'client_changed_meanwhile' });
}

/** `{"expires_at", "ip_ranges"}`, each of which may be absent, or no body at all. */
function readTerms(request: HttpRequest): Result<Pick<SecretDigest, 'expires_at' | 'ip_ranges'>, Failure> {
  if (request.body.length === 0) return ok({});
  const body = readJsonObject(request);
  if (!body.ok) return body;
  const time = given(body.value['expires_at'], readTime);
  if (!time.ok) return refuse(expiryInvalid(time.failure));
  const networks = given(body.value['ip_ranges'], readCredentialRanges);
  if (!networks.ok) return refuse({ reason: 'secret_terms_invalid', field: 'ip_ranges', problem: networks.failure });
  return ok({
    ...(time.value === undefined ? {} : { expires_at: time.value }),
    ...(networks.value === undefined ? {} : { ip_ranges: networks.value }),
  });
}

const given = <T>(value: unknown, read: (value: unknown) => Result<T, string>): Result<T | undefined, string> =>
  value === undefined || value === null ? ok(undefined) : read(value);

const expiryInvalid = (problem: string) => ({ reason: 'secret_terms_invalid', field: 'expires_at', problem }) as const;
