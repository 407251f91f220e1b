// What a function may do with the table: an action at a time, and only on the partitions that it has business with.
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { FEED_INDEX, LISTING_INDEX } from '../src/storage/table-schema.ts';
import type { ServiceFunction } from './service-function.ts';

/** Patterns of partition keys; see docs/storage.md for what lives in each. */
export type Partition =
  | 'CLIENT#*'
  | 'RATE#*'
  | 'REVOKED#*'
  | 'DENIED#*'
  | 'FAIL#*'
  | 'BLOCKS'
  | 'ONCE#*'
  | 'ISSUER#*'
  | 'ISSUED#*'
  | 'QUOTA#*'
  | 'KEYRING'
  | 'CERTS'
  | 'UPKEEP';

/** All that a caller needs to know of the table. */
export type TableReference = Pick<ITableV2, 'tableName' | 'tableArn'>;

export interface TableAccess {
  readonly batchGet?: readonly Partition[];
  readonly get?: readonly Partition[];
  readonly put?: readonly Partition[];
  readonly update?: readonly Partition[];
  readonly query?: readonly Partition[];
  readonly queryFeed?: true;
  readonly queryListing?: true;
  readonly queryTrustRules?: true;
}

export function allowTableAccess(caller: ServiceFunction, table: TableReference, access: TableAccess): void {
  const { tableArn } = table;
  const allow = (action: string, resource: string, partitions: readonly string[] | undefined) => {
    if (partitions) caller.allow([action], [resource], leadingKeys(partitions));
  };
  allow('dynamodb:BatchGetItem', tableArn, access.batchGet);
  allow('dynamodb:GetItem', tableArn, access.get);
  allow('dynamodb:PutItem', tableArn, access.put);
  allow('dynamodb:UpdateItem', tableArn, access.update);
  allow('dynamodb:Query', tableArn, access.query);
  // On an index, the leading key is the index's own partition key.
  allow('dynamodb:Query', `${tableArn}/index/${FEED_INDEX.name}`, access.queryFeed && ['FEED']);
  allow('dynamodb:Query', `${tableArn}/index/${LISTING_INDEX.name}`, access.queryListing && ['CLIENTS']);
  allow('dynamodb:Query', `${tableArn}/index/${LISTING_INDEX.name}`, access.queryTrustRules && ['TRUSTRULES']);
}

/** A `ForAllValues` condition alone also holds for a request without keys (a scan, say), hence the `Null`. */
const leadingKeys = (partitions: readonly string[]) => ({
  'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [...partitions] },
  Null: { 'dynamodb:LeadingKeys': 'false' },
});
