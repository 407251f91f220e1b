/**
 * Networks that an operator has shut out, as this environment knows them. The list is one item of the table, read in the same call as
 * whatever a request reads, by the first request after a few seconds: no call and no wait of its own. A list that cannot be read
 * changes nothing.
 */
import { inRanges } from '../client-authentication/network.ts';

/** A block or its removal holds everywhere after so long. */
export const BLOCKS_REFRESH_SECONDS = 5;
export const BLOCKS_MAX = 200;
/** Of addresses; a list that cannot be read for long would else let them heap up. */
const VERDICTS_MAX = 10_000;

export type Block = {
  readonly cidr: string;
  /** Epoch seconds. */
  readonly created_at: number;
  readonly expires_at: number;
  /** In the operator's words; may be empty. */
  readonly reason: string;
  /** Client id or ARN of who did it. */
  readonly created_by: string;
};

export const liveBlocks = (blocks: readonly Block[], now: number): readonly Block[] => blocks.filter(({ expires_at }) => expires_at > now);

/** Whether an address lies in one of the blocks that have not ended. @param now epoch seconds. */
export const isBlocked = (ip: string, blocks: readonly Block[], now: number): boolean =>
  blocks.length > 0 &&
  inRanges(
    ip,
    liveBlocks(blocks, now).map(({ cidr }) => cidr),
  );

export interface BlockedNetworks {
  /** Whether the list is to be read again with this request. */
  isDue(nowMs: number): boolean;
  learn(blocks: readonly Block[], nowMs: number): void;
  has(ip: string, nowMs: number): boolean;
}

export function createBlockedNetworks(): BlockedNetworks {
  let blocks: readonly Block[] = [];
  let learnedAtMs = Number.NEGATIVE_INFINITY;
  const verdicts = new Map<string, boolean>();
  return {
    isDue: (nowMs) => nowMs - learnedAtMs >= BLOCKS_REFRESH_SECONDS * 1000,
    learn(found, nowMs) {
      blocks = found;
      learnedAtMs = nowMs;
      verdicts.clear(); // and with it whatever has ended since
    },
    has(ip, nowMs) {
      if (blocks.length === 0) return false;
      const known = verdicts.get(ip);
      if (known !== undefined) return known;
      const verdict = isBlocked(ip, blocks, Math.floor(nowMs / 1000));
      if (verdicts.size >= VERDICTS_MAX) verdicts.clear(); // forgetting only costs a look at the list
      verdicts.set(ip, verdict);
      return verdict;
    },
  };
}
