import { expect, it } from 'vitest';
import { BLOCKS_REFRESH_SECONDS, createBlockedNetworks, isBlocked, liveBlocks } from '../../src/abuse/blocked-networks.ts';
import { cidrOf } from '../../src/client-authentication/network.ts';

const NOW = 1_795_225_052;
const block = (cidr: string, expires_at = NOW + 60) => ({ cidr, created_at: NOW, expires_at, reason: '', created_by: 'ops' });

it('blocks the addresses of a network, until it ends', () => {
  const blocks = [block('192.0.2.0/24'), block('2001:db8::/32'), block('198.51.100.7/32', NOW)];
  expect(
    ['192.0.2.1', '192.0.3.1', '2001:db8:1::1', '2001:db9::1', '198.51.100.7', 'unknown'].map((ip) => isBlocked(ip, blocks, NOW)),
  ).toEqual([true, false, true, false, false, false]);
  expect(liveBlocks(blocks, NOW + 60)).toEqual([]);
});

it('is due at first and every few seconds; what it has not learned anew it keeps', () => {
  const networks = createBlockedNetworks();
  expect([networks.isDue(NOW * 1000), networks.has('192.0.2.1', NOW * 1000)]).toEqual([true, false]);
  networks.learn([block('192.0.2.0/24')], NOW * 1000);
  const later = (seconds: number) => (NOW + seconds) * 1000;
  expect([networks.isDue(later(4.999)), networks.has('192.0.2.1', later(1)), networks.has('192.0.3.1', later(1))]).toEqual([
    false,
    true,
    false,
  ]);
  expect([networks.isDue(later(BLOCKS_REFRESH_SECONDS)), networks.has('192.0.2.1', later(50))]).toEqual([true, true]);
  networks.learn([], later(50));
  expect(networks.has('192.0.2.1', later(51))).toBe(false);
});

it.each([
  ['192.0.2.7', '192.0.2.7/32'],
  ['192.0.2.0/24', '192.0.2.0/24'],
  ['2001:DB8::1', '2001:db8::1/128'],
  ['10.0.0.0/8', '10.0.0.0/8'],
  ['10.0.0.0/7', undefined],
  ['0.0.0.0/0', undefined],
  ['::ffff:0:0/96', undefined],
  ['::ffff:10.0.0.0/103', undefined],
  ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
  ['::ffff:cb00:7107/120', '203.0.113.0/24'],
  ['203.0.113.7/24', '203.0.113.0/24'],
  ['203.0.113.255/25', '203.0.113.128/25'],
  ['203.0.113.7/9', '203.0.0.0/9'],
  ['2001:0DB8:0:0:0:0:0:0/32', '2001:db8::/32'],
  ['2001:db8:ffff::1/33', '2001:db8:8000::/33'],
  ['2001:db8::192.0.2.1/112', '2001:db8::c000:0/112'],
  ['2001:db8::192.0.2.1', '2001:db8::c000:201/128'],
  ['::1', '::1/128'],
  ['::ffff:10.0.0.1/95', '::fffe:0:0/95'],
  ['::/0', undefined],
  ['2001::/15', undefined],
  ['192.0.2.0/33', undefined],
  ['example.com', undefined],
  ['', undefined],
])('%s as a network is %s', (text, cidr) => {
  expect(cidrOf(text)).toBe(cidr);
});
