import { describe, expect, it } from 'vitest';
import { callerAddress, checkedProxies } from '../../src/verify/caller-address.ts';

const CALLER = '198.51.100.7';
const CDN = '203.0.113.1';
const PEER = '10.0.0.5';

describe('the address of a caller behind proxies', () => {
  it('is unknown unless it is said how many there are', () => {
    expect(callerAddress([CALLER], PEER, {})).toBeUndefined();
  });
  it.each([
    ['nobody stands between', [], 0, PEER],
    ['one proxy appended it', [CALLER], 1, CALLER],
    ['two proxies, the outer saw it', [`${CALLER}, ${CDN}`], 2, CALLER],
    ['several headers of one name', [CALLER, CDN], 2, CALLER],
  ] as const)('is counted from the right: %s', (_, forwardedFor, proxies, address) => {
    expect(callerAddress(forwardedFor, PEER, { proxies })).toBe(address);
  });
  it('is never what the caller wrote: whatever comes first', () => {
    expect(callerAddress([`10.9.9.9, ${CALLER}`], PEER, { proxies: 1 })).toBe(CALLER);
    expect(callerAddress(['10.9.9.9'], PEER, { proxies: 0 })).toBe(PEER);
  });
  it.each([
    ['fewer proxies than there should be', [CALLER], 2],
    ['no header at all', [], 1],
    ['no address', ['unknown'], 1],
    ['an empty entry', [`${CALLER},`], 1],
    ['an address with a port', [`${CALLER}:4711`], 1],
  ] as const)('is unknown with %s', (_, forwardedFor, proxies) => {
    expect(callerAddress(forwardedFor, undefined, { proxies })).toBeUndefined();
  });
  it('is written as IPv4 where it is one', () => {
    expect(callerAddress([`::ffff:${CALLER}`], PEER, { proxies: 1 })).toBe(CALLER);
    expect(callerAddress([], `::ffff:${PEER}`, { proxies: 0 })).toBe(PEER);
  });
  it.each([-1, 1.5, 11, Number.NaN, '1', true, null])('%s is no number of proxies', (proxies: any) => {
    expect(() => checkedProxies({ proxies })).toThrow('proxies must be a whole number from 0 to 10');
  });
});
