/**
 * When a secret was last used, at a bounded write rate: which secrets this environment has reported within the last 5 minutes.
 * The write itself is conditional, so that environments beside each other do not all make it.
 */
export const USE_INTERVAL_SECONDS = 5 * 60;
const ENTRIES_MAX = 10_000;

export type SecretUse = {
  /** Epoch seconds. */
  readonly last_used_at: number;
  readonly ip: string;
  readonly user_agent: string;
};

export interface ReportedUses {
  /** Whether a use of this secret is to be written now; answering yes spends the next 5 minutes. */
  isDue(clientId: string, secretId: string, now: number): boolean;
}

export function createReportedUses(): ReportedUses {
  const reportedAt = new Map<string, number>();
  return {
    isDue(clientId, secretId, now) {
      const secret = `${clientId}#${secretId}`;
      const last = reportedAt.get(secret);
      if (last !== undefined && now - last < USE_INTERVAL_SECONDS) return false;
      if (reportedAt.size >= ENTRIES_MAX) reportedAt.clear(); // forgetting only costs a write whose condition fails
      reportedAt.set(secret, now);
      return true;
    },
  };
}
