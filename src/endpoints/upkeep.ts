/**
 * The upkeep of credentials, run by a schedule (decision 0016): opens exchanges of secrets, ends former ones, and warns of every
 * credential before it ends. Page after page of clients until it is through or its time is up; the next run goes on where this one
 * stopped. Every change is one conditional write with its event: what is interrupted, repeated or done twice at once doubles nothing.
 */
import { randomUUID } from 'node:crypto';
import * as events from '../audit/events.ts';
import type { AuditEvent } from '../audit/event.ts';
import { hasEnded, type Client } from '../clients/client.ts';
import { warningDue } from '../clients/expiry-warnings.ts';
import { isRotating, nextRotationStep, successorState, waitingForRoom, type RotationStep } from '../clients/secret-rotation.ts';
import { rfc3339 } from '../clients/time.ts';
import { describeError, log } from '../telemetry/log.ts';
import type { ApiKeyStore, ClientStore, ExpiryWarning, SecretUseStore, UpkeepStore } from './stores.ts';

export type UpkeepDeps = {
  readonly upkeep: UpkeepStore;
  readonly clients: Pick<ClientStore, 'read' | 'changeSecrets'>;
  readonly secretUses: Pick<SecretUseStore, 'read'>;
  readonly apiKeys: Pick<ApiKeyStore, 'list'>;
};

export type UpkeepRun = {
  /** Names the run in logs and events. */
  readonly id: string;
  readonly nowMs: number;
  /** Whether there is time for another page. */
  readonly hasTime: () => boolean;
};

export type UpkeepReport = {
  readonly clients: number;
  /** Of the clients, those that could not be looked after; the log says why. */
  readonly failed: number;
  /** False when the time was up; the next run goes on. */
  readonly done: boolean;
};

const PAGE = 100;
const AT_ONCE = 8;
/** Far more than a client's secrets can need: what is left is for the next run. */
const STEPS_MAX = 20;

export async function keepUp(run: UpkeepRun, deps: UpkeepDeps): Promise<UpkeepReport> {
  let after = await deps.upkeep.checkpoint();
  let [clients, failed] = [0, 0];
  while (run.hasTime()) {
    const ids = await deps.upkeep.clientIds({ after, limit: PAGE });
    for (let index = 0; index < ids.length; index += AT_ONCE) failed += await lookAfterEach(ids.slice(index, index + AT_ONCE), run, deps);
    clients += ids.length;
    // A short page is the last one: the next run begins anew.
    after = ids.length < PAGE ? undefined : ids.at(-1);
    await deps.upkeep.saveCheckpoint(after);
    if (after === undefined) return { clients, failed, done: true };
  }
  return { clients, failed, done: false };
}

/** One client that cannot be read or written must not keep the others from being looked after. Answers how many failed. */
async function lookAfterEach(ids: readonly string[], run: UpkeepRun, deps: UpkeepDeps): Promise<number> {
  const results = await Promise.allSettled(ids.map((id) => lookAfter(id, run, deps)));
  const reasons = results.flatMap((result, index) =>
    result.status === 'rejected' ? [{ client_id: ids[index] ?? '', error: describeError(result.reason) }] : [],
  );
  for (const reason of reasons) log('ERROR', 'the credentials of a client were not looked after', { trace_id: run.id, ...reason });
  return reasons.length;
}

async function lookAfter(clientId: string, run: UpkeepRun, deps: UpkeepDeps): Promise<void> {
  const client = await rotate(clientId, run, deps);
  if (client === undefined || client.disabled || hasEnded(client, secondsOf(run))) return;
  warnOfNoRoom(client, run);
  await warnOfEnds(client, run, deps);
}

function warnOfNoRoom(client: Client, run: UpkeepRun): void {
  const waiting = waitingForRoom(client, secondsOf(run));
  if (waiting.length === 0) return;
  const detail = { secrets: waiting.join(' '), live: client.secrets.length };
  log('WARN', 'there is no room for the successor of a secret', { trace_id: run.id, client_id: client.client_id, detail });
}

