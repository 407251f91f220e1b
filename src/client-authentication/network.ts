// Addresses and ranges of them. node:net parses; nothing here trusts a header.
import { BlockList, isIP, isIPv4 } from 'node:net';

/** Whether the text is an address with a prefix length, `192.0.2.0/24` or `2001:db8::/32`. */
export function isCidr(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  // A zone (`fe80::1%eth0`) means something on its own machine only.
  const family = address.includes('%') ? 0 : isIP(address);
  if (family === 0 || rest.length > 0 || prefix === undefined || !/^(0|[1-9][0-9]{0,2})$/.test(prefix)) return false;
  return Number(prefix) <= (family === 4 ? 32 : 128);
}

/** @param ranges CIDRs that `isCidr` accepted; an address that cannot be parsed is in none of them. */
export function inRanges(ip: string, ranges: readonly string[]): boolean {
  const family = isIP(ip);
  if (family === 0) return false;
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix = ''] = range.split('/');
    list.addSubnet(address, Number(prefix), isIPv4(address) ? 'ipv4' : 'ipv6');
  }
  return list.check(ip, family === 4 ? 'ipv4' : 'ipv6');
}

/**
 * The network that limits count by: an IPv4 address as it is, an IPv6 address by its /64, since one subscriber commonly has
 * that many addresses. Anything else counts as one network.
 */
export function networkOf(ip: string): string {
  if (isIPv4(ip)) return ip;
  if (isIP(ip) !== 6) return 'unknown';
  // An IPv4 address at the end (RFC 4291 section 2.2) stands for two groups, neither of which counts here.
  const [head = '', tail] = (ip.split('%', 1)[0] ?? '').replace(/[0-9]+(?:\.[0-9]+){3}$/, '0:0').split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  const all = [...groups, ...Array<string>(Math.max(0, missing)).fill('0'), ...(tail ? tail.split(':') : [])];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
