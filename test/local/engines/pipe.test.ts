import { describe, expect, it } from 'vitest';
import { createPattern } from '../../../local/engines/event-pattern.ts';
import { createPipe, type StreamRecord } from '../../../local/engines/pipe.ts';

const record = (image: Record<string, unknown>, eventName: StreamRecord['eventName'] = 'INSERT'): StreamRecord => ({
  eventID: '1',
  eventName,
  eventVersion: '1.1',
  eventSource: 'aws:dynamodb',
  awsRegion: 'us-east-1',
  eventSourceARN: 'arn',
  dynamodb: { NewImage: image },
});
const pipeOf = (inputTemplate: string | undefined, filters: readonly string[] = []) =>
  createPipe({ name: 'p', source: 's', filters, inputTemplate });

describe('the input template', () => {
  it('puts values in as JSON, and into texts as text', () => {
    const pipe = pipeOf(
      '{"a": <$.dynamodb.NewImage.a.S>, "b": "x-<$.dynamodb.NewImage.a.S>-<$.eventName>", "c": <$.dynamodb.NewImage.none.S>}',
    );
    expect(pipe(record({ a: { S: 'quote " and \n' } }))).toEqual({ a: 'quote " and \n', b: 'x-quote " and \n-INSERT', c: '' });
  });
  it('is refused where it refers to what the local run does not know', () => {
    expect(() => pipeOf('{"t": <aws.pipes.event.ingestion-time>}')).toThrow('does not know');
  });
  it('may be absent', () => {
    expect(pipeOf(undefined)(record({}))).toEqual(record({}));
  });
});

describe('the filter', () => {
  it('lets a record pass when any pattern fits', () => {
    const pipe = pipeOf('{"n": <$.eventName>}', ['{"eventName":["INSERT"]}', '{"eventName":["MODIFY"]}']);
    expect([pipe(record({})), pipe(record({}, 'MODIFY')), pipe(record({}, 'REMOVE'))]).toEqual([
      { n: 'INSERT' },
      { n: 'MODIFY' },
      undefined,
    ]);
  });
  it.each([
    [['x'], 'x', true],
    [['x', 1], 1, true],
    [[{ exists: true }], 'x', true],
    [[{ exists: true }], undefined, false],
    [[{ exists: true }], { inner: 1 }, false],
    [[{ exists: false }], undefined, true],
    [[{ prefix: 'a' }], 'ab', true],
    [[{ suffix: 'b' }], 'ab', true],
    [[{ 'anything-but': ['a'] }], 'a', false],
    [[{ 'anything-but': 'a' }], 'b', true],
    [[{ 'equals-ignore-case': 'AB' }], 'ab', true],
    [['x'], ['y', 'x'], true],
  ])('%j against %j: %s', (conditions, value, expected) => {
    expect(createPattern({ member: conditions }, 'p')({ member: value })).toBe(expected);
  });
  it.each([{ a: [{ numeric: ['>', 1] }] }, { $or: [{ a: ['x'] }] }, { a: 'x' }])('%j is refused', (pattern) => {
    expect(() => createPattern(pattern, 'p')).toThrow('the pipe');
  });
});
