import { describe, expect, it } from 'vitest';
import { evaluatePolicy, matches } from '../../../local/gateway/policy.ts';

const ARN = 'arn:aws:execute-api:us-east-1:000000000000:api/v1/GET/protected';
const allow = (resource: unknown) => ({ Effect: 'Allow', Action: 'execute-api:Invoke', Resource: resource });
const deny = (resource: unknown) => ({ Effect: 'Deny', Action: 'execute-api:Invoke', Resource: resource });
const decide = (...statements: unknown[]) => evaluatePolicy({ Version: '2012-10-17', Statement: statements }, ARN);

describe('the policy of a Lambda authorizer', () => {
  it.each([
    ['allows what it names', [allow(ARN)], 'allow'],
    ['allows by wildcard', [allow('arn:aws:execute-api:*:*:api/*/GET/*')], 'allow'],
    ['allows by a list', [allow(['arn:aws:execute-api:us-east-1:000000000000:api/v1/GET/other', ARN])], 'allow'],
    ['denies by silence', [allow('arn:aws:execute-api:us-east-1:000000000000:api/v1/GET/admin-only')], 'deny'],
    ['denies explicitly, whatever else allows', [allow('*'), deny(ARN)], 'deny'],
    [
      'is not swayed by a denial of something else',
      [allow('*'), deny('arn:aws:execute-api:us-east-1:000000000000:api/v1/POST/*')],
      'allow',
    ],
    ['denies without statements', [], 'deny'],
    ['ignores other actions', [{ ...allow(ARN), Action: 's3:GetObject' }], 'deny'],
  ])('%s', (_, statements, expected) => {
    expect(decide(...statements)).toBe(expected);
  });
  it.each([
    ['no document', undefined],
    ['no list of statements', { Statement: allow(ARN) }],
    ['an unknown effect', { Statement: [{ ...allow(ARN), Effect: 'allow' }] }],
    ['a resource that is no text', { Statement: [allow(1)] }],
    ['a condition, which nothing here could evaluate', { Statement: [{ ...allow(ARN), Condition: { Bool: {} } }] }],
  ])('is malformed with %s', (_, document) => {
    expect(evaluatePolicy(document, ARN)).toBeUndefined();
  });
});

describe('wildcards', () => {
  it.each([
    ['*', '', true],
    ['a*c', 'abbbc', true],
    ['a*c', 'abbb', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['CLIENT#*', 'CLIENT#x', true],
    ['CLIENT#*', 'xCLIENT#x', false],
    ['*a*b*', 'xxaxxbxx', true],
    ['a.c', 'abc', false],
  ])('%s against %s: %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });
});
