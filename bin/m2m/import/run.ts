// Bringing each client of a plan into being. What is interrupted anywhere is completed by the same import again: ids are chosen, keys
// derived, and whatever exists is left as it is.
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError } from '../command.ts';
import { RefusedCall, type Call, type JsonObject } from '../http-call.ts';
import { inWords } from '../table.ts';
import type { Metadata } from './imported-client.ts';
import { differences, keyOf, type Row } from './plan.ts';
import type { SecretsFile } from './secrets-file.ts';

/** `create`: of a dry run. `completed`: made by an earlier run whose answer got lost, and answered again. */
export const RESULTS = ['create', 'created', 'completed', 'same', 'differs', 'updated', 'skipped', 'refused', 'not reached'] as const;

export type Outcome = {
  readonly client_id: string;
  readonly former_id?: string;
  readonly client_name?: string;
  readonly result: (typeof RESULTS)[number];
  readonly problem?: string;
  readonly differs?: readonly string[];
  readonly left: readonly string[];
  readonly client_secret?: string;
};

export type Running = {
  readonly request: (call: Call) => Promise<JsonObject>;
  /** By client id, as listed before. */
  readonly existing: ReadonlyMap<string, JsonObject>;
  readonly secrets: SecretsFile | undefined;
  readonly update: boolean;
  readonly dryRun: boolean;
  readonly report: (outcome: Outcome) => void;
};

/** More would only meet the limit of calls sooner. */
const CONCURRENCY = 4;
const WAITS_MAX = 20;

export type Ran = { readonly outcomes: readonly Outcome[]; readonly stopped?: Error };

/** All rows in order, some at a time. The first outage or lost permission stops the rest. */
export async function runImport(rows: readonly Row[], running: Running): Promise<Ran> {
  const outcomes = rows.map((row) => outcomeOf(row, 'not reached'));
  let next = 0;
  let stopped: Error | undefined;
  const worker = async (): Promise<void> => {
    while (stopped === undefined && next < rows.length) {
      const index = next;
      next += 1;
      const row = rows[index];
      if (row === undefined) return;
      try {
        const outcome = await importOne(row, running);
        outcomes[index] = outcome;
        running.report(outcome);
      } catch (error) {
        stopped ??= error instanceof Error ? error : new Error(String(error));
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return { outcomes, ...(stopped === undefined ? {} : { stopped }) };
}

async function importOne(row: Row, running: Running): Promise<Outcome> {
  if (row.skipped !== undefined) return outcomeOf(row, 'skipped', { problem: row.skipped });
  if (row.refused !== undefined) return outcomeOf(row, 'refused', { problem: row.refused });
  const existing = running.existing.get(row.clientId);
  if (running.dryRun) return existing === undefined ? outcomeOf(row, 'create') : compared(row, existing);
  // Of one whose secret is on disk nothing is left to ask.
  const isDone = existing !== undefined && running.secrets?.has(row.clientId) === true;
  const made = isDone ? undefined : await create(row, running);
  if (typeof made === 'string') return outcomeOf(row, 'refused', { problem: made });
  return made === undefined ? await leave(row, existing, running) : keep(row, made, existing, running);
}

/** One that exists: left as it is, unless it is to be changed. */
async function leave(row: Row, existing: JsonObject | undefined, running: Running): Promise<Outcome> {
  const current = existing ?? (await currentOf(row, running));
  if (current === undefined) return outcomeOf(row, 'refused', { problem: 'its id belonged to a client that was deleted' });
  const outcome = compared(row, current);
  return outcome.result === 'differs' && running.update ? await update(row, current, running) : outcome;
}

/** The answer that has the secret; undefined = there is such a client, of another time or making; a text = why not. */
async function create(row: Row, running: Running): Promise<JsonObject | undefined | string> {
  try {
    const json = { client_id: row.clientId, ...row.metadata };
    return await patiently(() => running.request({ method: 'POST', path: '/clients', json, idempotencyKey: keyOf(row) }));
  } catch (error) {
    if (!(error instanceof RefusedCall)) throw error;
    if (error.status === 409 || error.status === 422) return undefined;
    return ofThisRow(error);
  }
}

/** On disk before anything else is done. */
function keep(row: Row, answer: JsonObject, existing: JsonObject | undefined, { secrets }: Running): Outcome {
  const [id = '', secret = ''] = [inWords(answer['client_id']), inWords(answer['client_secret'])];
  if (id !== row.clientId)
    throw new CommandError(
      `The service gave ${row.clientId} the id ${id}: it is of a version that does not import.`,
      'Deploy this version first.',
    );
  const name = inWords(answer['client_name']);
  secrets?.keep({ client_id: id, client_secret: secret, ...(name === undefined ? {} : { client_name: name }) });
  return outcomeOf(row, existing === undefined ? 'created' : 'completed', secrets === undefined ? { client_secret: secret } : {});
}

const pathOf = ({ clientId }: Row): string => `/clients/${encodeURIComponent(clientId)}`;

async function currentOf(row: Row, { request }: Running): Promise<JsonObject | undefined> {
  try {
    return await patiently(() => request({ method: 'GET', path: pathOf(row) }));
  } catch (error) {
    if (error instanceof RefusedCall && error.status === 404) return undefined;
    throw error;
  }
}

function compared(row: Row, current: JsonObject): Outcome {
  const differs = differences(row.metadata, current);
  return differs.length === 0 ? outcomeOf(row, 'same') : outcomeOf(row, 'differs', { differs });
}

/** Only what the file says; what was set here besides stays. */
async function update(row: Row, current: Metadata, { request }: Running): Promise<Outcome> {
  const differs = differences(row.metadata, current);
  try {
    await patiently(() => request({ method: 'PUT', path: pathOf(row), json: { ...current, ...row.metadata } }));
  } catch (error) {
    if (error instanceof RefusedCall) return outcomeOf(row, 'refused', { problem: ofThisRow(error) });
    throw error;
  }
  return outcomeOf(row, 'updated', { differs });
}

/** Why this client is refused; what would refuse every other too is thrown. */
function ofThisRow(error: RefusedCall): string {
  const isForAll = error.status === 401 || error.status >= 500 || error.status === 429 || error.error === 'insufficient_scope';
  if (isForAll) throw error;
  return error.message.split('\n', 1)[0] ?? '';
}

/** Waits as long as the service says when a limit is reached. */
async function patiently(call: () => Promise<JsonObject>): Promise<JsonObject> {
  for (let waits = 0; ; waits += 1) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof RefusedCall) || error.status !== 429 || waits >= WAITS_MAX) throw error;
      await sleep((error.retryAfterSeconds ?? 1) * 1000);
    }
  }
}

const outcomeOf = (row: Row, result: Outcome['result'], more: Partial<Outcome> = {}): Outcome => {
  const name = inWords(row.metadata['client_name']);
  return {
    client_id: row.clientId,
    ...(row.formerId === undefined ? {} : { former_id: row.formerId }),
    ...(name === undefined ? {} : { client_name: name }),
    result,
    ...more,
    left: row.left,
  };
};
