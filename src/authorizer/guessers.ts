/**
 * Networks that send one refused API key after another: beyond a number in a minute they are not asked about, so that nobody guesses
 * through the authorizer at the issuer's expense, or brings the issuer to refuse the authorizer itself. Memory alone, bounded.
 */
const REFUSED_KEYS_A_MINUTE = 20;
const NETWORKS_MAX = 2_000;
const MINUTE_MS = 60_000;

export type Guessers = {
  /** @param network undefined where the gateway does not tell the caller's address: nobody can be told apart then. */
  isBarred(network: string | undefined, nowMs: number): boolean;
  /** A key from there was asked about and refused. */
  learn(network: string | undefined, nowMs: number): void;
};

export function createGuessers(): Guessers {
  const refused = new Map<string, number>();
  let minute = 0;
  const startMinute = (nowMs: number): void => {
    const current = Math.floor(nowMs / MINUTE_MS);
    if (current === minute) return;
    minute = current;
    refused.clear();
  };
  return {
    isBarred(network, nowMs) {
      startMinute(nowMs);
      return network !== undefined && (refused.get(network) ?? 0) >= REFUSED_KEYS_A_MINUTE;
    },
    learn(network, nowMs) {
      startMinute(nowMs);
      if (network !== undefined && (refused.has(network) || refused.size < NETWORKS_MAX))
        refused.set(network, (refused.get(network) ?? 0) + 1);
    },
  };
}
