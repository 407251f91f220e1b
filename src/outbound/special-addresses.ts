/**
 * Which addresses are the public internet's. What a stranger's host name leads to must be one of them: this machine, its network, the
 * instance metadata services and every other special purpose lie elsewhere (IANA special-purpose registries, RFC 6890).
 */
import { BlockList, isIP, isIPv4 } from 'node:net';

const SPECIAL_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16', // link-local, and with it 169.254.169.254 and 169.254.170.2
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** The only part of IPv6 that is given out to the public (RFC 4291 section 2.4); what is special within it follows. */
const GLOBAL_V6 = '2000::/3';
const SPECIAL_V6 = [
  '2001::/23', // Teredo, which carries an IPv4 address, and other protocols
  '2001:db8::/32',
  '2002::/16', // 6to4, which carries an IPv4 address
  '2620:4f:8000::/48',
  '3fff::/20',
];

const listOf = (ranges: readonly string[]): BlockList => {
  const list = new BlockList();
  for (const range of ranges) {
    const [base = '', bits] = range.split('/');
    list.addSubnet(base, Number(bits), isIPv4(base) ? 'ipv4' : 'ipv6');
  }
  return list;
};
const special = { ipv4: listOf(SPECIAL_V4), ipv6: listOf(SPECIAL_V6) };
const global = listOf([GLOBAL_V6]);
const loopback = listOf(['127.0.0.0/8', '::1/128']);

/** False for what is no address, and for IPv4 addresses in the clothes of IPv6 (mapped, compatible, NAT64): none of them is in 2000::/3. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0 || address.includes('%')) return false;
  return isIPv4(address) ? !special.ipv4.check(address, 'ipv4') : global.check(address, 'ipv6') && !special.ipv6.check(address, 'ipv6');
}

export const isLoopbackAddress = (address: string): boolean =>
  isIP(address) !== 0 && !address.includes('%') && loopback.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
