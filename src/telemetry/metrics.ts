/**
 * CloudWatch Embedded Metric Format: metrics as log lines, no call. Dimensions are endpoint, outcome and reason, each of few values;
 * never a client, since every series costs money and a client list is nobody's business in a dashboard.
 */
export const METRIC_NAMESPACE = 'M2mAuth';

export type RequestMetric = {
  readonly endpoint: string;
  /** `success`, `refused` or `outage`. */
  readonly outcome: 'success' | 'refused' | 'outage' | 'defect';
  /** A refusal's reason, or `-`. */
  readonly reason: string;
  readonly latencyMs: number;
  readonly nowMs: number;
};

const REQUEST_METRICS = [
  {
    Namespace: METRIC_NAMESPACE,
    Dimensions: [
      ['endpoint', 'outcome'],
      ['endpoint', 'outcome', 'reason'],
    ],
    Metrics: [
      { Name: 'requests', Unit: 'Count' },
      { Name: 'latency', Unit: 'Milliseconds' },
    ],
  },
];

export function emitRequestMetric({ endpoint, outcome, reason, latencyMs, nowMs }: RequestMetric): void {
  emit({ _aws: { Timestamp: nowMs, CloudWatchMetrics: REQUEST_METRICS }, endpoint, outcome, reason, requests: 1, latency: latencyMs });
}

/** Counters that alarms watch; their names are part of the CDK app's contract. */
export type AlarmCounter =
  'refresh_token_reuse' | 'refresh_token_ahead' | 'outage' | 'configuration_error' | 'audit_denial_lost' | 'rate_window_skipped';

export function emitCounter(name: AlarmCounter, nowMs: number): void {
  const metrics = [{ Namespace: METRIC_NAMESPACE, Dimensions: [[]], Metrics: [{ Name: name, Unit: 'Count' }] }];
  emit({ _aws: { Timestamp: nowMs, CloudWatchMetrics: metrics }, [name]: 1 });
}

function emit(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
