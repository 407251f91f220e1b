// What a caller is told of its limits: RateLimit and RateLimit-Policy header fields (draft-ietf-httpapi-ratelimit-headers).

export type Allowance = {
  /** The name of the limit: an endpoint, or the window of a quota. */
  readonly policy: string;
  /** Calls in a window. */
  readonly quota: number;
  readonly windowSeconds: number;
  /** Whole calls left now. */
  readonly remaining: number;
  /** Seconds after which there are more. */
  readonly resetSeconds: number;
};

/** Every policy, and of what is left the tightest: the fewest calls, and of those that are as few the ones that take longest. */
export function allowanceHeaders(allowances: readonly Allowance[]): Readonly<Record<string, string>> {
  const [tightest] = allowances.toSorted((one, other) => one.remaining - other.remaining || other.resetSeconds - one.resetSeconds);
  if (tightest === undefined) return {};
  return {
    'ratelimit-policy': allowances.map(({ policy, quota, windowSeconds }) => `"${policy}";q=${quota};w=${windowSeconds}`).join(', '),
    ratelimit: `"${tightest.policy}";r=${tightest.remaining};t=${tightest.resetSeconds}`,
  };
}
