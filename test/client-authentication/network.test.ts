import { describe, expect, it } from 'vitest';
import { inRanges, isCidr, networkOf } from '../../src/client-authentication/network.ts';

describe('CIDR notation', () => {
  it.each([
    '192.0.2.0/24',
    '10.0.0.0/8',
    '10.0.0.0/10',
    '0.0.0.0/0',
    '192.0.2.1/32',
    '::/0',
    '2001:db8::/32',
    '2001:db8::/100',
    '2001:db8::1/128',
  ])('takes %s', (text) => {
    expect(isCidr(text)).toBe(true);
  });

  it.each([
    ['an address without a prefix length', '192.0.2.0'],
    ['an empty prefix length', '192.0.2.0/'],
    ['a prefix length beyond IPv4', '192.0.2.0/33'],
    ['a prefix length beyond IPv6', '2001:db8::/129'],
    ['a prefix length with a leading zero', '192.0.2.0/08'],
    ['a prefix length of two zeros', '192.0.2.0/00'],
    ['a negative prefix length', '192.0.2.0/-1'],
    ['a fraction', '192.0.2.0/2.5'],
    ['a prefix length with a sign', '192.0.2.0/+8'],
    ['a prefix length of four digits', '2001:db8::/1000'],
    ['a prefix length that ends in something else', '192.0.2.0/24x'],
    ['a prefix length that begins with something else', '192.0.2.0/x24'],
    ['two prefix lengths', '192.0.2.0/24/24'],
    ['an octet beyond 255', '192.0.2.256/24'],
    ['an octet with a leading zero', '192.0.02.0/24'],
    ['a name', 'example.com/24'],
    ['nothing', ''],
    ['a slash', '/24'],
    ['a zone', 'fe80::1%eth0/64'],
    ['spaces', ' 192.0.2.0/24'],
  ])('refuses %s', (_, text) => {
    expect(isCidr(text)).toBe(false);
  });
});

describe('being in a range', () => {
  it('holds from the first to the last address of an IPv4 range and not beyond', () => {
    const ranges = ['192.0.2.128/25'];
    expect(['192.0.2.127', '192.0.2.128', '192.0.2.255', '192.0.3.0'].map((ip) => inRanges(ip, ranges))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it('holds within an IPv6 range, however the address is spelled, and not beyond', () => {
    const ranges = ['2001:db8:0:1::/64'];
    expect(inRanges('2001:db8:0:1:ffff::', ranges)).toBe(true);
    expect(inRanges('2001:0DB8:0000:0001::7', ranges)).toBe(true);
    expect(inRanges('2001:db8:0:2::', ranges)).toBe(false);
  });

  it('holds when any of several ranges matches, of either family', () => {
    const ranges = ['198.51.100.0/24', '2001:db8::/32', '192.0.2.7/32'];
    expect(inRanges('192.0.2.7', ranges)).toBe(true);
    expect(inRanges('2001:db8::1', ranges)).toBe(true);
    expect(inRanges('192.0.2.8', ranges)).toBe(false);
  });

  it('never holds for what is no address, nor without ranges', () => {
    for (const ip of ['', 'unknown', '192.0.2', '192.0.2.1, 10.0.0.1', 'x%eth0']) expect(inRanges(ip, ['0.0.0.0/0', '::/0'])).toBe(false);
    expect(inRanges('192.0.2.1', [])).toBe(false);
  });

  describe.each(['::ffff:192.0.2.1', '::ffff:c000:201', '::FFFF:C000:0201', '0:0:0:0:0:ffff:c000:0201', '::ffff:c000:201%eth0'])(
    'an IPv4 address written as %s',
    (mapped) => {
      it('is in the ranges that the address is in', () => {
        expect(inRanges(mapped, ['192.0.2.0/24'])).toBe(true);
        expect(inRanges(mapped, ['192.0.2.1/32'])).toBe(true);
        expect(inRanges(mapped, ['192.0.3.0/24'])).toBe(false);
        expect(inRanges(mapped, ['::/0', '::ffff:0:0/95'])).toBe(false);
      });

      it('counts as the network of the address', () => {
        expect(networkOf(mapped)).toBe('192.0.2.1');
      });
    },
  );

  it.each(['::ffff:192.0.2.0/120', '::ffff:c000:200/120', '::FFFF:C000:0200/120', '0:0:0:0:0:ffff:c000:200/120'])(
    'takes the range %s for the range of IPv4 that it is',
    (range) => {
      expect(isCidr(range)).toBe(true);
      expect(['192.0.2.1', '192.0.2.255', '::ffff:c000:201'].map((ip) => inRanges(ip, [range]))).toEqual([true, true, true]);
      expect(['192.0.3.0', '192.0.1.255', '::ffff:c000:301', '::c000:201'].map((ip) => inRanges(ip, [range]))).toEqual([
        false,
        false,
        false,
        false,
      ]);
    },
  );

  it('takes ::ffff:0:0/96 for all of IPv4', () => {
    expect(inRanges('203.0.113.9', ['::ffff:0:0/96'])).toBe(true);
    expect(inRanges('2001:db8::1', ['::ffff:0:0/96'])).toBe(false);
  });

  it('keeps the families apart', () => {
    expect(inRanges('192.0.2.1', ['2000::/3', '::/0'])).toBe(false);
    expect(inRanges('2001:db8::1', ['0.0.0.0/0'])).toBe(false);
  });
});

describe('the network that limits count by', () => {
  it.each([
    ['an IPv4 address as it is', '192.0.2.7', '192.0.2.7'],
    ['the /64 of an IPv6 address', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['the same /64 however it is spelled', '2001:0DB8:0001:0002::F', '2001:db8:1:2::/64'],
    ['zeros that :: stands for in front', '::1', '0:0:0:0::/64'],
    ['zeros that :: stands for within', '2001:db8::1:2:3:4:5', '2001:db8:0:1::/64'],
    ['zeros that :: stands for behind', '2001:db8::', '2001:db8:0:0::/64'],
    ['a :: that stands for a single group', '1:2:3::5:6:7:8', '1:2:3:0::/64'],
    ['no zone', 'fe80::1:2:3:4%eth0', 'fe80:0:0:0::/64'],
    ['an IPv4 address at the end of an IPv6 one', '1:2::3:4:5:192.0.2.1', '1:2:0:3::/64'],
    ['one network for what is no address', 'somewhere', 'unknown'],
    ['one network for nothing', '', 'unknown'],
  ])('is %s', (_, ip, network) => {
    expect(networkOf(ip)).toBe(network);
  });

  it('is the same for all addresses of a /64, another for the next', () => {
    expect(networkOf('2001:db8::1')).toBe(networkOf('2001:db8::ffff:ffff:ffff:ffff'));
    expect(networkOf('2001:db8:0:1::')).not.toBe(networkOf('2001:db8::'));
  });
});
