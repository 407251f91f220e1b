// Denied certificates: one item each, all in one partition, so that the list is one Query and a request's own read finds its entry.
import type { AuditEvent } from '../audit/event.ts';
import type { CertificateStore, DeniedCertificate } from '../endpoints/stores.ts';
import { feedAttributes } from './feed-attributes.ts';
import { carriesEvent, text, wholeNumber, type Item } from './item.ts';
import { CERTIFICATE_PREFIX, DENIED_CERTIFICATES_PARTITION, deniedCertificateKey } from './keys.ts';
import { deniedCertificatePurgeAt } from './retention.ts';
import { getItem, getItems, putItem, queryAll, updateItem, type Table } from './table.ts';

const THERE_AND_DENIED = 'attribute_exists(PK) AND feed_until > :now';
/** What has been let in again is out of the feed at once, although its readers keep it until the end that they were told. */
const LET_IN_AGAIN = 'SET feed_until = :now, event = :event, purge_at = :purge_at REMOVE feed, feed_at';

export function createCertificateStore(table: Table): CertificateStore {
  return {
    async deny(denied: DeniedCertificate, event: AuditEvent): Promise<void> {
      const { id, created_at: createdAt, expires_at: expiresAt, ...told } = denied;
      await putItem(table, {
        Item: {
          ...deniedCertificateKey(id),
          ...told,
          created_at: createdAt,
          ...feedAttributes(createdAt, expiresAt),
          purge_at: deniedCertificatePurgeAt(expiresAt),
          event,
        },
      });
    },

    async letIn(id: string, event: AuditEvent, now: number): Promise<boolean> {
      const Key = deniedCertificateKey(id);
      const updated = await updateItem(table, {
        Key,
        UpdateExpression: LET_IN_AGAIN,
        ConditionExpression: THERE_AND_DENIED,
        ExpressionAttributeValues: { ':now': now, ':event': event, ':purge_at': deniedCertificatePurgeAt(now) },
        ReturnValues: 'NONE',
      });
      return updated !== undefined || carriesEvent(await getItem(table, Key), event);
    },

    async list(now: number): Promise<readonly DeniedCertificate[]> {
      const items = await queryAll(table, {
        KeyConditionExpression: 'PK = :partition',
        ExpressionAttributeValues: { ':partition': DENIED_CERTIFICATES_PARTITION },
        ConsistentRead: true,
      });
      return items.filter((item) => isDenied(item, now)).map(deniedFrom);
    },
  };
}

const deniedFrom = (item: Item): DeniedCertificate => ({
  id: text(item, 'SK').slice(CERTIFICATE_PREFIX.length),
  certificate: text(item, 'certificate'),
  reason: text(item, 'reason'),
  created_by: text(item, 'created_by'),
  created_at: wholeNumber(item, 'created_at'),
  expires_at: wholeNumber(item, 'feed_until'),
});

/** For who reads nothing else: one consistent BatchGetItem. */
export const createCertificateCheck =
  (table: Table): ((ids: readonly string[], now: number) => Promise<boolean>) =>
  async (ids, now) => {
    const items = await getItems(table, ids.map(deniedCertificateKey));
    return [...items.values()].some((item) => isDenied(item, now));
  };

/** Whether this item (if any) still denies its certificate at `now`. */
export const isDenied = (item: Item | undefined, now: number): boolean => item !== undefined && wholeNumber(item, 'feed_until') > now;
