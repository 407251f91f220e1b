// Sessions as their owners and operators look at them: one by its id, or all of a client in the order of their ids.
import type { SessionListing, SessionPage } from '../endpoints/stores.ts';
import { SID_PATTERN, type Session } from '../tokens/session.ts';
import { wholeNumber, type Item } from './item.ts';
import { clientKey, sessionKey, SESSION_PREFIX } from './keys.ts';
import { cursorAfter, idInCursor } from './list-cursor.ts';
import { sessionFrom } from './session-codec.ts';
import { BATCH_KEYS_MAX, getItem, queryPage, type Table } from './table.ts';

/** The client's own record lies in the same partition, before its sessions. */
const SESSIONS_OF_CLIENT = 'PK = :client AND begins_with(SK, :session)';

export function createSessionListing(table: Table): SessionListing {
  return {
    async read({ clientId, sid }, now): Promise<Session | undefined> {
      const item = await getItem(table, sessionKey(clientId, sid));
      return item === undefined || isPurged(item, now) ? undefined : sessionFrom(item);
    },

    async list({ clientId, limit, cursor }, now): Promise<SessionPage | undefined> {
      if (!Number.isInteger(limit) || limit < 1 || limit > BATCH_KEYS_MAX)
        throw new RangeError(`a page holds 1 to ${BATCH_KEYS_MAX} sessions`);
      const after = cursor === undefined ? undefined : idInCursor(cursor, SID_PATTERN);
      if (cursor !== undefined && after === undefined) return undefined;
      const items = await queryPage(table, {
        KeyConditionExpression: SESSIONS_OF_CLIENT,
        ExpressionAttributeValues: { ':client': clientKey(clientId).PK, ':session': SESSION_PREFIX },
        ConsistentRead: true,
        // One more than asked for tells whether there is a next page. A session is far below the 10 KB at which 101 fill an answer.
        Limit: limit + 1,
        ...(after === undefined ? {} : { ExclusiveStartKey: sessionKey(clientId, after) }),
      });
      const page = items.slice(0, limit);
      const last = page.at(-1);
      return {
        // Left out here and not by DynamoDB, so that the cursor also passes a page on which all are purged.
        items: page.filter((item) => !isPurged(item, now)).map(sessionFrom),
        next: items.length > limit && last !== undefined ? cursorAfter(sessionFrom(last).sid) : undefined,
      };
    },
  };
}

/** Only waiting for DynamoDB to delete it, which may take days: as good as gone. */
const isPurged = (item: Item, now: number): boolean => wholeNumber(item, 'purge_at') <= now;
