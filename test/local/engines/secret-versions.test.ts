// Against the rules as Secrets Manager's API reference states them.
import { describe, expect, it } from 'vitest';
import { versionAsked, withRotationBegun, withStageMoved, withValue, type SecretVersions } from '../../../local/engines/secret-versions.ts';

const CURRENT: SecretVersions = { one: { value: 'a', created_at: 1, stages: ['AWSCURRENT'] } };
const begun = withRotationBegun(CURRENT, 'two', 2);
const put = (versions: SecretVersions, id: string, value: string, stages = ['AWSPENDING']) =>
  withValue(versions, { id, value, stages, at: 3 });
const pending = put(begun, 'two', 'b');
const move = (versions: SecretVersions, stage: string, to?: string, from?: string) => withStageMoved(versions, { stage, to, from });
const rotated = move(pending, 'AWSCURRENT', 'two', 'one');
const stagesIn = (versions: SecretVersions) => Object.fromEntries(Object.entries(versions).map(([id, { stages }]) => [id, stages]));
const read = (versions: SecretVersions, id?: string, stage?: string) => versionAsked(versions, { id, stage })[1].value;

describe('reading', () => {
  it('goes by id, by label, or by AWSCURRENT', () => {
    expect([read(pending), read(pending, 'two'), read(pending, undefined, 'AWSPENDING'), read(pending, 'two', 'AWSPENDING')]).toEqual([
      'a',
      'b',
      'b',
      'b',
    ]);
  });
  it.each([
    ['of a version without a value', begun, 'two', undefined],
    ['of an unknown version', CURRENT, 'two', undefined],
    ['of a label that nothing has', CURRENT, undefined, 'AWSPENDING'],
    ['of a version under a label that it has not', pending, 'two', 'AWSCURRENT'],
  ] as const)('finds nothing %s', (_, versions, id, stage) => {
    expect(() => read(versions, id, stage)).toThrow("can't find the specified secret value");
  });
});

describe('putting', () => {
  it('fills the version of a rotation, and the same again changes nothing', () => {
    expect(pending['two']).toEqual({ value: 'b', created_at: 2, stages: ['AWSPENDING'] });
    expect(put(rotated, 'two', 'b')).toBe(rotated);
  });
  it('never changes a value', () => {
    expect(() => put(pending, 'two', 'c')).toThrow("You can't use ClientRequestToken two");
  });
  it('takes a label from whoever has it, and makes the former current version the previous one', () => {
    expect(stagesIn(put(pending, 'three', 'c'))).toEqual({ one: ['AWSCURRENT'], two: [], three: ['AWSPENDING'] });
    expect(stagesIn(put(rotated, 'three', 'c', ['AWSCURRENT']))).toEqual({
      one: [],
      two: ['AWSPENDING', 'AWSPREVIOUS'],
      three: ['AWSCURRENT'],
    });
  });
});

describe('moving a label', () => {
  it('makes the former current version the previous one', () => {
    expect(stagesIn(rotated)).toEqual({ one: ['AWSPREVIOUS'], two: ['AWSPENDING', 'AWSCURRENT'] });
  });
  it('takes it away', () => {
    expect(stagesIn(move(pending, 'AWSPENDING', undefined, 'two'))).toEqual({ one: ['AWSCURRENT'], two: [] });
  });
  it.each([
    ['without saying from where', 'AWSCURRENT', 'two', undefined, "RemoveFromVersionId can't be empty"],
    ['from where it is not', 'AWSCURRENT', 'two', 'two', "doesn't match"],
    ['to an unknown version', 'AWSCURRENT', 'three', 'one', "can't find the specified secret version"],
    ['to nowhere', 'AWSCURRENT', undefined, 'one', "can't remove AWSCURRENT"],
  ] as const)('is refused %s', (_, stage, to, from, message) => {
    expect(() => move(pending, stage, to, from)).toThrow(message);
  });
});

describe('beginning a rotation', () => {
  it('is the same when it is repeated', () => {
    expect(withRotationBegun(begun, 'two', 9)).toBe(begun);
    expect(stagesIn(begun)).toEqual({ one: ['AWSCURRENT'], two: ['AWSPENDING'] });
  });
  it('is refused while another one is not complete, and possible after it', () => {
    expect(() => withRotationBegun(pending, 'three', 3)).toThrow("A previous rotation isn't complete");
    expect(stagesIn(withRotationBegun(rotated, 'three', 3))).toEqual({ one: ['AWSPREVIOUS'], two: ['AWSCURRENT'], three: ['AWSPENDING'] });
  });
  it('is refused for a version that is there', () => {
    expect(() => withRotationBegun(rotated, 'one', 3)).toThrow('exists already');
  });
});
