// What every authenticated request reads and counts: the client, its session, a revocation, and the rate window.
import type { Loaded, LoadRequest, RateWindow, RequestStore } from '../endpoints/stores.ts';
import type { AuditEvent } from '../audit/event.ts';
import { clientFrom } from './client-codec.ts';
import { wholeNumber, type Item } from './item.ts';
import { clientKey, denialKey, keyText, previousWindowKey, revocationKey, sessionKey, windowKey, type Key } from './keys.ts';
import { denialPurgeAt, windowPurgeAt } from './retention.ts';
import { isRevoked } from './revocation-store.ts';
import { sessionFrom } from './session-codec.ts';
import { getItems, putItem, updateItem, type Table } from './table.ts';

/** One call more. The item may still carry the event of an issued token (strict mode), which must not go out again. */
const COUNT_ONE_CALL = 'ADD hits :one SET purge_at = if_not_exists(purge_at, :purge_at) REMOVE event';
const CARRY_ISSUE_EVENT = 'SET event = :event, purge_at = if_not_exists(purge_at, :purge_at)';
/** The first denial of its minute. The minute is in the key, so no earlier one can stand in the way. */
const FIRST_OF_ITS_MINUTE = 'attribute_not_exists(PK)';

export function createRequestStore(table: Table): RequestStore {
  return {
    async load(request: LoadRequest, now: number): Promise<Loaded> {
      const keys = keysOf(request);
      const items = await getItems(
        table,
        Object.values(keys).filter((key) => key !== undefined),
      );
      const found = (key: Key | undefined): Item | undefined => (key === undefined ? undefined : items.get(keyText(key)));
      const [client, owner, session] = [found(keys.client), found(keys.owner), found(keys.session)];
      const previous = found(keys.previous);
      return {
        client: client === undefined ? undefined : clientFrom(client),
        owner: owner === undefined ? undefined : clientFrom(owner),
        session: session === undefined ? undefined : sessionFrom(session),
        tokenRevoked: isRevoked(found(keys.revocation), now),
        // A window that holds only the event of an issued token has no hits yet.
        previousHits: previous?.['hits'] === undefined ? 0 : wholeNumber(previous, 'hits'),
      };
    },

    async countCall(window: RateWindow): Promise<number> {
      const counted = await updateItem(table, {
        Key: windowKey(window),
        UpdateExpression: COUNT_ONE_CALL,
        ExpressionAttributeValues: { ':one': 1, ':purge_at': windowPurgeAt(window.minute) },
        ReturnValues: 'UPDATED_NEW',
      });
      return wholeNumber(counted ?? {}, 'hits');
    },

    async recordIssue(window: RateWindow, event: AuditEvent): Promise<void> {
      await updateItem(table, {
        Key: windowKey(window),
        UpdateExpression: CARRY_ISSUE_EVENT,
        ExpressionAttributeValues: { ':event': event, ':purge_at': windowPurgeAt(window.minute) },
      });
    },

    recordDenial: (window: RateWindow, event: AuditEvent): Promise<boolean> =>
      putItem(table, {
        Item: { ...denialKey(window), purge_at: denialPurgeAt(window.minute), event },
        ConditionExpression: FIRST_OF_ITS_MINUTE,
      }),
  };
}

type LoadKeys = { readonly [item in 'client' | 'owner' | 'session' | 'revocation' | 'previous']: Key | undefined };

function keysOf({ clientId, ownerId = clientId, sid, jti, window }: LoadRequest): LoadKeys {
  if (sid !== undefined && ownerId === undefined) throw new RangeError('a session is loaded with its client');
  return {
    client: clientId === undefined ? undefined : clientKey(clientId),
    owner: ownerId === undefined ? undefined : clientKey(ownerId),
    session: sid === undefined || ownerId === undefined ? undefined : sessionKey(ownerId, sid),
    revocation: jti === undefined ? undefined : revocationKey(jti),
    previous: window === undefined ? undefined : previousWindowKey(window),
  };
}
