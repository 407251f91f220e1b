import { describe, expect, it } from 'vitest';
import { allowedNetworks } from '../../src/client-authentication/allowed-networks.ts';
import { inRanges } from '../../src/client-authentication/network.ts';

describe('the networks that several limits have in common', () => {
  it.each<[string, (readonly string[] | undefined)[], readonly string[] | undefined]>([
    ['no limit at all', [undefined, [], undefined], undefined],
    ['one limit is that limit', [undefined, ['10.0.0.0/8'], []], ['10.0.0.0/8']],
    ['the narrower of two, whichever comes first', [['10.0.0.0/8'], ['10.1.0.0/16']], ['10.1.0.0/16']],
    ['and the other way round', [['10.1.0.0/16'], ['10.0.0.0/8']], ['10.1.0.0/16']],
    ['nothing in common is nowhere', [['10.0.0.0/8'], ['192.0.2.0/24']], []],
    ['the same once', [['10.0.0.0/8'], ['10.0.0.0/8']], ['10.0.0.0/8']],
    [
      'of each list what lies in the other',
      [
        ['10.0.0.0/8', '192.0.2.7/32'],
        ['10.1.0.0/16', '192.0.2.0/24', '198.51.100.0/24'],
      ],
      ['192.0.2.7/32', '10.1.0.0/16'],
    ],
    ['three limits', [['10.0.0.0/8'], ['10.1.0.0/16', '10.2.0.0/16'], ['10.2.3.0/24']], ['10.2.3.0/24']],
    ['IPv6', [['2001:db8::/32'], ['2001:db8:1::/48', '2001:db9::/48']], ['2001:db8:1::/48']],
    ['IPv4 and IPv6 have nothing in common', [['0.0.0.0/0'], ['::/0']], []],
    ['all of IPv4', [['0.0.0.0/0'], ['203.0.113.5/32']], ['203.0.113.5/32']],
  ])('%s', (_name, limits, expected) => expect(allowedNetworks(limits)).toEqual(expected));

  it('an address is in the common networks exactly when it is in each list', () => {
    const lists = [
      ['10.0.0.0/9', '192.0.2.0/25', '203.0.113.64/26'],
      ['10.64.0.0/10', '192.0.2.96/27', '203.0.113.0/24', '0.0.0.0/32'],
      ['10.0.0.0/8', '192.0.0.0/16', '203.0.113.100/30'],
    ];
    const common = allowedNetworks(lists)!;
    const addresses = ['10.63.255.255', '10.64.0.0', '10.127.255.255', '10.128.0.0', '192.0.2.95', '192.0.2.96', '192.0.2.127'];
    addresses.push('192.0.2.128', '203.0.113.99', '203.0.113.100', '203.0.113.103', '203.0.113.104', '0.0.0.0', '8.8.8.8');
    for (const ip of addresses) expect([ip, inRanges(ip, common)]).toEqual([ip, lists.every((list) => inRanges(ip, list))]);
  });
});