/** Step by step, each on the client as it then is. Undefined for a client that is gone, or was changed by somebody else meanwhile. */
async function rotate(clientId: string, run: UpkeepRun, deps: UpkeepDeps): Promise<Client | undefined> {
  for (let count = 0; count < STEPS_MAX; count += 1) {
    const client = await deps.clients.read(clientId);
    if (client === undefined) return undefined;
    const uses = isRotating(client) ? await usesOf(client, deps) : new Map();
    const step = nextRotationStep(client, uses, secondsOf(run));
    if (step === undefined) return client;
    const event = eventOf(step, clientId, run);
    if (!(await deps.clients.changeSecrets({ from: client, to: step.to }, event, secondsOf(run)))) return undefined;
  }
  return undefined;
}

async function warnOfEnds(client: Client, run: UpkeepRun, deps: UpkeepDeps): Promise<void> {
  const due = (await endsOf(client, secondsOf(run), deps)).flatMap(({ since, ...end }) => {
    const days = warningDue(end.endsAt, since, secondsOf(run));
    return days === undefined ? [] : [{ ...end, days }];
  });
  const given = new Set(await deps.upkeep.given(due));
  const open = due.filter((warning) => !given.has(warning));
  if (open.length === 0) return;
  const uses = await usesOf(client, deps);
  for (const warning of open) {
    const secret = client.secrets.find(({ id }) => id === warning.id);
    const successor = secret === undefined ? '' : ` successor:${successorState(client, secret, uses, secondsOf(run))}`;
    const reason = `${warning.kind} ${warning.id} ${warning.days}d ${rfc3339(warning.endsAt)}${successor}`;
    await deps.upkeep.warn(warning, events.credentialExpiring(factsOf(run), { client_id: client.client_id, reason }));
  }
}

type End = Omit<ExpiryWarning, 'days'> & { readonly since: number };

/** Everything of a client that ends: a kind of credential that is not named here is not warned of. */
async function endsOf(client: Client, now: number, deps: UpkeepDeps): Promise<readonly End[]> {
  const { client_id: clientId, secrets, client_expires_at: end } = client;
  const ofSecrets = secrets.flatMap(({ id, expires_at: endsAt, created_at, rotating_since: since = created_at }): End[] =>
    endsAt === undefined ? [] : [{ clientId, kind: 'client_secret', id, endsAt, since }],
  );
  const ofClient: readonly End[] =
    end === undefined ? [] : [{ clientId, kind: 'client', id: clientId, endsAt: end, since: client.client_id_issued_at }];
  return [...ofSecrets, ...(await apiKeyEnds(client, now, deps)), ...ofClient];
}

/** Not those of a deleted client whose id it was given. */
async function apiKeyEnds(client: Client, now: number, { apiKeys }: UpkeepDeps): Promise<readonly End[]> {
  const { client_id: clientId, client_id_issued_at: issuedAt } = client;
  const ends: End[] = [];
  for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
    const page = await apiKeys.list({ clientId, limit: PAGE, cursor }, now);
    for (const { id, expires_at: endsAt, created_at: since, client_id_issued_at: of } of page?.items ?? [])
      if (endsAt !== undefined && of === issuedAt) ends.push({ clientId, kind: 'api_key', id, endsAt, since });
    cursor = page?.next;
  }
  return ends;
}

const usesOf = ({ client_id, secrets }: Client, { secretUses }: UpkeepDeps) =>
  secretUses.read(
    client_id,
    secrets.map(({ id }) => id),
  );

function eventOf({ step, secretId, endsAt }: RotationStep, clientId: string, run: UpkeepRun): AuditEvent {
  const until = endsAt === undefined ? '' : ` until ${rfc3339(endsAt)}`;
  const subject = { client_id: clientId, reason: `by:upkeep ${secretId}${until}` };
  switch (step) {
    case 'due':
    case 'postponed':
      return events.secretRotationDue(factsOf(run), subject);
    case 'withdrawn':
      return events.secretRotationWithdrawn(factsOf(run), subject);
    case 'ending':
      return events.secretEnding(factsOf(run), subject);
    default:
      return events.secretEnded(factsOf(run), { ...subject, reason: `by:upkeep ${secretId} ${step}` });
  }
}

const secondsOf = ({ nowMs }: UpkeepRun): number => Math.floor(nowMs / 1000);

const factsOf = ({ id, nowMs }: UpkeepRun): events.RequestFacts => ({ eventId: randomUUID(), ip: '', userAgent: '', traceId: id, nowMs });
