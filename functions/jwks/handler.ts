// The public documents, and whatever no route takes.
import { createDocumentsEndpoint } from '../../src/endpoints/documents.ts';
import { createFeedReader } from '../../src/endpoints/revocation-feed.ts';
import { lambda } from '../../src/http/lambda.ts';
import { createKeyRing } from '../../src/signing/key-ring.ts';
import { createKms } from '../../src/signing/kms-client.ts';
import { createTemplateKeys } from '../../src/signing/template-keys.ts';
import { createDynamoDb } from '../../src/storage/dynamodb-client.ts';
import { createFeedStore } from '../../src/storage/feed-store.ts';
import { createKeyRecordStore } from '../../src/storage/key-record-store.ts';
import { jwksEnv } from './env.ts';

export const handler = lambda('jwks', () => {
  const env = jwksEnv(process.env);
  const table = { table: env.tableName, dynamodb: createDynamoDb() };
  const { readAll } = createKeyRecordStore(table);
  const ring = createKeyRing({
    // A function that anybody may call publishes keys and never writes one. A key pair is made by whoever signs with it first.
    records: { readAll },
    ...(env.signing === 'kms' ? { template: createTemplateKeys({ kms: createKms(), arns: env.signingKeys }) } : {}),
  });
  return createDocumentsEndpoint({
    issuer: env.issuer,
    mtlsUrl: env.mtlsUrl,
    publishedKeys: (now) => ring.published(now),
    feed: createFeedReader(env.issuer, createFeedStore(table)),
  });
});
