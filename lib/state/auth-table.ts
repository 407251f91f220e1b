// The one DynamoDB table, as docs/storage.md describes it.
import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, ProjectionType, StreamViewType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { FEED_INDEX, LISTING_INDEX, TABLE } from '../../src/storage/table-schema.ts';
import type { TableThroughputProps } from '../m2m-auth-props.ts';

export interface AuthTableProps {
  readonly throughput: TableThroughputProps;
}

const string = (name: string) => ({ name, type: AttributeType.STRING });

export class AuthTable extends Construct {
  readonly table: TableV2;
  readonly streamArn: string;

  constructor(scope: Construct, id: string, { throughput }: AuthTableProps) {
    super(scope, id);
    const ceiling = { maxReadRequestUnits: throughput.maxReads, maxWriteRequestUnits: throughput.maxWrites };
    this.table = new TableV2(this, 'Resource', {
      partitionKey: string(TABLE.partitionKey),
      sortKey: string(TABLE.sortKey),
      timeToLiveAttribute: TABLE.timeToLive,
      billing: Billing.onDemand(ceiling),
      globalSecondaryIndexes: [
        {
          indexName: FEED_INDEX.name,
          partitionKey: string(FEED_INDEX.partitionKey),
          sortKey: string(FEED_INDEX.sortKey),
          projectionType: ProjectionType.INCLUDE,
          nonKeyAttributes: [...FEED_INDEX.projected],
          ...ceiling,
        },
        {
          indexName: LISTING_INDEX.name,
          partitionKey: string(LISTING_INDEX.partitionKey),
          sortKey: string(LISTING_INDEX.sortKey),
          projectionType: ProjectionType.KEYS_ONLY,
          ...ceiling,
        },
      ],
      // What the audit pipe reads: the new image alone, so that no old state travels.
      dynamoStream: StreamViewType.NEW_IMAGE,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const { tableStreamArn } = this.table;
    if (tableStreamArn === undefined) throw new Error('the table has no stream');
    this.streamArn = tableStreamArn;
  }
}
