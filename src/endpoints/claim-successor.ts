/**
 * POST /clients/{client_id}/secrets/rotation: a client takes the successor of the secret that it authenticates with (decision 0016).
 * parse → exactly one credential → limits, beside reading the client → authenticate → is the exchange open, or opened with
 * `exchange=now` (decision 0022) → is the successor in use already → one write, which carries the event → 201 with the new secret;
 * 200 without one while there is nothing to do.
 */
import * as events from '../audit/events.ts';
import { checkStanding, type AuthenticatedClient } from '../client-authentication/authenticate.ts';
import { networkOf } from '../client-authentication/network.ts';
import type { Client, SecretDigest } from '../clients/client.ts';
import type { SecretRotation } from '../clients/rotation-terms.ts';
import { openedEarly, rotationDueAt, withChanged } from '../clients/secret-rotation.ts';
import { isLiveSecret, withSecret, type ClientSecrets } from '../clients/secrets.ts';
import { successorSeed } from '../clients/successor-seed.ts';
import { rfc3339 } from '../clients/time.ts';
import { nowSeconds } from '../http/message.ts';
import { readParameters } from '../http/parameters.ts';
import { ok, refuse, type Result } from '../result.ts';
import { admit, type AdmissionDeps } from './admission.ts';
import { presentedBy, proveSecret } from './caller.ts';
import { retried } from './client-secrets.ts';
import type { Failure } from './failure.ts';
import { clientIdInPath, type Answer } from './managed-client.ts';
import { successorSecret, type NewSecretDeps } from './new-secret.ts';
import { reportUse, type ReportUseDeps } from './report-use.ts';
import type { ClientStore, SecretUseStore } from './stores.ts';
import { factsOf, type Trail } from './trail.ts';

export type ClaimDeps = AdmissionDeps &
  NewSecretDeps &
  ReportUseDeps & { readonly clients: Pick<ClientStore, 'read' | 'changeSecrets'>; readonly secretUses: SecretUseStore };

/** What was proven: which secret, as it was presented; and whether its holder will not wait for the schedule. */
type Proof = { readonly secretId: string; readonly presented: string; readonly early: boolean };

export async function claimSuccessor(trail: Trail, deps: ClaimDeps): Promise<Result<Answer, Failure>> {
  const parameters = readParameters(trail.request, { json: false });
  if (!parameters.ok) return parameters;
  const presented = presentedBy(trail.request, parameters.value);
  if (!presented.ok) return presented;
  const { clientId } = presented.value;
  // There is no secret in a signed request that could be exchanged, nor in a TLS handshake; the route has no twin for AWS principals.
  if (!('secret' in presented.value)) return refuse({ reason: 'credentials_missing' });
  if (clientId !== clientIdInPath(trail)) return refuse({ reason: 'client_id_mismatch', clientId });
  const admitted = await admit(trail, clientId, { guessing: true }, deps);
  if (!admitted.ok) return admitted;
  const caller = await proveSecret(trail, presented.value, admitted.value, deps);
  if (!caller.ok) return caller;
  await reportUse(trail, caller.value, deps);
  return claim(trail, caller.value, { presented: presented.value.secret, early: parameters.value.get('exchange') === 'now' }, deps);
}

function claim(
  trail: Trail,
  { client, credential }: AuthenticatedClient,
  wish: Omit<Proof, 'secretId'>,
  deps: ClaimDeps,
): Promise<Result<Answer, Failure>> {
  if (credential === undefined) return Promise.resolve(refuse({ reason: 'credentials_missing' }));
  const proof = { secretId: credential.id, ...wish };
  return retried(async (isFirst) => tryToClaim(trail, isFirst ? client : await deps.clients.read(client.client_id), proof, deps));
}

