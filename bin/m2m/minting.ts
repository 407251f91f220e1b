// How many tokens clients got, and how many they would have needed: from the audit trail alone. Pure.
import type { AuditEvent } from '../../src/audit/event.ts';

/** US dollars a million plain tokens in mode `kms` with RS256, and of it what KMS takes for the signature (`npm run bench -- cost`). */
const TOKEN_DOLLARS = 6 / 1e6;
const SIGNATURE_DOLLARS = 3 / 1e6;
const MONTH_SECONDS = 30 * 86_400;

export type Minting = {
  readonly client_id: string;
  /** Handed out, those that were handed out again (`reuse_tokens`) included. */
  readonly tokens: number;
  readonly reused: number;
  /** Distinct addresses with distinct user agents: about as many processes that should each keep their token. */
  readonly callers: number;
  /** What so many callers need when each keeps its token for half of its life. */
  readonly needed: number;
  /** US dollars for a month as this time: of everything, of what is more than needed, and of the signatures that `reuse_tokens` would save. */
  readonly month: number;
  readonly month_beyond_need: number;
  readonly month_saved_by_reuse: number;
};

/**
 * @param events in any order. @param lifetimeSeconds of the tokens. @param periodSeconds how long it took, for the month.
 * The trail knows neither scope nor audience: a client that asks for several needs more than is said.
 */
export function mintings(events: readonly AuditEvent[], lifetimeSeconds: number, periodSeconds: number): readonly Minting[] {
  const issued = events.filter(({ event_type: type }) => type === 'login_success').toSorted((a, b) => (a.timestamp < b.timestamp ? -1 : 1));
  const byClient = Map.groupBy(issued, ({ client_id: client }) => client);
  const ofMonth = (dollars: number): number => Number(((dollars * MONTH_SECONDS) / periodSeconds).toFixed(4));
  const all = [...byClient].map(([client_id, given]): Minting => {
    const byCaller = Map.groupBy(given, ({ ip, user_agent: agent, amr }) => JSON.stringify([ip, agent, amr]));
    const needed = [...byCaller.values()].reduce((sum, ofOne) => sum + neededOf(ofOne, lifetimeSeconds), 0);
    const minted = given.filter(({ reason }) => reason !== 'reused');
    const byCredential = Map.groupBy(minted, ({ amr }) => amr);
    const shared = [...byCredential.values()].reduce((sum, ofOne) => sum + neededOf(ofOne, lifetimeSeconds), 0);
    const spent = given.length * TOKEN_DOLLARS - (given.length - minted.length) * SIGNATURE_DOLLARS;
    return {
      client_id,
      tokens: given.length,
      reused: given.length - minted.length,
      callers: byCaller.size,
      needed,
      month: ofMonth(spent),
      month_beyond_need: ofMonth(Math.max(0, spent - needed * TOKEN_DOLLARS)),
      month_saved_by_reuse: ofMonth((minted.length - shared) * SIGNATURE_DOLLARS),
    };
  });
  return all.toSorted((one, other) => other.tokens - other.needed - (one.tokens - one.needed));
}

/** A token serves for the first half of its life; the first one that comes later is needed. */
function neededOf(given: readonly AuditEvent[], lifetimeSeconds: number): number {
  let [needed, servesUntil] = [0, Number.NEGATIVE_INFINITY];
  for (const { timestamp } of given) {
    const at = Date.parse(timestamp);
    if (at <= servesUntil) continue;
    needed += 1;
    servesUntil = at + (lifetimeSeconds * 1000) / 2;
  }
  return needed;
}

/** Far more than needed, and enough to be worth a look. */
export const isOverminting = ({ tokens, needed }: Minting): boolean => tokens >= 10 && tokens >= 2 * needed;
