/**
 * The caller's address behind proxies. `X-Forwarded-For` says what its sender likes, but for what proxies of one's own append at its
 * end: so it is counted from the right, by a number that only the operator knows (SECURITY 111).
 */
import { isIP } from 'node:net';
import { normalIp } from '../http/lambda-event.ts';
import { ConfigurationError } from '../environment.ts';

/** How the caller's address is known. */
export type AddressOptions = {
  /**
   * How many proxies of your own stand before this code, each of which appends the address that it sees: 1 for a load balancer alone,
   * 2 for a CDN before it; 0 where callers connect to this process itself.
   * @default none is known, and tokens that are limited to networks are refused
   */
  readonly proxies?: number | undefined;
};

const PROXIES_MAX = 10;

/** Throws where `proxies` is no number of proxies: a slip must not be found by the first attacker. */
export function checkedProxies({ proxies }: AddressOptions): number | undefined {
  if (proxies === undefined || (Number.isInteger(proxies) && proxies >= 0 && proxies <= PROXIES_MAX)) return proxies;
  throw new ConfigurationError('proxies', `must be a whole number from 0 to ${PROXIES_MAX}`);
}

/**
 * @param forwardedFor all values of `X-Forwarded-For`, in order.
 * @param peer who connected to this process; undefined where it is not told.
 * @returns undefined where it is not known, also for a request that came by fewer proxies.
 */
export function callerAddress(forwardedFor: readonly string[], peer: string | undefined, options: AddressOptions): string | undefined {
  const proxies = checkedProxies(options);
  if (proxies === undefined) return undefined;
  const hops = [...forwardedFor.flatMap((value) => value.split(',')), peer ?? ''];
  const address = normalIp((hops[hops.length - 1 - proxies] ?? '').trim());
  return isIP(address) === 0 ? undefined : address;
}
