// What lasts: tables, KMS keys, secrets, and the pipes that carry a table's changes.
import { createHash } from 'node:crypto';
import type { Reader } from './reader.ts';
import { isObject, type Json, type JsonObject } from './template.ts';

export type KeySchema = readonly { readonly AttributeName: string; readonly KeyType: 'HASH' | 'RANGE' }[];
export type IndexSpec = {
  readonly IndexName: string;
  readonly KeySchema: KeySchema;
  readonly Projection: { readonly ProjectionType: string; readonly NonKeyAttributes?: readonly string[] };
};
export type TableSpec = {
  readonly name: string;
  readonly arn: string;
  readonly keySchema: KeySchema;
  readonly attributes: readonly { readonly AttributeName: string; readonly AttributeType: string }[];
  readonly indexes: readonly IndexSpec[];
  readonly timeToLive: string | undefined;
  readonly streamArn: string;
};

export type KeySpec = {
  /** `<stack>/<logical id>`: stays the same from start to start. */
  readonly id: string;
  readonly keyId: string;
  readonly arn: string;
  readonly keySpec: string;
  readonly keyUsage: string;
  readonly enabled: boolean;
  readonly policy: JsonObject;
};

export type SecretSpec = {
  readonly id: string;
  readonly arn: string;
  readonly name: string;
  readonly generate: JsonObject | undefined;
  readonly value: string | undefined;
};

export type PipeSpec = {
  readonly name: string;
  readonly source: string;
  /** EventBridge patterns, JSON; none = everything passes. */
  readonly filters: readonly string[];
  /** With `<$.path>` references; undefined = the record as it is. */
  readonly inputTemplate: string | undefined;
};

export function readTables(reader: Reader): readonly TableSpec[] {
  return [...reader.all('AWS::DynamoDB::Table'), ...reader.all('AWS::DynamoDB::GlobalTable')].map((table) => {
    if (table.list('LocalSecondaryIndexes').length > 0) table.refuse('has local secondary indexes, which the local run does not know');
    const timeToLive = table.object('TimeToLiveSpecification');
    return {
      name: table.ref,
      arn: table.attribute('Arn'),
      keySchema: table.list('KeySchema') as unknown as KeySchema,
      attributes: table.list('AttributeDefinitions') as unknown as TableSpec['attributes'],
      indexes: table.objects('GlobalSecondaryIndexes').map(indexOf),
      timeToLive: timeToLive['Enabled'] === true || timeToLive['Enabled'] === 'true' ? String(timeToLive['AttributeName']) : undefined,
      streamArn: table.attribute('StreamArn'),
    };
  });
}

const indexOf = (index: JsonObject): IndexSpec =>
  ({ IndexName: index['IndexName'], KeySchema: index['KeySchema'], Projection: index['Projection'] }) as unknown as IndexSpec;

export const readKeys = (reader: Reader): readonly KeySpec[] =>
  reader.all('AWS::KMS::Key').map((key) => ({
    id: `${key.stack.name}/${key.logicalId}`,
    keyId: key.ref,
    arn: key.attribute('Arn'),
    keySpec: key.optionalText('KeySpec') ?? 'SYMMETRIC_DEFAULT',
    keyUsage: key.optionalText('KeyUsage') ?? 'ENCRYPT_DECRYPT',
    enabled: key.flag('Enabled', true),
    policy: key.object('KeyPolicy'),
  }));

export const readSecrets = (reader: Reader): readonly SecretSpec[] =>
  reader.all('AWS::SecretsManager::Secret').map((secret) => {
    const generate = secret.object('GenerateSecretString');
    return {
      id: `${secret.stack.name}/${secret.logicalId}`,
      arn: secret.ref,
      name: secret.optionalText('Name') ?? `${secret.stack.name}-${secret.logicalId}`,
      generate: Object.keys(generate).length > 0 ? generate : undefined,
      value: secret.optionalText('SecretString'),
    };
  });

export function readPipes(reader: Reader): readonly PipeSpec[] {
  const tables = new Set(readTables(reader).map((table) => table.streamArn));
  return reader.all('AWS::Pipes::Pipe').map((pipe) => {
    const source = pipe.text('Source');
    if (!tables.has(source)) pipe.refuse('has a source other than the table; the local run knows only the table');
    if (pipe.optionalText('Enrichment') !== undefined) pipe.refuse('has an enrichment, which the local run does not know');
    const criteria = pipe.object('SourceParameters')['FilterCriteria'];
    const filters = isObject(criteria) && Array.isArray(criteria['Filters']) ? (criteria['Filters'] as readonly Json[]) : [];
    const template = pipe.object('TargetParameters')['InputTemplate'];
    return {
      name: pipe.ref,
      source,
      filters: filters.map((filter) => (isObject(filter) ? String(filter['Pattern']) : pipe.refuse('has a malformed filter'))),
      inputTemplate: template === undefined ? undefined : String(template),
    };
  });
}

/** Changes when what the table stores its index entries under changes. */
export const schemaDigest = (table: TableSpec): string =>
  createHash('sha256')
    .update(JSON.stringify([table.keySchema, table.attributes, table.indexes]))
    .digest('hex');
