/**
 * Sessions (refresh-token families). Each change is one conditional write of one item, so that of any number of racing
 * callers exactly one wins, and a crash leaves the state before or after, never between.
 */
import type { Rotation, RotationOutcome, SessionStore } from '../endpoints/stores.ts';
import type { AuditEvent } from '../audit/event.ts';
import { Outage } from '../outage.ts';
import type { Session } from '../tokens/session.ts';
import { feedAttributes } from './feed-attributes.ts';
import { carriesEvent } from './item.ts';
import { sessionKey } from './keys.ts';
import { endedSessionFeedUntil, endedSessionPurgeAt, sessionPurgeAt } from './retention.ts';
import { sessionAttributes, sessionFrom } from './session-codec.ts';
import { getItem, putItem, updateItem, type Table } from './table.ts';

const NOT_YET_THERE = 'attribute_not_exists(PK)';

const ROTATABLE = [
  // A session that was ended gives no more tokens; this also refuses one that does not exist.
  '#status = :active',
  // The presented generation is still the stored one: of many racing writes one wins.
  'generation = :from_generation',
  // The absolute and the idle end, checked here because TTL deletes days late.
  'expires_at > :now',
  '(attribute_not_exists(idle_expires_at) OR idle_expires_at > :now)',
].join(' AND ');

const ROTATE =
  'SET generation = :to_generation, rotated_by = :rotated_by, rotated_at = :rotated_at_ms, mac_key = :mac_key, last_used_at = :now, ' +
  'last_access_exp = :access_exp, ip = :ip, user_agent = :user_agent, event = :event';
const WITH_IDLE_END = `${ROTATE}, idle_expires_at = :idle_expires_at`;
const WITHOUT_IDLE_END = `${ROTATE} REMOVE idle_expires_at`;

const ENDABLE = [
  // Ending twice would tell the event twice; this also refuses a session that does not exist.
  '#status = :active',
  // Past its purge time it is only waiting for TTL, and none of its tokens lives.
  'purge_at > :now',
].join(' AND ');

const END = 'SET #status = :ended, feed = :feed, feed_at = :feed_at, feed_until = :feed_until, purge_at = :purge_at, event = :event';

/** `status` is a reserved word in expressions. */
const NAMES = { '#status': 'status' };

export function createSessionStore(table: Table): SessionStore {
  return {
    async create(session: Session, event: AuditEvent): Promise<void> {
      const key = sessionKey(session.client_id, session.sid);
      const created = await putItem(table, {
        Item: { ...key, ...sessionAttributes(session), purge_at: sessionPurgeAt(session), event },
        ConditionExpression: NOT_YET_THERE,
      });
      // 128 random bits do not meet by chance: whatever this is, nothing was decided, and the next attempt draws others.
      if (!created && !carriesEvent(await getItem(table, key), event))
        throw new Outage('dynamodb:PutItem', { cause: new Error('a session with this sid exists already') });
    },

    async rotate(rotation: Rotation): Promise<RotationOutcome> {
      const key = sessionKey(rotation.clientId, rotation.sid);
      const rotated = await updateItem(table, {
        Key: key,
        UpdateExpression: rotation.idleExpiresAt === undefined ? WITHOUT_IDLE_END : WITH_IDLE_END,
        ConditionExpression: ROTATABLE,
        ExpressionAttributeNames: NAMES,
        ExpressionAttributeValues: rotationValues(rotation),
      });
      if (rotated) return { rotated: true };
      const item = await getItem(table, key);
      const session = item === undefined ? undefined : sessionFrom(item);
      return session !== undefined && isOurs(session, rotation) ? { rotated: true } : { rotated: false, session };
    },

    async end({ clientId, sid }: { clientId: string; sid: string }, event: AuditEvent, now: number): Promise<boolean> {
      const { feed, feed_at, feed_until } = feedAttributes(now, endedSessionFeedUntil(now));
      const ended = await updateItem(table, {
        Key: sessionKey(clientId, sid),
        UpdateExpression: END,
        ConditionExpression: ENDABLE,
        ExpressionAttributeNames: NAMES,
        ExpressionAttributeValues: {
          ':active': 'active',
          ':ended': 'ended',
          ':now': now,
          ':feed': feed,
          ':feed_at': feed_at,
          ':feed_until': feed_until,
          ':purge_at': endedSessionPurgeAt(now),
          ':event': event,
        },
      });
      return ended !== undefined;
    },
  };
}

const rotationValues = (rotation: Rotation): Record<string, unknown> => ({
  ':active': 'active',
  ':from_generation': rotation.fromGeneration,
  ':to_generation': rotation.fromGeneration + 1,
  ':now': Math.floor(rotation.rotatedAtMs / 1000),
  ':rotated_by': rotation.rotatedBy,
  ':rotated_at_ms': rotation.rotatedAtMs,
  ':mac_key': rotation.macKey,
  ':access_exp': rotation.accessExp,
  ':ip': rotation.ip,
  ':user_agent': rotation.userAgent,
  ':event': rotation.event,
  // Absent where the expression does not name it, or DynamoDB refuses the call.
  ...(rotation.idleExpiresAt === undefined ? {} : { ':idle_expires_at': rotation.idleExpiresAt }),
});

/** A retried write whose first answer was lost finds its own id. One that somebody has ended since is refused all the same. */
const isOurs = (session: Session, { rotatedBy, fromGeneration }: Rotation): boolean =>
  session.status === 'active' && session.rotated_by === rotatedBy && session.generation === fromGeneration + 1;
