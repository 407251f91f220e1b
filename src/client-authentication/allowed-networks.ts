/**
 * From which networks a token may be used: where the client, its credential and its session are each limited to some, only where all
 * of them agree.
 */
import { isIPv4 } from 'node:net';
import { inRanges } from './network.ts';

/**
 * @param limits lists of CIDRs; undefined and empty ones limit nothing.
 * @returns the CIDRs that lie in every list; undefined where nothing is limited, empty where the lists have nothing in common.
 */
export function allowedNetworks(limits: readonly (readonly string[] | undefined)[]): readonly string[] | undefined {
  const given = limits.filter((ranges) => ranges !== undefined && ranges.length > 0) as readonly (readonly string[])[];
  const [first, ...others] = given;
  return first === undefined ? undefined : others.reduce(intersection, first);
}

/** CIDRs either contain each other or have nothing in common: what is common to two of them is the narrower one. */
function intersection(left: readonly string[], right: readonly string[]): readonly string[] {
  const common = [
    ...left.filter((range) => right.some((wider) => contains(wider, range))),
    ...right.filter((range) => left.some((wider) => contains(wider, range))),
  ];
  return [...new Set(common)];
}

function contains(wider: string, narrower: string): boolean {
  const [outer, inner] = [partsOf(wider), partsOf(narrower)];
  return outer.isV4 === inner.isV4 && outer.prefix <= inner.prefix && inRanges(inner.address, [wider]);
}

function partsOf(cidr: string): { readonly address: string; readonly prefix: number; readonly isV4: boolean } {
  const [address = '', prefix = ''] = cidr.split('/');
  return { address, prefix: Number(prefix), isV4: isIPv4(address) };
}
