import { describe, expect, it } from 'vitest';
import { createAccessCheck, type AccessQuestion } from '../../../local/iam/access.ts';
import { dynamodbQuestions } from '../../../local/iam/dynamodb-questions.ts';
import { accessKeyIdFrom, operatorPrincipal, principalOf } from '../../../local/iam/principals.ts';
import type { JsonObject } from '../../../local/template/template.ts';
import { TABLE } from '../table.ts';

const statement = (action: string, keys: readonly string[], resource = TABLE.arn): JsonObject => ({
  Effect: 'Allow',
  Action: action,
  Resource: resource,
  Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [...keys] }, Null: { 'dynamodb:LeadingKeys': 'false' } },
});
const roleWith = (...statements: JsonObject[]) =>
  principalOf(
    {
      arn: 'arn:aws:iam::000000000000:role/token',
      name: 'token',
      policies: [{ name: 'p', policy: { Version: '2012-10-17', Statement: statements } }],
    },
    'token',
  ).principal;
const ask = (operation: string, input: unknown): readonly AccessQuestion[] => dynamodbQuestions(operation, input, TABLE);
const key = (pk: string) => ({ PK: { S: pk }, SK: { S: 'x' } });
const get = (...pks: string[]) => ask('BatchGetItem', { RequestItems: { [TABLE.name]: { Keys: pks.map(key) } } });

async function allowed(statements: readonly JsonObject[], questions: readonly AccessQuestion[]): Promise<boolean> {
  const check = createAccessCheck();
  const principal = roleWith(...statements);
  const decisions = await Promise.all(questions.map((question) => check(principal, question)));
  return decisions.every(Boolean);
}

describe('a role', () => {
  const grant = statement('dynamodb:BatchGetItem', ['CLIENT#*', 'RATE#*']);
  it('may do what a statement grants, on the partitions that it grants', async () => {
    expect(await allowed([grant], get('CLIENT#a', 'RATE#b'))).toBe(true);
    expect(await allowed([grant], get('CLIENT#a', 'REVOKED#b'))).toBe(false);
  });
  it('may not do anything else', async () => {
    expect(await allowed([grant], ask('GetItem', { Key: key('CLIENT#a') }))).toBe(false);
    expect(await allowed([], get('CLIENT#a'))).toBe(false);
  });
  it('may not leave the partition out', async () => {
    expect(await allowed([statement('dynamodb:Scan', ['CLIENT#*'])], ask('Scan', {}))).toBe(false);
  });
  it('is refused on an explicit deny', async () => {
    expect(await allowed([grant, { ...statement('dynamodb:*', ['CLIENT#secret']), Effect: 'Deny' }], get('CLIENT#secret'))).toBe(false);
  });
  it('needs a grant of its own for an index, by the key of the index', async () => {
    const query = ask('Query', {
      IndexName: 'feed',
      KeyConditionExpression: '#f = :f AND feed_at >= :since',
      ExpressionAttributeNames: { '#f': 'feed' },
      ExpressionAttributeValues: { ':f': { S: 'FEED' }, ':since': { S: '2026' } },
    });
    expect(await allowed([statement('dynamodb:Query', ['FEED'], `${TABLE.arn}/index/feed`)], query)).toBe(true);
    expect(await allowed([statement('dynamodb:Query', ['FEED'])], query)).toBe(false);
  });
  it('gets the same decision from the cache as without it', async () => {
    const check = createAccessCheck();
    const principal = roleWith(grant);
    const decide = async (...pks: string[]) =>
      (await Promise.all(get(...pks).map((question) => check(principal, question)))).every(Boolean);
    for (let round = 0; round < 2; round += 1) {
      expect(await decide('CLIENT#a')).toBe(true);
      expect(await decide('DENIED#a')).toBe(false);
      expect(await decide(`CLIENT#${round}`, 'DENIED#a')).toBe(false);
    }
  });
});

describe('what a call needs', () => {
  it.each([
    ['PutItem', { Item: key('A') }, ['A']],
    ['UpdateItem', { Key: key('B') }, ['B']],
    ['DeleteItem', { Key: key('C') }, ['C']],
    ['BatchWriteItem', { RequestItems: { t: [{ PutRequest: { Item: key('D') } }, { DeleteRequest: { Key: key('E') } }] } }, ['D', 'E']],
    ['Query', { KeyConditionExpression: ':p = PK', ExpressionAttributeValues: { ':p': { S: 'F' } } }, ['F']],
  ])('%s', (operation, input, keys) => {
    expect(ask(operation, input)).toEqual([
      { action: `dynamodb:${operation}`, resource: TABLE.arn, context: { 'dynamodb:LeadingKeys': keys } },
    ]);
  });
});

describe('callers', () => {
  it('are told apart by the access key id of the signature', () => {
    expect(accessKeyIdFrom('AWS4-HMAC-SHA256 Credential=ASIAX1/20261121/us-east-1/kms/aws4_request, SignedHeaders=host, Signature=0')).toBe(
      'ASIAX1',
    );
    expect(accessKeyIdFrom('Bearer x')).toBeUndefined();
    expect(accessKeyIdFrom(undefined)).toBeUndefined();
  });
  it('have ids that nobody can guess', () => {
    expect(operatorPrincipal().principal.accessKeyId).not.toBe(operatorPrincipal().principal.accessKeyId);
  });
});
