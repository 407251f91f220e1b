/**
 * What the schedule does to the secrets of a client (decision 0016): it opens the exchange of one that has come of age, and ends
 * the former one once nobody uses it, or at its hard date. Every step is one change of the client's record, so that a run that is
 * interrupted or repeated finds what is done and does the rest.
 */
import type { SecretUses } from './client-answer.ts';
import type { Client, SecretDigest } from './client.ts';
import { MAXIMUM } from './maximum-lengths.ts';
import type { SecretRotation } from './rotation-terms.ts';
import { USE_INTERVAL_SECONDS } from './secret-use.ts';
import { isLiveSecret, withoutSecret, type ClientSecrets } from './secrets.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;
/** What is said of a former secret before it ends for want of use is said so long before, or half of `unused_hours` where that is less. */
const NOTICE_SECONDS = DAY;

export type RotationStep = {
  readonly step: 'due' | 'postponed' | 'withdrawn' | 'ending' | 'unused' | 'expired';
  readonly secretId: string;
  /** When the secret ends, epoch seconds; for `ending`: at the earliest. Absent = no longer, or now. */
  readonly endsAt?: number;
  /** The client's secrets once it is done. */
  readonly to: ClientSecrets;
};

/** The next thing to do, if there is one. @param uses of the client's secrets. @param now epoch seconds. */
export function nextRotationStep(client: Client, uses: SecretUses, now: number): RotationStep | undefined {
  for (const secret of client.secrets) {
    const step = expired(client, secret, now) ?? begun(client, secret, now) ?? unused(client, secret, uses, now);
    if (step !== undefined) return step;
  }
  return undefined;
}

/** Whether `nextRotationStep` has to know the uses. */
export const isRotating = ({ secrets }: Pick<Client, 'secrets'>): boolean => secrets.some((secret) => secret.rotating_since !== undefined);

/** The end has come by itself: the secret was refused from that second on. What is left is to say so, and to take it from the record. */
function expired(client: Client, secret: SecretDigest, now: number): RotationStep | undefined {
  return isLiveSecret(secret, now) ? undefined : ended('expired', client, secret, now);
}

/** The exchange is opened, moved to a later date when the client's terms say so, or taken back when they are gone. */
function begun(client: Client, secret: SecretDigest, now: number): RotationStep | undefined {
  const { secret_rotation: terms } = client;
  const { rotating_since: since } = secret;
  if (since === undefined) {
    const step = terms !== undefined && isDue(client, secret, terms, now) ? opened(client, secret, terms, now) : undefined;
    return step !== undefined && hasRoom(step.to, now) ? step : undefined;
  }
  if (terms === undefined) {
    const { rotating_since: _since, ending_announced_at: _announced, expires_at: _end, ...before } = secret;
    return { step: 'withdrawn', secretId: secret.id, to: withChanged(client, before) };
  }
  const endsAt = since + terms.overlap_days * DAY;
  // Only ever later: what was announced is not brought forward.
  if (endsAt <= (secret.expires_at ?? 0)) return undefined;
  return { step: 'postponed', secretId: secret.id, endsAt, to: withChanged(client, { ...secret, expires_at: endsAt }) };
}

/** A secret that was given an end by hand is left to it: exchanging it would be giving more than was given. */
const isDue = ({ disabled, client_expires_at: end }: Client, secret: SecretDigest, terms: SecretRotation, now: number): boolean =>
  secret.expires_at === undefined && !disabled && (end ?? Infinity) > now && rotationDueAt(secret, terms) <= now;

export const rotationDueAt = ({ created_at: createdAt }: Pick<SecretDigest, 'created_at'>, { every_days: days }: SecretRotation): number =>
  createdAt + days * DAY;

/**
 * Whether every open exchange can still be answered with a successor: otherwise whoever holds a former secret would be refused until
 * the hard date, and a client's secrets could all end together. What is left unopened is opened once there is room.
 */
