/**
 * CloudWatch Embedded Metric Format: metrics as log lines, no call. Dimensions are endpoint, outcome and reason, each of few values;
 * never a client, since every series costs money and a client list is nobody's business in a dashboard.
 */
export const METRIC_NAMESPACE = 'M2mAuth';

export type RequestMetric = {
  readonly endpoint: string;
  /** `success`, `refused` or `outage`. */
  readonly outcome: 'success' | 'refused' | 'outage' | 'defect';
  /** Why it was refused, or which dependency failed; undefined where there is nothing to say. */
  readonly reason: string | undefined;
  readonly latencyMs: number;
  readonly nowMs: number;
};

const requestMetrics = (...dimensions: readonly (readonly string[])[]) => [
  {
    Namespace: METRIC_NAMESPACE,
    Dimensions: dimensions,
    Metrics: [
      { Name: 'requests', Unit: 'Count' },
      { Name: 'latency', Unit: 'Milliseconds' },
    ],
  },
];
const BY_OUTCOME = requestMetrics(['endpoint', 'outcome']);
const BY_REASON = requestMetrics(['endpoint', 'outcome'], ['endpoint', 'outcome', 'reason']);

/** Success has no reason: a dimension for it would be bytes of every request's log and a metric of its own, both of which cost. */
export function emitRequestMetric({ endpoint, outcome, reason, latencyMs, nowMs }: RequestMetric): void {
  const metrics = reason === undefined ? BY_OUTCOME : BY_REASON;
  emit({ _aws: { Timestamp: nowMs, CloudWatchMetrics: metrics }, endpoint, outcome, reason, requests: 1, latency: latencyMs });
}

/** Counters that alarms watch; their names are part of the CDK app's contract. */
export type AlarmCounter =
  | 'refresh_token_reuse'
  | 'refresh_token_ahead'
  | 'outage'
  | 'configuration_error'
  | 'audit_denial_lost'
  | 'rate_window_skipped'
  | 'attack_not_counted';

export function emitCounter(name: AlarmCounter, nowMs: number): void {
  const metrics = [{ Namespace: METRIC_NAMESPACE, Dimensions: [[]], Metrics: [{ Name: name, Unit: 'Count' }] }];
  emit({ _aws: { Timestamp: nowMs, CloudWatchMetrics: metrics }, [name]: 1 });
}

function emit(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
