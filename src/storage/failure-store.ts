// Failed authentications: by client and network, by network, and of a client from everywhere. Counted by ADD, so none is lost.
import type { FailureRecord } from '../abuse/lockout.ts';
import type { AuditEvent } from '../audit/event.ts';
import type { FailureStore, FailureSubject } from '../endpoints/stores.ts';
import { optional, wholeNumber, type Item } from './item.ts';
import { attackKey, failureKey } from './keys.ts';
import { failurePurgeAt } from './retention.ts';
import { updateItem, type Table } from './table.ts';

/** Of a series that goes on, or of the first there is. */
const ONE_MORE = 'ADD failures :one SET last_at = :now, started_at = if_not_exists(started_at, :now), purge_at = :purge_at';
const FIRST_OF_A_NEW_SERIES = 'SET failures = :one, last_at = :now, started_at = :now, purge_at = :purge_at';
/** Nobody has counted since it was read. */
const AS_READ = 'failures = :failures AND last_at = :last_at';
const PROVEN = 'SET proven_at = :proven_at, purge_at = :purge_at';
/** The alarm's event must not go out again with each further failure. */
const ONE_MORE_OF_ALL = 'ADD failures :one SET purge_at = if_not_exists(purge_at, :purge_at) REMOVE event';

export function createFailureStore(table: Table): FailureStore {
  const oneMore = (now: number) => ({ ':one': 1, ':now': now, ':purge_at': failurePurgeAt(now) });
  const asRead = ({ failures, lastAt }: FailureRecord) => ({ ':failures': failures, ':last_at': lastAt });
  return {
    async count(subject, { read, goesOn }, now) {
      if (read !== undefined && read.failures > 0 && !goesOn) {
        const begun = await updateItem(table, {
          Key: failureKey(subject),
          UpdateExpression: FIRST_OF_A_NEW_SERIES,
          ConditionExpression: AS_READ,
          ExpressionAttributeValues: { ...oneMore(now), ...asRead(read) },
        });
        // Otherwise somebody else has begun it a moment ago.
        if (begun !== undefined) return 1;
      }
      const counted = await updateItem(table, {
        Key: failureKey(subject),
        UpdateExpression: ONE_MORE,
        ExpressionAttributeValues: oneMore(now),
        ReturnValues: 'UPDATED_NEW',
      });
      return wholeNumber(counted ?? {}, 'failures');
    },

    async claim(subject, read, now) {
      const claimed = await updateItem(table, {
        Key: failureKey(subject),
        UpdateExpression: ONE_MORE,
        ConditionExpression: AS_READ,
        ExpressionAttributeValues: { ...oneMore(now), ...asRead(read) },
      });
      return claimed !== undefined;
    },

    async prove(subject: FailureSubject, provenAt: number, now: number): Promise<void> {
      await updateItem(table, {
        Key: failureKey(subject),
        UpdateExpression: PROVEN,
        ExpressionAttributeValues: { ':proven_at': provenAt, ':purge_at': failurePurgeAt(now) },
      });
    },

    async countAttack(clientId, window, now) {
      const counted = await updateItem(table, {
        Key: attackKey(clientId, window),
        UpdateExpression: ONE_MORE_OF_ALL,
        ExpressionAttributeValues: { ':one': 1, ':purge_at': failurePurgeAt(now) },
        ReturnValues: 'UPDATED_NEW',
      });
      return wholeNumber(counted ?? {}, 'failures');
    },

    async recordAttack(clientId: string, window: number, event: AuditEvent): Promise<void> {
      await updateItem(table, {
        Key: attackKey(clientId, window),
        UpdateExpression: 'SET event = :event',
        ExpressionAttributeValues: { ':event': event },
      });
    },
  };
}

/** An item with a proof alone has no failures yet. */
export function failureFrom(item: Item | undefined): FailureRecord | undefined {
  if (item === undefined) return undefined;
  const provenAt = optional(item, 'proven_at', wholeNumber);
  return {
    failures: optional(item, 'failures', wholeNumber) ?? 0,
    startedAt: optional(item, 'started_at', wholeNumber) ?? 0,
    lastAt: optional(item, 'last_at', wholeNumber) ?? 0,
    ...(provenAt === undefined ? {} : { provenAt }),
  };
}
