/**
 * What this environment remembers of callers that name clients which do not exist, so that strangers cannot run up the bill:
 * a network beyond its budget is refused before any storage call, and when many networks do it, the counter write waits until the
 * client is known to exist. Memory alone, bounded, forgotten after a minute; nothing here locks a client.
 */
import { WINDOW_SECONDS } from './rate-window.ts';

const NETWORK_BUDGET = 120;
const BUDGET_OF_ALL = 300;
const NETWORKS_MAX = 2_000;
const KNOWN_CLIENTS_MAX = 10_000;

export type Admission =
  /** Read and count beside each other: the normal way. */
  | { readonly way: 'together' }
  /** Read first and count only if the client exists: strangers are many at the moment. */
  | { readonly way: 'read_first' }
  | { readonly way: 'refused'; readonly retryAfterSeconds: number };

export interface Strangers {
  /** @param nowMs epoch milliseconds. */
  admit(network: string, clientId: string, nowMs: number): Admission;
  /** What the read then showed. */
  learn(network: string, clientId: string, exists: boolean, nowMs: number): void;
}

export function createStrangers(): Strangers {
  const known = new Set<string>();
  const byNetwork = new Map<string, number>();
  let all = 0;
  let minute = 0;

  const startMinute = (nowMs: number): void => {
    const current = Math.floor(nowMs / (WINDOW_SECONDS * 1000));
    if (current === minute) return;
    minute = current;
    all = 0;
    byNetwork.clear();
  };

  return {
    admit(network, clientId, nowMs) {
      startMinute(nowMs);
      if (known.has(clientId)) return { way: 'together' };
      if ((byNetwork.get(network) ?? 0) >= NETWORK_BUDGET)
        return { way: 'refused', retryAfterSeconds: Math.ceil(WINDOW_SECONDS - ((nowMs / 1000) % WINDOW_SECONDS)) };
      return { way: all >= BUDGET_OF_ALL ? 'read_first' : 'together' };
    },
    learn(network, clientId, exists, nowMs) {
      startMinute(nowMs);
      if (exists) {
        if (known.size >= KNOWN_CLIENTS_MAX) known.clear();
        known.add(clientId);
        return;
      }
      known.delete(clientId);
      all += 1;
      if (byNetwork.has(network) || byNetwork.size < NETWORKS_MAX) byNetwork.set(network, (byNetwork.get(network) ?? 0) + 1);
    },
  };
}