function hasRoom({ secrets }: ClientSecrets, now: number): boolean {
  const live = secrets.filter((secret) => isLiveSecret(secret, now));
  const awaiting = live.filter((secret) => secret.rotating_since !== undefined && successorsOf({ secrets }, secret, now).length === 0);
  return live.length < MAXIMUM.liveSecrets && live.length + awaiting.length <= MAXIMUM.liveSecrets;
}

/** Secrets that have come of age and whose exchange waits for room. */
export const waitingForRoom = (client: Client, now: number): readonly string[] =>
  client.secrets.flatMap((secret) => {
    const { secret_rotation: terms } = client;
    if (terms === undefined || secret.rotating_since !== undefined || !isDue(client, secret, terms, now)) return [];
    return hasRoom(opened(client, secret, terms, now).to, now) ? [] : [secret.id];
  });

/** With its hard date from now on, however late the schedule comes: every one has the whole overlap. */
function opened(client: Client, secret: SecretDigest, { overlap_days: days }: SecretRotation, now: number): RotationStep {
  const endsAt = now + days * DAY;
  return { step: 'due', secretId: secret.id, endsAt, to: withChanged(client, { ...secret, rotating_since: now, expires_at: endsAt }) };
}

/** The secret with its exchange open before it is due, at its holder's wish; as it was where it was given an end by hand. */
export const openedEarly = (secret: SecretDigest, { overlap_days: days }: SecretRotation, now: number): SecretDigest =>
  secret.expires_at === undefined ? { ...secret, rotating_since: now, expires_at: now + days * DAY } : secret;

/** Nobody has used it for so long, and what replaces it is in use: said first, done later, and only if it was not used in between. */
function unused(client: Client, secret: SecretDigest, uses: SecretUses, now: number): RotationStep | undefined {
  const { secret_rotation: terms } = client;
  const { rotating_since: since } = secret;
  const successor = successorsOf(client, secret, now).find(({ id }) => uses.has(id));
  if (terms === undefined || since === undefined || successor === undefined) return undefined;
  // A use within the interval after another is not written.
  const lastUse = (uses.get(secret.id)?.last_used_at ?? 0) + USE_INTERVAL_SECONDS;
  const idleSince = Math.max(lastUse, since, successor.created_at);
  const needed = terms.unused_hours * HOUR;
  const notice = Math.min(NOTICE_SECONDS, needed / 2);
  const announced = secret.ending_announced_at;
  if (announced === undefined || announced < idleSince) {
    if (now < idleSince + needed - notice) return undefined;
    const to = withChanged(client, { ...secret, ending_announced_at: now });
    return { step: 'ending', secretId: secret.id, endsAt: Math.max(idleSince + needed, now + notice), to };
  }
  return now < Math.max(idleSince + needed, announced + notice) ? undefined : ended('unused', client, secret, now);
}

/** Live secrets that stand in for this one: what it was exchanged for, or one added later by hand without limits of its own. */
const successorsOf = ({ secrets }: Pick<Client, 'secrets'>, { id, created_at }: SecretDigest, now: number): readonly SecretDigest[] =>
  secrets.filter((other) => isLiveSecret(other, now) && (other.successor_of === id || (isPlain(other) && other.created_at > created_at)));

const isPlain = ({ successor_of, expires_at, ip_ranges }: SecretDigest): boolean =>
  successor_of === undefined && expires_at === undefined && ip_ranges === undefined;

/** What there is to go over to, when this secret ends. */
export function successorState(client: Client, secret: SecretDigest, uses: SecretUses, now: number): 'none' | 'unused' | 'in_use' {
  const successors = successorsOf(client, secret, now);
  if (successors.length === 0) return 'none';
  return successors.some(({ id }) => uses.has(id)) ? 'in_use' : 'unused';
}

function ended(step: 'unused' | 'expired', client: Client, { id }: SecretDigest, now: number): RotationStep {
  return { step, secretId: id, to: withoutSecret(client, id, now) ?? client };
}

export const withChanged = ({ secrets, spent_keys }: ClientSecrets, changed: SecretDigest): ClientSecrets => ({
  secrets: secrets.map((secret) => (secret.id === changed.id ? changed : secret)),
  ...(spent_keys === undefined ? {} : { spent_keys }),
});
