/**
 * POST /clients (RFC 7591): one conditional put makes a client, or nothing. With an Idempotency-Key the id follows from the key, so
 * that of any number of repeats one makes the client, and every other finds it there and derives the same answer.
 */
import * as events from '../audit/events.ts';
import { clientAnswer } from '../clients/client-answer.ts';
import type { ClientMetadata } from '../clients/client.ts';
import { readClientMetadata } from '../clients/client-metadata.ts';
import type { IdempotentRequest } from '../clients/idempotency.ts';
import { nowSeconds } from '../http/message.ts';
import { readJsonObject } from '../http/json-body.ts';
import { Outage } from '../outage.ts';
import { ok, type Result } from '../result.ts';
import type { Failure } from './failure.ts';
import { readIdempotencyKey, sameRequest } from './idempotency.ts';
import { by, type Answer } from './managed-client.ts';
import { newClient, repeatableClient, type NewClient } from './new-client.ts';
import type { NewSecretDeps } from './new-secret.ts';
import type { ClientStore } from './stores.ts';
import { factsOf, type Trail } from './trail.ts';

export type RegistrationDeps = NewSecretDeps & { readonly clients: ClientStore };

export async function registerClient(trail: Trail, manager: string, deps: RegistrationDeps): Promise<Result<Answer, Failure>> {
  const body = readJsonObject(trail.request);
  if (!body.ok) return body;
  const metadata = readClientMetadata(body.value);
  if (!metadata.ok) return metadata;
  const keyed = readIdempotencyKey(trail.request, 'clients', manager);
  if (!keyed.ok) return keyed;

  const now = nowSeconds(trail.request);
  const made =
    keyed.value === undefined
      ? await newClient(metadata.value, now, deps)
      : await repeatableClient(metadata.value, keyed.value, { created_at: now }, now, deps);
  const event = events.clientCreated(factsOf(trail), { client_id: made.client.client_id, reason: by(manager) });
  if (await deps.clients.create(made.client, event)) return created(made);
  if (keyed.value === undefined) throw new Outage('dynamodb:PutItem', { cause: new Error('a generated client_id was taken') });
  return repeat(made.client.client_id, metadata.value, keyed.value, now, deps);
}

/** The answer of the first attempt, from what it was asked and when, whatever has become of the client since. */
async function repeat(
  clientId: string,
  metadata: ClientMetadata,
  request: IdempotentRequest,
  now: number,
  deps: RegistrationDeps,
): Promise<Result<Answer, Failure>> {
  const client = await deps.clients.read(clientId);
  const at = client?.client_id_issued_at ?? 0;
  const registration = sameRequest(request, client?.registration, at, now);
  if (!registration.ok) return registration;
  return created(await repeatableClient(metadata, request, { created_at: at, pepper: registration.value.pepper }, now, deps));
}

const created = ({ client, secret }: NewClient): Result<Answer, never> => ok({ status: 201, body: clientAnswer(client, secret) });
