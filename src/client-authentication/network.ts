// Addresses and ranges of them. node:net parses; nothing here trusts a header.
import { BlockList, isIP, isIPv4, SocketAddress } from 'node:net';

/** Whether the text is an address with a prefix length, `192.0.2.0/24` or `2001:db8::/32`. */
export function isCidr(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  // A zone (`fe80::1%eth0`) means something on its own machine only.
  const family = address.includes('%') ? 0 : isIP(address);
  if (family === 0 || rest.length > 0 || prefix === undefined || !/^(0|[1-9][0-9]{0,2})$/.test(prefix)) return false;
  return Number(prefix) <= (family === 4 ? 32 : 128);
}

/** So much of the internet at most is one network to an operator; a wider one is a slip. */
const SHORTEST_PREFIX = { 4: 8, 6: 16 } as const;

/**
 * An address or a network as the one CIDR that stands for it: without host bits, IPv6 as RFC 5952 writes it, mapped IPv4 as IPv4.
 * Undefined for anything else, and for what is wider than /8 (IPv6: /16).
 */
export function cidrOf(text: string): string | undefined {
  const cidr = (text.includes('/') ? text : `${text}/${isIPv4(text) ? 32 : 128}`).toLowerCase();
  if (!isCidr(cidr)) return undefined;
  // `::ffff:0:0/96` is all of IPv4.
  const { base, bits } = unmappedRange(cidr);
  return bits < SHORTEST_PREFIX[isIPv4(base) ? 4 : 6] ? undefined : `${firstAddress(base, bits)}/${bits}`;
}

/** The address with nothing but zeros behind the prefix. */
function firstAddress(base: string, bits: number): string {
  const width = isIPv4(base) ? 8 : 16;
  const parts = isIPv4(base) ? base.split('.').map(Number) : groupsOf(base);
  const kept = parts.map((part, index) => {
    const size = 2 ** Math.min(width, Math.max(0, (index + 1) * width - bits));
    return part - (part % size);
  });
  if (isIPv4(base)) return kept.join('.');
  return new SocketAddress({ address: kept.map((part) => part.toString(16)).join(':'), family: 'ipv6' }).address;
}

/** @param ranges CIDRs that `isCidr` accepted; an address that cannot be parsed is in none of them. */
export function inRanges(ip: string, ranges: readonly string[]): boolean {
  if (isIP(ip) === 0) return false;
  const caller = unmapped(ip);
  const list = new BlockList();
  for (const range of ranges) {
    const { base, bits } = unmappedRange(range);
    if (familyOf(base) === familyOf(caller)) list.addSubnet(base, bits, familyOf(base));
  }
  return list.check(caller, familyOf(caller));
}

/** `::ffff:0:0/96`, the IPv4 addresses as IPv6 ones (RFC 4291 section 2.5.5.2). */
const MAPPED_PREFIX = 96;

/** The IPv4 address that an IPv4-mapped IPv6 address stands for, in whatever form it is written; any other address as it is. */
function unmapped(ip: string): string {
  if (isIPv4(ip)) return ip;
  const [address = ''] = ip.split('%', 1);
  // Written canonically it ends in dotted numbers (RFC 5952 section 5).
  return /^::ffff:([0-9.]+)$/.exec(new SocketAddress({ address, family: 'ipv6' }).address)?.[1] ?? ip;
}

/** A range within the mapped addresses is one of IPv4; a wider one is one of IPv6, and no IPv4 address is in it. */
function unmappedRange(range: string): { readonly base: string; readonly bits: number } {
  const [address = '', prefix = ''] = range.split('/');
  const [base, bits] = [unmapped(address), Number(prefix)];
  const isMapped = base !== address && bits >= MAPPED_PREFIX;
  return isMapped ? { base, bits: bits - MAPPED_PREFIX } : { base: address, bits };
}

const familyOf = (ip: string): 'ipv4' | 'ipv6' => (isIPv4(ip) ? 'ipv4' : 'ipv6');

/**
 * The network that limits count by: an IPv4 address as it is, an IPv6 address by its /64, since one subscriber commonly has
 * that many addresses. Anything else counts as one network.
 */
export function networkOf(ip: string): string {
  if (isIP(ip) === 0) return 'unknown';
  const address = unmapped(ip);
  if (isIPv4(address)) return address;
  const [first, second, third, fourth] = groupsOf(ip).map((group) => group.toString(16));
  return `${first}:${second}:${third}:${fourth}::/64`;
}

/** The eight groups of an IPv6 address. An IPv4 address at the end (RFC 4291 section 2.2) stands for two. */
function groupsOf(ip: string): readonly number[] {
  const [address = ''] = ip.split('%', 1);
  const [head = '', tail] = address.replace(/[0-9]+(?:\.[0-9]+){3}$/, asGroups).split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  const all = [...groups, ...Array<string>(Math.max(0, missing)).fill('0'), ...(tail ? tail.split(':') : [])];
  return all.map((group) => Number.parseInt(group, 16));
}

function asGroups(ipv4: string): string {
  const [first = 0, second = 0, third = 0, fourth = 0] = ipv4.split('.').map(Number);
  return `${(first * 256 + second).toString(16)}:${(third * 256 + fourth).toString(16)}`;
}
