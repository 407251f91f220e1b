// A table as the template would give it, for tests of the engine and of access to it.
import type { TableSpec } from '../../local/template/state.ts';

export const TABLE: TableSpec = {
  name: 'test-table',
  arn: 'arn:aws:dynamodb:us-east-1:000000000000:table/test-table',
  keySchema: [
    { AttributeName: 'PK', KeyType: 'HASH' },
    { AttributeName: 'SK', KeyType: 'RANGE' },
  ],
  attributes: ['PK', 'SK', 'feed', 'feed_at'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
  indexes: [
    {
      IndexName: 'feed',
      KeySchema: [
        { AttributeName: 'feed', KeyType: 'HASH' },
        { AttributeName: 'feed_at', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
  timeToLive: 'purge_at',
  streamArn: 'arn:aws:dynamodb:us-east-1:000000000000:table/test-table/stream/1',
};
