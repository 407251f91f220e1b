// The key ring as the rotation changes it: one conditional write for each step of a key's life (docs/signing-keys.md).
import type { AuditEvent } from '../audit/event.ts';
import type { KeyLifeStore, KeyRecord } from '../endpoints/stores.ts';
import { ALGORITHMS, type Algorithm } from '../tokens/algorithms.ts';
import { feedAttributes } from './feed-attributes.ts';
import { createKeyRecordStore, putKeyRecord } from './key-record-store.ts';
import { optional, someOf, type Item } from './item.ts';
import { rotationRunKey, signingKeyKey } from './keys.ts';
import { updateItem, type Table } from './table.ts';
import { setOrRemove } from './update-expression.ts';

/** `held_until` goes when a run ends by itself, and only then. */
const NOBODY_RUNS = 'attribute_not_exists(held_until) OR held_until <= :now';
const IS_OUR_RUN = '#run = :this';
/** A key that nobody trusts keeps its times: they say when it signed. */
const TRUSTED = 'attribute_exists(PK) AND attribute_not_exists(distrusted_at)';
const SIGNS_LATER = `${TRUSTED} AND active_from > :active_from`;
const NOT_YET_RETIRED = `${TRUSTED} AND attribute_not_exists(retires_at)`;
const NOT_YET_DISCARDED = 'attribute_exists(PK) AND attribute_not_exists(discarded_at)';

export function createKeyLifeStore(table: Table): KeyLifeStore {
  const change = async (kid: string, attributes: Readonly<Record<string, unknown>>, condition: string): Promise<boolean> => {
    const { expression, names, values } = setOrRemove(attributes);
    const answer = await updateItem(table, {
      Key: signingKeyKey(kid),
      UpdateExpression: expression,
      ConditionExpression: condition,
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: values,
    });
    return answer !== undefined;
  };

  return {
    readAll: createKeyRecordStore(table).readAll,

    async beginRun(run: string, now: number, until: number): Promise<readonly Algorithm[] | undefined> {
      const before = await updateItem(table, {
        Key: rotationRunKey(),
        UpdateExpression: 'SET #run = :this, held_until = :until',
        ConditionExpression: NOBODY_RUNS,
        ExpressionAttributeNames: { '#run': 'run' },
        ExpressionAttributeValues: { ':this': run, ':until': until, ':now': now },
        ReturnValues: 'ALL_OLD',
      });
      if (before === undefined) return undefined;
      return before['held_until'] === undefined ? (optional(before, 'unsure', unsureAlgorithms) ?? []) : ALGORITHMS;
    },

    async endRun(run: string, unsure: readonly Algorithm[]): Promise<void> {
      await updateItem(table, {
        Key: rotationRunKey(),
        UpdateExpression: 'SET unsure = :unsure REMOVE held_until',
        ConditionExpression: IS_OUR_RUN,
        ExpressionAttributeNames: { '#run': 'run' },
        ExpressionAttributeValues: { ':this': run, ':unsure': unsure },
      });
    },

    add: (key: KeyRecord, event: AuditEvent) => putKeyRecord(table, key, event),
    activate: (kid, activeFrom, event) => change(kid, { active_from: activeFrom, event }, SIGNS_LATER),
    retire: (kid, times, event) => change(kid, { ...times, event }, NOT_YET_RETIRED),
    distrust: (kid, now, until, event) => change(kid, { distrusted_at: now, ...feedAttributes(now, until), event }, TRUSTED),
    // A wrapped private key is in the record itself, and goes with this.
    discard: (kid, now, purgeAt) =>
      change(kid, { discarded_at: now, purge_at: purgeAt, wrapped: undefined, event: undefined }, NOT_YET_DISCARDED),
  };
}

const unsureAlgorithms = (item: Item, name: string): readonly Algorithm[] => someOf(item, name, ALGORITHMS);
