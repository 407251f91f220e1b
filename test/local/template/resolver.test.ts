import { describe, expect, it } from 'vitest';
import { createResolver } from '../../../local/template/resolver.ts';
import type { Json, Stack, Template } from '../../../local/template/template.ts';

const ORIGIN = 'http://127.0.0.1:3000';
const stackOf = (template: Partial<Template>, name = 'app'): Stack => ({
  name,
  assets: new Map(),
  template: { Resources: {}, ...template },
});
const resolve = (value: Json, template: Partial<Template> = {}, others: readonly Stack[] = []): Json => {
  const stack = stackOf(template);
  return createResolver([stack, ...others], ORIGIN).value(stack, value, 'test');
};

describe('intrinsic functions', () => {
  it('joins, and drops what has no value', () => {
    expect(resolve({ 'Fn::Join': ['-', ['a', { Ref: 'AWS::NoValue' }, { Ref: 'AWS::Region' }]] })).toBe('a-us-east-1');
  });
  it('substitutes references, attributes, own variables and leaves ${!literals}', () => {
    const Resources = { Fn: { Type: 'AWS::Lambda::Function', Properties: { FunctionName: 'f' } } };
    const value = { 'Fn::Sub': ['${AWS::Partition}/${Fn}/${Fn.Arn}/${mine}/${!kept}', { mine: { Ref: 'AWS::AccountId' } }] };
    expect(resolve(value, { Resources })).toBe('aws/f/arn:aws:lambda:us-east-1:000000000000:function:f/000000000000/${kept}');
  });
  it('selects from a split text and refuses to select beyond its end', () => {
    const split = { 'Fn::Split': ['/', 'a/b'] };
    expect(resolve({ 'Fn::Select': [1, split] })).toBe('b');
    expect(() => resolve({ 'Fn::Select': [2, split] })).toThrow('selects beyond the end');
  });
  it('decides conditions', () => {
    const Conditions = {
      Local: { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'us-east-1'] },
      Never: { 'Fn::Not': [{ Condition: 'Local' }] },
      Either: { 'Fn::Or': [{ Condition: 'Never' }, { Condition: 'Local' }] },
      Both: { 'Fn::And': [{ Condition: 'Never' }, { Condition: 'Local' }] },
    };
    const chosen = ['Local', 'Never', 'Either', 'Both'].map((name) => resolve({ 'Fn::If': [name, 'yes', 'no'] }, { Conditions }));
    expect(chosen).toEqual(['yes', 'no', 'yes', 'no']);
    expect(resolve({ a: { 'Fn::If': ['Never', 'yes', { Ref: 'AWS::NoValue' }] }, b: 1 }, { Conditions })).toEqual({ b: 1 });
  });
  it('looks into mappings and takes the defaults of parameters', () => {
    expect(resolve({ 'Fn::FindInMap': ['M', 'a', 'b'] }, { Mappings: { M: { a: { b: 'found' } } } })).toBe('found');
    expect(resolve({ Ref: 'P' }, { Parameters: { P: { Type: 'String', Default: 'p' } } })).toBe('p');
    expect(() => resolve({ Ref: 'P' }, { Parameters: { P: { Type: 'String' } } })).toThrow('needs the parameter P');
  });
  it('follows exports and outputs into other stacks', () => {
    const Resources = { T: { Type: 'AWS::DynamoDB::GlobalTable' } };
    const other = stackOf(
      { Resources, Outputs: { Out: { Value: { 'Fn::GetAtt': ['T', 'Arn'] }, Export: { Name: 'the-table' } } } },
      'state',
    );
    const arn = 'arn:aws:dynamodb:us-east-1:000000000000:table/state-T';
    expect(resolve({ 'Fn::ImportValue': 'the-table' }, {}, [other])).toBe(arn);
    expect(resolve({ 'Fn::GetStackOutput': { StackName: 'state', OutputName: 'Out' } }, {}, [other])).toBe(arn);
    expect(() => resolve({ 'Fn::ImportValue': 'nothing' }, {}, [other])).toThrow('which no stack exports');
  });
  it('leaves a policy statement with a Condition member alone', () => {
    const statement = { Effect: 'Allow', Condition: { Null: { x: 'false' } } };
    expect(resolve(statement)).toEqual(statement);
  });
});

describe('what cannot be read faithfully is refused', () => {
  it.each([
    ['an unknown intrinsic', { 'Fn::Cidr': ['10.0.0.0/8', 2] }, 'uses Fn::Cidr'],
    ['an unknown resource', { Ref: 'Nothing' }, 'refers to Nothing, which does not exist'],
    ['an unknown attribute', { 'Fn::GetAtt': ['Key', 'Colour'] }, 'needs the attribute Colour of AWS::KMS::Key'],
    ['an unknown resource type', { Ref: 'Bucket' }, 'is of type AWS::S3::Bucket'],
  ])('%s', (_, value, message) => {
    const Resources = { Key: { Type: 'AWS::KMS::Key' }, Bucket: { Type: 'AWS::S3::Bucket' } };
    expect(() => resolve(value as Json, { Resources })).toThrow(message);
  });
});

describe('the APIs are on the local origin', () => {
  const Resources = {
    Http: { Type: 'AWS::ApiGatewayV2::Api' },
    Rest: { Type: 'AWS::ApiGateway::RestApi' },
    Stage: { Type: 'AWS::ApiGateway::Stage', Properties: { StageName: 'v1', RestApiId: { Ref: 'Rest' } } },
  };
  const executeApi = (api: string, path: string): Json => ({
    'Fn::Join': ['', ['https://', { Ref: api }, '.execute-api.', { Ref: 'AWS::Region' }, '.', { Ref: 'AWS::URLSuffix' }, path]],
  });
  it.each([
    [{ 'Fn::GetAtt': ['Http', 'ApiEndpoint'] }, ORIGIN],
    [executeApi('Rest', '/v1/'), `${ORIGIN}/`],
    [executeApi('Rest', '/v1/protected'), `${ORIGIN}/protected`],
    [executeApi('Http', '/token'), `${ORIGIN}/token`],
  ])('%j', (value, expected) => {
    expect(resolve(value, { Resources })).toBe(expected);
  });
});
