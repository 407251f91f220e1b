import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { feedId, parseFeed } from '../../src/authorizer/feed-document.ts';
import type { FeedBatch } from '../../src/authorizer/feed-page.ts';
import { createRevocationLedger } from '../../src/authorizer/revocation-ledger.ts';
import type { VerifiedToken } from '../../src/authorizer/revocation.ts';
import { ISSUER, testClaims } from '../tokens/test-issuer.ts';

const batch = (changes: Partial<FeedBatch> = {}): FeedBatch => ({ until: 5000, jti: [], sid: [], clients: [], kids: [], ...changes });
const token = (changes = {}): VerifiedToken => ({ claims: testClaims({ sid: 'session-1', ...changes }), kid: 'kid-1' });
const reasonAfter = (...batches: readonly FeedBatch[]): string | undefined => {
  const ledger = createRevocationLedger();
  for (const [index, each] of batches.entries()) ledger.add(each, index * 2000);
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
      certs: [],
    });
    expect(parseFeed(JSON.stringify({ ...good, certs: [feedId('x')] }), ISSUER)?.certs).toEqual([feedId('x')]);
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
    ['certificates of another form', { certs: ['x'] }],
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

describe('what the feeds have denied', () => {
  it('is a certificate by either of its names, until its end', () => {
    const ledger = createRevocationLedger();
    expect(ledger.denies(['x', 'y'])).toBe(false);
    ledger.add(batch({ certs: [feedId('y')] }), 0);
    expect([ledger.denies(['x', 'y']), ledger.denies(['x']), ledger.size]).toEqual([true, false, 1]);
    ledger.add(batch(), 5_001_000);
    expect(ledger.denies(['x', 'y'])).toBe(false);
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
    expect(reasonAfter(batch(changes))).toBe(reason);
  });
  it('does not take a jti for a sid or a client', () => {
    expect(reasonAfter(batch({ jti: [feedId('session-1'), feedId('client-1')], sid: [feedId('token-1')] }))).toBeUndefined();
  });
  it('stays revoked when later answers, of an index that lags, lack it', () => {
    expect(reasonAfter(batch({ jti: REVOKED }), batch(), batch())).toBe('token_revoked');
  });
  it('keeps the highest epoch that it saw', () => {
    expect(reasonAfter(batch({ clients: [[feedId('client-1'), 5]] }), batch({ clients: [[feedId('client-1'), 2]] }))).toBe('epoch_raised');
  });
  it.each([
    ['until it matters no more', 5000, 5_000_000],
    ['for the longest that anything matters where no time is told', undefined, 7_300_000],
  ])('is kept %s', (_, until, endMs) => {
    const ledger = createRevocationLedger();
    const all = { jti: REVOKED, sid: [feedId('s')], clients: [[feedId('c'), 1]] as const, kids: [feedId('k')] };
    ledger.add(batch({ ...all, until }), 100_000);
    ledger.add(batch(), endMs);
    expect(ledger.size).toBe(4);
    ledger.add(batch(), endMs + 61_000);
    expect(ledger.size).toBe(0);
  });
  it('is kept until the latest time that any answer told', () => {
    const ledger = createRevocationLedger();
    for (const until of [5000, 6000, 4000]) ledger.add(batch({ jti: REVOKED, clients: [[feedId('c'), 1]], until }), 100_000);
    ledger.add(batch(), 5_999_000);
    expect(ledger.size).toBe(2);
  });
  it('never comes back to life before its time, in whatever order and from whatever environments answers come', () => {
    const answers = fc.array(fc.tuple(fc.integer({ min: 0, max: 3000 }), fc.boolean()), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(answers, (arrivals) => {
        const ledger = createRevocationLedger();
        let seen = false;
        let nowMs = 0;
        for (const [waitMs, has] of arrivals) {
          ledger.add(batch(has ? { jti: REVOKED } : {}), (nowMs += waitMs));
          seen ||= has;
          expect(ledger.faultOf(token()) !== undefined).toBe(seen);
        }
      }),
    );
  });
});
