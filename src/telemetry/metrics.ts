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

export function emitRequestMetric({ endpoint, outcome, reason, latencyMs, nowMs }: RequestMetric): void {
  emit(nowMs, { endpoint, outcome, reason }, [['endpoint', 'outcome'], ['endpoint', 'outcome', 'reason']], [
    { Name: 'requests', Unit: 'Count', value: 1 },
    { Name: 'latency', Unit: 'Milliseconds', value: latencyMs },
  ]);
}

/** Counters that alarms watch; their names are part of the CDK app's contract. */
export type AlarmCounter = 'refresh_token_reuse' | 'refresh_token_ahead' | 'outage' | 'configuration_error' | 'audit_denial_lost' | 'rate_window_skipped';

export function emitCounter(name: AlarmCounter, nowMs: number): void {
  emit(nowMs, {}, [[]], [{ Name: name, Unit: 'Count', value: 1 }]);
}

type Metric = { readonly Name: string; readonly Unit: 'Count' | 'Milliseconds'; readonly value: number };

function emit(nowMs: number, dimensions: Readonly<Record<string, string>>, sets: readonly (readonly string[])[], metrics: readonly Metric[]): void {
  const line = {
    _aws: {
      Timestamp: nowMs,
      CloudWatchMetrics: [{ Namespace: METRIC_NAMESPACE, Dimensions: sets, Metrics: metrics.map(({ Name, Unit }) => ({ Name, Unit })) }],
    },
    ...dimensions,
    ...Object.fromEntries(metrics.map(({ Name, value }) => [Name, value])),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
