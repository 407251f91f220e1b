/**
 * POST /clients (RFC 7591): one conditional put makes a client, or nothing. With an Idempotency-Key the id follows from the key, so
 * that of any number of repeats one makes the client, and every other finds it there and derives the same answer.
 */
import * as events from '../audit/events.ts';
import { clientAnswer } from '../clients/client-answer.ts';
import type { Client, ClientMetadata } from '../clients/client.ts';
import { readClientMetadata } from '../clients/client-metadata.ts';
import { excessOf, type Excess } from '../clients/delegation.ts';
import type { IdempotentRequest } from '../clients/idempotency.ts';
import { nowSeconds } from '../http/message.ts';
import { readJsonObject } from '../http/json-body.ts';
import { Outage } from '../outage.ts';
import { ok, refuse, type Result } from '../result.ts';
import { readChosenClientId } from './chosen-client-id.ts';
import type { Failure } from './failure.ts';
import { logRepeat, readIdempotencyKey, sameRequest } from './idempotency.ts';
import { by, isVisible, type Answer, type Manager } from './managed-client.ts';
import { newClient, repeatableClient, type NewClient } from './new-client.ts';
import type { NewSecretDeps } from './new-secret.ts';
import type { ClientStore } from './stores.ts';
import { factsOf, type Trail } from './trail.ts';

export type RegistrationDeps = NewSecretDeps & { readonly clients: ClientStore; readonly issuer: string };

type Wish = { readonly metadata: ClientMetadata; readonly request: IdempotentRequest };

export async function registerClient(trail: Trail, manager: Manager, deps: RegistrationDeps): Promise<Result<Answer, Failure>> {
  const registration = readRegistration(trail, manager, deps);
  if (!registration.ok) return registration;
  const { metadata, chosenId } = registration.value;
  // A key counts for the id that it comes with: two clients never get one secret.
  const keyed = readIdempotencyKey(trail.request, chosenId === undefined ? 'clients' : `clients/${chosenId}`, manager.name);
  if (!keyed.ok) return keyed;
  const request = keyed.value;

  const now = nowSeconds(trail.request);
  const made =
    request === undefined
      ? await newClient(metadata, now, deps, chosenId)
      : await repeatableClient(metadata, request, { created_at: now }, now, deps, chosenId);
  const event = events.clientCreated(factsOf(trail), { client_id: made.client.client_id, reason: by(manager) });
  if (await deps.clients.create(made.client, event)) return created(made);
  if (chosenId !== undefined) return taken(trail, manager, chosenId, { metadata, request }, deps);
  if (request === undefined) throw new Outage('dynamodb:PutItem', { cause: new Error('a generated client_id was taken') });
  const client = await deps.clients.read(made.client.client_id);
  return repeat(trail, manager, client, { metadata, request }, deps);
}

type Registration = { readonly metadata: ClientMetadata; readonly chosenId: string | undefined };

/** What is to be registered, where this manager may register it. */
function readRegistration(trail: Trail, manager: Manager, { issuer }: RegistrationDeps): Result<Registration, Failure> {
  const body = readJsonObject(trail.request);
  if (!body.ok) return body;
  const metadata = readClientMetadata(body.value);
  if (!metadata.ok) return metadata;
  const chosen = readChosenClientId(body.value);
  if (!chosen.ok) return chosen;
  const excess = registrationExcess(manager, metadata.value, chosen.value, issuer);
  return excess === undefined ? ok({ metadata: metadata.value, chosenId: chosen.value }) : refuse({ reason: 'beyond_manager', ...excess });
}

/** Names that other systems may know are not for everybody to take, and whether one is taken not for everybody to know. */
function registrationExcess(
  { client }: Manager,
  metadata: ClientMetadata,
  chosenId: string | undefined,
  issuer: string,
): Excess | undefined {
  if (client?.manages_tags === undefined) return undefined;
  return chosenId === undefined
    ? excessOf(client, metadata, undefined, issuer)
    : { field: 'client_id', problem: 'is chosen by managers without manages_tags alone' };
}

/** An id of somebody's choice may be anybody's: only who sends the key that made the client gets its answer again. */
async function taken(
  trail: Trail,
  manager: Manager,
  clientId: string,
  { metadata, request }: Omit<Wish, 'request'> & { readonly request: IdempotentRequest | undefined },
  deps: RegistrationDeps,
): Promise<Result<Answer, Failure>> {
  const client = request === undefined ? undefined : await deps.clients.read(clientId);
  if (request === undefined || client?.registration?.key !== request.digest.key) return refuse({ reason: 'client_id_taken', clientId });
  return repeat(trail, manager, client, { metadata, request }, deps);
}

/** The answer of the first attempt, from what it was asked and when, whatever has become of the client since. */
async function repeat(
  trail: Trail,
  manager: Manager,
  client: Client | undefined,
  { metadata, request }: Wish,
  deps: RegistrationDeps,
): Promise<Result<Answer, Failure>> {
  const now = nowSeconds(trail.request);
  const at = client?.client_id_issued_at ?? 0;
  const registration = sameRequest(request, client?.registration, at, now);
  if (!registration.ok) return registration;
  // Somebody has taken it away from this manager since.
  if (client === undefined || !isVisible(client, manager)) return refuse({ reason: 'idempotency_key_spent' });
  logRepeat(trail, client.client_id);
  const first = { created_at: at, pepper: registration.value.pepper };
  return created(await repeatableClient(metadata, request, first, now, deps, client.client_id));
}

const created = ({ client, secret }: NewClient): Result<Answer, never> => ok({ status: 201, body: clientAnswer(client, secret) });
