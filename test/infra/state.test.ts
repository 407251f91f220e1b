import { describe, expect, it } from 'vitest';
import { FEED_INDEX, LISTING_INDEX, TABLE } from '../../src/storage/table-schema.ts';
import { buildApp } from '../../bin/app.ts';
import { inTemporaryFolder, only, resources, synthesizedApp } from './synthesized-app.ts';

const state = synthesizedApp()['state']!;

describe('the table', () => {
  const table = only(state, 'AWS::DynamoDB::GlobalTable');
  const [replica] = table.Properties.Replicas;

  it('can be restored to any second of the last 35 days, and cannot be deleted', () => {
    expect(table.Properties.Replicas).toHaveLength(1);
    expect(replica.PointInTimeRecoverySpecification).toEqual({ PointInTimeRecoveryEnabled: true });
    expect(replica.DeletionProtectionEnabled).toBe(true);
  });

  it('purges by the attribute that the stores write', () => {
    expect(table.Properties.TimeToLiveSpecification).toEqual({ AttributeName: TABLE.timeToLive, Enabled: true });
  });

  it('has the keys and indexes that the stores query', () => {
    const keys = (partitionKey: string, sortKey: string) => [
      { AttributeName: partitionKey, KeyType: 'HASH' },
      { AttributeName: sortKey, KeyType: 'RANGE' },
    ];
    expect(table.Properties.KeySchema).toEqual(keys(TABLE.partitionKey, TABLE.sortKey));
    const indexes = table.Properties.GlobalSecondaryIndexes.map(({ IndexName, KeySchema, Projection }: any) => ({
      IndexName,
      KeySchema,
      Projection,
    }));
    expect(indexes).toEqual([
      {
        IndexName: FEED_INDEX.name,
        KeySchema: keys(FEED_INDEX.partitionKey, FEED_INDEX.sortKey),
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...FEED_INDEX.projected] },
      },
      {
        IndexName: LISTING_INDEX.name,
        KeySchema: keys(LISTING_INDEX.partitionKey, LISTING_INDEX.sortKey),
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ]);
  });

  it('streams new images alone, so that no old state travels', () => {
    expect(table.Properties.StreamSpecification).toEqual({ StreamViewType: 'NEW_IMAGE' });
  });

  it('is paid by use, under a ceiling of reads and writes for the table and each index', () => {
    expect(table.Properties.BillingMode).toBe('PAY_PER_REQUEST');
    for (const writer of [table.Properties, ...table.Properties.GlobalSecondaryIndexes])
      expect(writer.WriteOnDemandThroughputSettings).toEqual({ MaxWriteRequestUnits: 2000 });
    for (const reader of [replica, ...replica.GlobalSecondaryIndexes])
      expect(reader.ReadOnDemandThroughputSettings).toEqual({ MaxReadRequestUnits: 4000 });
  });
});

it('the signing key is an RSA key of 2,048 bits that can do nothing but sign', () => {
  expect(only(state, 'AWS::KMS::Key').Properties).toMatchObject({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' });
});

it('the ring is generated once: a change of these properties would replace every MAC key and pepper', () => {
  expect(only(state, 'AWS::SecretsManager::Secret').Properties.GenerateSecretString).toEqual({
    SecretStringTemplate: '{}',
    GenerateStringKey: 'k1',
    PasswordLength: 64,
    ExcludePunctuation: true,
  });
});

it('the logical ids of what holds state never change, because a new id is a new, empty resource', () => {
  expect(Object.keys(resources(state))).toEqual([
    'AuthTableABA40885',
    'AuthSigningKeysRS2563545AA87',
    'AuthRingAC293FC1',
    'AuthIssuerApiCF184BB7',
  ]);
});

it('everything here outlives its stack and its own replacement', () => {
  for (const resource of Object.values(resources(state)))
    expect(resource).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
});

it('the stack cannot be deleted by accident', () => {
  const [stack] = inTemporaryFolder((outdir) => buildApp({ outdir, checks: false, bundles: false }).node.children);
  expect(stack).toMatchObject({ terminationProtection: true });
});