/** Undefined when another change came between. */
async function tryToClaim(
  trail: Trail,
  client: Client | undefined,
  { secretId, presented, early }: Proof,
  deps: ClaimDeps,
): Promise<Result<Answer, Failure> | undefined> {
  const now = nowSeconds(trail.request);
  const secret = client?.secrets.find((known) => known.id === secretId && isLiveSecret(known, now));
  // It was proven a moment ago: somebody has ended it since.
  if (client === undefined || secret === undefined) return refuse({ reason: 'secret_unknown' });
  const standing = checkStanding(client, trail.request.ip, now);
  if (!standing.ok) return standing;
  const terms = client.secret_rotation;
  if (terms === undefined) return refuse({ reason: 'rotation_not_registered', clientId: client.client_id });
  const open = secret.rotating_since === undefined && early ? openedEarly(secret, terms, now) : secret;
  if (open.rotating_since === undefined) return ok({ status: 200, body: nothingToDo(secret, terms) });

  return exchange(trail, { client, secret: open, terms }, presented, deps);
}

/** `secret` is the former one as it is to be written: its exchange may be opened by this very write. */
type Open = { readonly client: Client; readonly secret: SecretDigest; readonly terms: SecretRotation };

async function exchange(
  trail: Trail,
  { client, secret, terms }: Open,
  presented: string,
  deps: ClaimDeps,
): Promise<Result<Answer, Failure> | undefined> {
  const now = nowSeconds(trail.request);
  const known = client.secrets.find(({ successor_of: former }) => former === secret.id);
  if (known !== undefined && (await isTaken(client, known, terms, now, deps)))
    return refuse({ reason: 'successor_in_use', secretId: secret.id, successorId: known.id });
  const seed = successorSeed(client.client_id, secret.id, presented);
  const { stored, secret: text } = await successorSecret(seed, known ?? { created_at: now }, now, deps);
  const network = networkOf(trail.request.ip);
  // One that is handed out again keeps the network that was first.
  const claimed = { claimed_at: now, claimed_network: known?.claimed_network ?? network };
  const successor = { ...(known ?? { ...stored, ...limitsOf(secret), successor_of: secret.id }), ...claimed };
  const to = withSuccessor(withChanged(client, secret), known, successor, now);
  if (to === undefined) return refuse({ reason: 'secrets_too_many' });
  const elsewhere = claimed.claimed_network === network ? '' : ' other_network';
  const reason = `by:${client.client_id} ${stored.id} for ${secret.id}${elsewhere}`;
  const event = events.secretClaimed(factsOf(trail), { client_id: client.client_id, reason });
  if (!(await deps.clients.changeSecrets({ from: client, to }, event, now))) return undefined;
  return ok({ status: 201, body: exchanged(stored, text, secret) });
}

/**
 * Once the new secret is in use it is given out no more: a thief of the former one comes too late, and a client that comes too late
 * learns that somebody else was faster.
 */
async function isTaken(
  { client_id: clientId }: Client,
  known: SecretDigest,
  { claim_hours: hours }: SecretRotation,
  now: number,
  { secretUses }: ClaimDeps,
): Promise<boolean> {
  if (now < known.created_at + hours * 3600) return false;
  return (await secretUses.read(clientId, [known.id])).has(known.id);
}

/** The successor may be used from where its predecessor was, and from nowhere else. */
const limitsOf = ({ ip_ranges }: SecretDigest): Pick<SecretDigest, 'ip_ranges'> => (ip_ranges === undefined ? {} : { ip_ranges });

function withSuccessor(
  client: ClientSecrets,
  known: SecretDigest | undefined,
  successor: SecretDigest,
  now: number,
): ClientSecrets | undefined {
  if (known === undefined) return withSecret(client, successor, now);
  const { spent_keys } = client;
  const secrets = client.secrets.map((each) => (each.id === known.id ? successor : each));
  return { secrets, ...(spent_keys === undefined ? {} : { spent_keys }) };
}

const nothingToDo = (secret: SecretDigest, terms: SecretRotation) => ({
  id: secret.id,
  created_at: rfc3339(secret.created_at),
  // One that was given an end by hand is not exchanged.
  ...(secret.expires_at === undefined
    ? { rotation_due_at: rfc3339(rotationDueAt(secret, terms)) }
    : { expires_at: rfc3339(secret.expires_at) }),
});

const exchanged = ({ id, created_at }: SecretDigest, text: string, former: SecretDigest) => ({
  id,
  client_secret: text,
  created_at: rfc3339(created_at),
  replaces: former.id,
  ...(former.expires_at === undefined ? {} : { replaced_ends_at: rfc3339(former.expires_at) }),
});
