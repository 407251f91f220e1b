import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { feedId, parseFeed, type FeedDocument } from '../../src/authorizer/feed-document.ts';
import { createRevocationLedger } from '../../src/authorizer/revocation-ledger.ts';
import type { VerifiedToken } from '../../src/authorizer/revocation.ts';
import { ISSUER, testClaims } from '../tokens/test-issuer.ts';

const feed = (iat: number, changes: Partial<FeedDocument> = {}): FeedDocument => ({
  iat,
  jti: [],
  sid: [],
  clients: [],
  kids: [],
  ...changes,
});
const token = (changes = {}): VerifiedToken => ({ claims: testClaims({ sid: 'session-1', ...changes }), kid: 'kid-1' });
const reasonAfter = (...feeds: readonly FeedDocument[]): string | undefined => {
  const ledger = createRevocationLedger();
  for (const [index, document] of feeds.entries()) ledger.merge(document, index * 2000);
  return ledger.faultOf(token())?.reason;
};
const REVOKED = [feedId('token-1')];

describe('ids in the feed', () => {
  it('are the first 128 bits of their SHA-256, base64url', () => {
    const digest = (id: string) => createHash('sha256').update(id).digest().subarray(0, 16).toString('base64url');
    fc.assert(fc.property(fc.string(), (id) => feedId(id) === digest(id)));
  });
});

describe('a feed', () => {
  const good = { v: 1, iss: ISSUER, iat: 100, jti: REVOKED, sid: [feedId('s')], clients: { [feedId('c')]: 2 }, kids: [feedId('k')] };
  it('is read, whatever else it has', () => {
    expect(parseFeed(JSON.stringify({ ...good, more: [1] }), ISSUER)).toEqual({
      iat: 100,
      jti: REVOKED,
      sid: [feedId('s')],
      clients: [[feedId('c'), 2]],
      kids: [feedId('k')],
    });
  });
  it.each([
    ['another version', { v: 2 }],
    ['a version as text', { v: '1' }],
    ['another issuer', { iss: 'https://other.example' }],
    ['no time', { iat: undefined }],
    ['a time as text', { iat: '100' }],
    ['no list', { jti: undefined }],
    ['a list of other things', { sid: [1] }],
    ['ids of another form', { jti: ['token-1'] }],
    ['longer ids', { kids: [`${feedId('k')}A`] }],
    ['clients as a list', { clients: [] }],
    ['no clients', { clients: null }],
    ['an epoch as text', { clients: { [feedId('c')]: '2' } }],
    ['a client named in another form', { clients: { c: 2 } }],
  ])('of %s is not understood', (_, changes) => {
    expect(parseFeed(JSON.stringify({ ...good, ...changes }), ISSUER)).toBeUndefined();
  });
  it('that was cut short anywhere is not understood', () => {
    const text = JSON.stringify(good);
    for (let length = 0; length < text.length; length++) expect(parseFeed(text.slice(0, length), ISSUER)).toBeUndefined();
  });
});

describe('what the feeds have revoked', () => {
  it.each([
    ['a token', { jti: REVOKED }, 'token_revoked'],
    ['a session', { sid: [feedId('session-1')] }, 'session_ended'],
    ['a client', { clients: [[feedId('client-1'), 4]] as const }, 'epoch_raised'],
    ['a key', { kids: [feedId('kid-1')] }, 'key_distrusted'],
    ['a client, before this token', { clients: [[feedId('client-1'), 3]] as const }, undefined],
    [
      'others',
      { jti: [feedId('token-2')], sid: [feedId('session-2')], clients: [[feedId('client-2'), 9]] as const, kids: [feedId('kid-2')] },
      undefined,
    ],
  ])('%s: %j', (_, changes, reason) => {
    expect(reasonAfter(feed(100, changes))).toBe(reason);
  });
  it('does not take a jti for a sid or a client', () => {
    expect(reasonAfter(feed(100, { jti: [feedId('session-1'), feedId('client-1')], sid: [feedId('token-1')] }))).toBeUndefined();
  });
  it('stays revoked when an older feed without it comes late', () => {
    expect(reasonAfter(feed(100, { jti: REVOKED }), feed(99))).toBe('token_revoked');
  });
  it('stays revoked when a newer feed, of an index that lags, lacks it', () => {
    expect(reasonAfter(feed(100, { jti: REVOKED }), feed(102), feed(160), feed(400))).toBe('token_revoked');
  });
  it('is added from an older feed too', () => {
    expect(reasonAfter(feed(100), feed(99, { jti: REVOKED }))).toBe('token_revoked');
  });
  it('keeps the highest epoch that it saw', () => {
    expect(reasonAfter(feed(100, { clients: [[feedId('client-1'), 5]] }), feed(101, { clients: [[feedId('client-1'), 2]] }))).toBe(
      'epoch_raised',
    );
  });
  it('is forgotten when feeds have long been without it', () => {
    const ledger = createRevocationLedger();
    ledger.merge(feed(1000, { jti: REVOKED, sid: [feedId('s')], clients: [[feedId('c'), 1]], kids: [feedId('k')] }), 1_000_000);
    ledger.merge(feed(1299), 1_299_000);
    expect(ledger.size).toBe(4);
    ledger.merge(feed(1400), 1_400_000);
    expect(ledger.size).toBe(0);
  });
  it('never comes back to life, in whatever order and from whatever environments feeds come', () => {
    const times = fc.array(fc.tuple(fc.nat(2 ** 31), fc.boolean()), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(times, (arrivals) => {
        const ledger = createRevocationLedger();
        let seen = false;
        let nowMs = 1_800_000_000_000;
        for (const [iat, has] of arrivals) {
          ledger.merge(feed(iat, has ? { jti: REVOKED } : {}), (nowMs += 2000));
          seen ||= has;
          expect(ledger.faultOf(token()) !== undefined).toBe(seen);
        }
      }),
    );
  });
});
