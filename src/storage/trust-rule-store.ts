/**
 * Trust rules, one item each in the partition of their issuer, by client. Their terms are stored as the text that was sent, and read back
 * by the same reader: what it does not take is told as an outage, never as a rule.
 */
import type { AuditEvent } from '../audit/event.ts';
import { issuerDigest } from '../client-authentication/trust-rule-id.ts';
import { readTrustRule, TRUST_RULE_ID_PATTERN, trustRuleDocument, type TrustRule } from '../client-authentication/trust-rule.ts';
import type { TrustRulePage, TrustRuleStore } from '../endpoints/stores.ts';
import { Outage } from '../outage.ts';
import { parseJsonObject } from '../tokens/strict-json.ts';
import { carriesEvent, text, wholeNumber, type Item } from './item.ts';
import { keyText, trustRuleKey, trustRulesKey, type Key } from './keys.ts';
import { cursorAfter, idInCursor } from './list-cursor.ts';
import { removedRulePurgeAt } from './retention.ts';
import { BATCH_KEYS_MAX, getItem, getItems, putItem, queryAll, queryPage, updateItem, type Table } from './table.ts';
import { LISTING_INDEX } from './table-schema.ts';

const LISTING_PARTITION = 'TRUSTRULES';
const NOT_YET_THERE = 'attribute_not_exists(PK)';
/** Removing twice would tell the event twice; this also refuses a rule that does not exist. */
const REMOVABLE = '#status = :active';
const REMOVE = 'SET #status = :removed, purge_at = :purge_at, event = :event REMOVE terms, listing';
const RULES_OF_ISSUER = 'PK = :issuer AND begins_with(SK, :rules)';
/** `status` is a reserved word in expressions. */
const NAMES = { '#status': 'status' };

export function createTrustRuleStore(table: Table): TrustRuleStore {
  return {
    async ofIssuer(issuer: string, clientId: string | undefined): Promise<readonly TrustRule[]> {
      const { PK, SK } = trustRulesKey(issuerDigest(issuer), clientId);
      const items = await queryAll(table, {
        KeyConditionExpression: RULES_OF_ISSUER,
        ExpressionAttributeValues: { ':issuer': PK, ':rules': SK },
        ConsistentRead: true,
      });
      return items.flatMap(ruleIn).filter((rule) => rule.issuer === issuer);
    },

    async create(rule: TrustRule, event: AuditEvent): Promise<boolean> {
      const key = trustRuleKey(rule.id);
      const created = await putItem(table, { Item: { ...key, ...attributesOf(rule), event }, ConditionExpression: NOT_YET_THERE });
      return created || carriesEvent(await getItem(table, key), event);
    },

    async read(id: string): Promise<TrustRule | undefined> {
      const item = await getItem(table, trustRuleKey(id));
      return item === undefined ? undefined : ruleIn(item)[0];
    },

    async remove(id: string, event: AuditEvent, now: number): Promise<boolean> {
      const removed = await updateItem(table, {
        Key: trustRuleKey(id),
        UpdateExpression: REMOVE,
        ConditionExpression: REMOVABLE,
        ExpressionAttributeNames: NAMES,
        ExpressionAttributeValues: {
          ':active': 'active',
          ':removed': 'removed',
          ':purge_at': removedRulePurgeAt(now),
          ':event': event,
        },
      });
      return removed !== undefined || (await getItem(table, trustRuleKey(id)))?.['status'] === 'removed';
    },

    async list({ limit, cursor }: { limit: number; cursor: string | undefined }): Promise<TrustRulePage | undefined> {
      if (!Number.isInteger(limit) || limit < 1 || limit > BATCH_KEYS_MAX)
        throw new RangeError(`a page holds 1 to ${BATCH_KEYS_MAX} rules`);
      const after = cursor === undefined ? undefined : idInCursor(cursor, TRUST_RULE_ID_PATTERN);
      if (cursor !== undefined && after === undefined) return undefined;
      // One more than asked for tells whether there is a next page.
      const keys = await keysAfter(table, after, limit + 1);
      const page = keys.slice(0, limit);
      const found = await getItems(table, page);
      const items = page.flatMap((key) => ruleIn(found.get(keyText(key))));
      const last = page.at(-1);
      return { items, next: keys.length > limit && last !== undefined ? cursorAfter(idAt(last)) : undefined };
    },
  };
}

/** By the order of their keys. */
async function keysAfter(table: Table, after: string | undefined, count: number): Promise<readonly Key[]> {
  const start = after === undefined ? undefined : trustRuleKey(after);
  const entries = await queryPage(table, {
    IndexName: LISTING_INDEX.name,
    KeyConditionExpression: '#listing = :rules',
    ExpressionAttributeNames: { '#listing': LISTING_INDEX.partitionKey },
    ExpressionAttributeValues: { ':rules': LISTING_PARTITION },
    Limit: count,
    ...(start === undefined ? {} : { ExclusiveStartKey: { ...start, [LISTING_INDEX.partitionKey]: LISTING_PARTITION } }),
  });
  return entries.map((entry) => ({ PK: text(entry, 'PK'), SK: text(entry, 'SK') }));
}

const attributesOf = (rule: TrustRule) => {
  const { id: _id, client_id_issued_at, created_at, created_by, ...terms } = rule;
  const status = 'active';
  return {
    listing: LISTING_PARTITION,
    status,
    client_id_issued_at,
    created_at,
    created_by,
    terms: JSON.stringify(trustRuleDocument(terms)),
  };
};

const idAt = ({ PK, SK }: Key): string => [PK.slice('ISSUER#'.length), ...SK.slice('RULE#'.length).split('#')].join('.');

/** None for a removed one. */
function ruleIn(item: Item | undefined): readonly TrustRule[] {
  if (item === undefined || text(item, 'status') !== 'active') return [];
  const terms = parseJsonObject(text(item, 'terms'));
  // What may be stored was judged when it was; an address that may not be asked is refused when it is to be.
  const read = readTrustRule(terms ?? {}, { issuer: '', loopback: 'allowed' });
  const key = { PK: text(item, 'PK'), SK: text(item, 'SK') };
  if (!read.ok)
    throw new Outage('dynamodb:item', { cause: new TypeError(`${keyText(key)}: ${read.failure.field} ${read.failure.problem}`) });
  return [
    {
      ...read.value,
      id: idAt(key),
      client_id_issued_at: wholeNumber(item, 'client_id_issued_at'),
      created_at: wholeNumber(item, 'created_at'),
      created_by: text(item, 'created_by'),
    },
  ];
}
