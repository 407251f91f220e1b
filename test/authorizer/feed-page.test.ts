import { describe, expect, it } from 'vitest';
import { feedId } from '../../src/authorizer/feed-document.ts';
import { feedQuery, parseFeedPage } from '../../src/authorizer/feed-page.ts';
import { ISSUER } from '../tokens/test-issuer.ts';

const asked = { since: 100, after: undefined };
const lists = { jti: [feedId('j')], sid: [feedId('s')], clients: { [feedId('c')]: 2 }, kids: [feedId('k')], certs: [feedId('x')] };
const page = { v: 1, of: feedId(ISSUER), iat: 120, since: 100, until: { 600: lists, 1200: { sid: [feedId('t')] } } };
const parsed = (answer: object, question: typeof asked | { since: number; after: string } = asked) =>
  parseFeedPage(JSON.stringify(answer), ISSUER, question);

describe('a page', () => {
  it('is read, with the time until which each of its entries matters', () => {
    expect(parsed({ ...page, more: 1 })).toEqual({
      iat: 120,
      next: undefined,
      batches: [
        { ...lists, until: 600, clients: [[feedId('c'), 2]] },
        { until: 1200, jti: [], sid: [feedId('t')], clients: [], kids: [], certs: [] },
      ],
    });
  });
  it('may be empty', () => {
    expect(parsed({ v: 1, of: feedId(ISSUER), iat: 120, since: 100 })).toEqual({ iat: 120, next: undefined, batches: [] });
  });
  it('says where the next begins', () => {
    expect(parsed({ ...page, next: '110.jti.x' })?.next).toBe('110.jti.x');
    expect(parsed({ ...page, after: '110.jti.x', next: '110.jti.y' }, { since: 100, after: '110.jti.x' })?.next).toBe('110.jti.y');
  });
  it.each<[string, object]>([
    ['another version', { v: 2 }],
    ['another issuer', { of: feedId('https://other.example') }],
    ['another time, as from a cache that leaves the query out of its key', { since: 110 }],
    ['a later part', { after: '110.jti.x' }],
    ['no time of issue', { iat: undefined }],
    ['a next page that is itself', { after: undefined, next: 5 }],
    ['lists of another form', { until: [] }],
    ['no times', { until: { soon: lists } }],
    ['no lists', { until: { 600: null } }],
    ['ids of another form', { until: { 600: { jti: ['j'] } } }],
    ['certificates of another form', { until: { 600: { certs: ['x'] } } }],
    ['epochs of another form', { until: { 600: { clients: { [feedId('c')]: '2' } } } }],
  ])('of %s is not understood', (_, changes) => {
    expect(parsed({ ...page, ...changes })).toBeUndefined();
  });
  it.each(['110.jti.x', '110.jti.w', ''])('that leads back, to %j, is not understood', (next) => {
    expect(parsed({ ...page, after: '110.jti.x', next }, { since: 100, after: '110.jti.x' })).toBeUndefined();
  });
  it('that was cut short anywhere is not understood', () => {
    const text = JSON.stringify(page);
    for (let length = 0; length < text.length; length++) expect(parseFeedPage(text.slice(0, length), ISSUER, asked)).toBeUndefined();
  });
});

it('an issuer that knows nothing of pages answers everything, without times', () => {
  const whole = { v: 1, iss: ISSUER, iat: 120, ...lists };
  expect(parsed(whole)).toMatchObject({
    iat: 120,
    next: undefined,
    batches: [{ ...lists, clients: [[feedId('c'), 2]], until: undefined }],
  });
  expect(parsed({ ...whole, iss: 'https://other.example' })).toBeUndefined();
});

it('asks by query', () => {
  expect(feedQuery(asked)).toBe('?since=100');
  expect(feedQuery({ since: 0, after: '110.jti.x' })).toBe('?since=0&after=110.jti.x');
});
