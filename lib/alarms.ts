// What somebody must look at, each with the place in docs/operations.md that says what to do.
import { Duration, Fn, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  MathExpression,
  Metric,
  Stats,
  TreatMissingData,
  type AlarmProps,
  type IMetric,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { FilterPattern, MetricFilter, type LogGroup } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { AuditTrail } from './audit-trail.ts';
import type { AuthFunctions } from './auth-functions.ts';

export interface AlarmsProps {
  readonly functions: AuthFunctions;
  readonly audit: AuditTrail;
  readonly apiId: string;
  readonly tableName: string;
  readonly streamArn: string;
  readonly topic: ITopic | undefined;
}

const FIVE_MINUTES = Duration.minutes(5);

interface Watch {
  readonly metric: IMetric;
  /** One line: what is wrong, as the person woken up needs to hear it. */
  readonly says: string;
  /** Heading in docs/operations.md. */
  readonly runbook: string;
  /** @default 0, so that a single occurrence counts */
  readonly above?: number;
  /** Periods in a row. @default 1 */
  readonly periods?: number;
  /** For signals whose absence is the failure. @default false */
  readonly alarmWhenMissing?: boolean;
}

export class Alarms extends Construct {
  private readonly topic: ITopic | undefined;
  private readonly namespace: string;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.topic = props.topic;
    // With the stack's name, because two stages may share an account and must not raise each other's alarms.
    this.namespace = `M2mAuth/${Stack.of(this).stackName}`;
    this.watchFunctions(props);
    this.watchSigning(props);
    this.watchAudit(props);
    this.watchSessions(props);
    this.watchFeed(props);
    this.watchUpkeep(props);
    this.watchRotation(props);
  }

  private watchFunctions({ functions, apiId }: AlarmsProps): void {
    const all = functions.all.map((each) => each.function);
    this.watch('FunctionErrors', {
      metric: sum(all.map((each) => each.metricErrors({ period: FIVE_MINUTES }))),
      says: 'A function crashed or timed out.',
      runbook: 'function-errors',
    });
    this.watch('Throttles', {
      metric: sum([...functions.all, ...functions.scheduled].map((each) => each.function.metricThrottles({ period: FIVE_MINUTES }))),
      says: 'Lambda refused calls: the concurrency limit of the account or function is reached.',
      runbook: 'throttles',
    });
    this.watch('TokenLatency', {
      metric: functions.byName.token.function.metricDuration({ period: FIVE_MINUTES, statistic: Stats.p(99) }),
      says: 'The slowest hundredth of token requests takes over 2 s.',
      runbook: 'token-latency',
      above: 2000,
      periods: 3,
    });
    this.watch('ServerErrors', {
      metric: new Metric({
        namespace: 'AWS/ApiGateway',
        metricName: '5xx',
        dimensionsMap: { ApiId: apiId },
        statistic: Stats.SUM,
        period: FIVE_MINUTES,
      }),
      says: 'Callers get 5xx: a dependency is down or throttles, or a function refuses its configuration.',
      runbook: 'server-errors',
      above: 5,
    });
  }

  private watchSigning({ functions: { byName } }: AlarmsProps): void {
    const failures = (['token', 'refresh'] as const).map((name) =>
      this.lines(
        `KmsFailures ${name}`,
        byName[name].logGroup,
        FilterPattern.stringValue('$.dependency', '=', 'kms:*'),
        `kms_failure_${name}`,
      ),
    );
    this.watch('KmsFailures', {
      metric: sum(failures),
      says: 'KMS fails or throttles signing: callers get 503 and no tokens.',
      runbook: 'kms-failures',
    });
  }

  private watchAudit({ audit: { pipe, deadLetters }, tableName, streamArn }: AlarmsProps): void {
    const failed = (period: Duration) =>
      new Metric({
        namespace: 'AWS/EventBridge/Pipes',
        metricName: 'ExecutionFailed',
        dimensionsMap: { PipeName: pipe.ref },
        statistic: Stats.SUM,
        period,
      });
    this.watch('PipeFailures', {
      metric: failed(FIVE_MINUTES),
      says: 'The audit pipe cannot deliver; it tries again by itself.',
      runbook: 'pipe-failures',
    });
    // Pipes has no iterator age. It retries the oldest batch until it succeeds, so failing all through an hour means
    // that the oldest event is an hour old.
    this.watch('PipeDelayed', {
      metric: failed(FIVE_MINUTES),
      says: 'The oldest undelivered audit event is over an hour old; the stream keeps 24 h.',
      runbook: 'pipe-delayed',
      periods: 12,
    });
    // A running pipe polls the stream several times a second, also when nothing is written.
    const [, , , streamLabel] = [0, 1, 2, 3].map((part) => Fn.select(part, Fn.split('/', streamArn)));
    this.watch('PipeStopped', {
      metric: new Metric({
        namespace: 'AWS/DynamoDB',
        metricName: 'SuccessfulRequestLatency',
        dimensionsMap: { TableName: tableName, Operation: 'GetRecords', StreamLabel: streamLabel ?? '' },
        statistic: Stats.SAMPLE_COUNT,
        period: FIVE_MINUTES,
      }),
      says: 'Nobody reads the stream of the table: the audit pipe is stopped or has lost its permission.',
      runbook: 'pipe-stopped',
      periods: 3,
      alarmWhenMissing: true,
    });
    this.watch('DeadLetters', {
      metric: deadLetters.metricApproximateNumberOfMessagesVisible({ period: FIVE_MINUTES, statistic: Stats.MAXIMUM }),
      says: 'An audit event was given up. Send it again before the stream forgets it, 24 h after it was written.',
      runbook: 'dead-letters',
    });
  }

  private watchSessions({ audit, functions: { byName } }: AlarmsProps): void {
    this.watch('RefreshTokenReuse', {
      metric: this.lines(
        'Reuse',
        audit.logGroup,
        FilterPattern.stringValue('$.detail.event_type', '=', 'refresh_token_reuse'),
        'refresh_token_reuse',
      ),
      says: 'A refresh token was used again after its successor: it was stolen, or a client keeps old ones. The session is ended.',
      runbook: 'refresh-token-reuse',
    });
    this.watch('ClientUnderAttack', {
      metric: this.lines(
        'Attack',
        audit.logGroup,
        FilterPattern.stringValue('$.detail.event_type', '=', 'client_under_attack'),
        'client_under_attack',
      ),
      says: 'Somebody guesses at the secret of one client from many networks. Nobody is locked out by it.',
      runbook: 'client-under-attack',
    });
    const ahead = (['token', 'refresh'] as const).map((name) =>
      this.lines(
        `Ahead ${name}`,
        byName[name].logGroup,
        FilterPattern.stringValue('$.reason', '=', 'refresh_token_ahead'),
        `refresh_token_ahead_${name}`,
      ),
    );
    this.watch('RefreshTokenAhead', {
      metric: sum(ahead),
      says: 'A refresh token is newer than its session in the table, as after restoring a backup.',
      runbook: 'refresh-token-ahead',
    });
  }

  private watchRotation({ functions: { rotateKeys } }: AlarmsProps): void {
    this.watch('KeyRotationFailures', {
      metric: rotateKeys.function.metricErrors({ period: Duration.hours(1) }),
      says: 'The rotation of signing keys failed three hours in a row: keys sign for longer than planned, and none is ready to step in.',
      runbook: 'key-rotation-failures',
      periods: 3,
    });
    this.watch('KeyRotationStopped', {
      metric: rotateKeys.function.metricInvocations({ period: Duration.hours(1) }),
      says: 'The rotation of signing keys does not run.',
      runbook: 'key-rotation-stopped',
      periods: 3,
      alarmWhenMissing: true,
    });
    this.watch('StandbyKeyMissing', {
      metric: this.lines('Standby', rotateKeys.logGroup, FilterPattern.stringValue('$.reason', '=', 'standby_missing'), 'standby_missing'),
      says: 'An algorithm has no signing key in reserve: an emergency revocation could not switch at once.',
      runbook: 'standby-key-missing',
    });
  }

  private watchUpkeep({ audit, functions: { upkeep } }: AlarmsProps): void {
    this.watch('SuccessorInUse', {
      metric: this.lines(
        'Successor',
        audit.logGroup,
        FilterPattern.stringValue('$.detail.reason', '=', 'successor_in_use'),
        'successor_in_use',
      ),
      says: 'A client asked for the successor of its secret, which somebody else holds and uses: a thief was faster, or the client lost it.',
      runbook: 'successor-in-use',
    });
    this.watch('UpkeepFailures', {
      metric: upkeep.function.metricErrors({ period: FIVE_MINUTES }),
      says: 'Credentials of a client could not be looked after: its secrets are not exchanged, and nobody is warned of ends.',
      runbook: 'upkeep-failures',
    });
    this.watch('UpkeepStopped', {
      metric: upkeep.function.metricInvocations({ period: upkeep.every }),
      says: 'The upkeep of credentials does not run: nothing is exchanged, and nobody is warned of ends.',
      runbook: 'upkeep-stopped',
      periods: 3,
      alarmWhenMissing: true,
    });
  }

  private watchFeed({ functions: { byName } }: AlarmsProps): void {
    this.watch('FeedSize', {
      metric: this.lines(
        'Large feed',
        byName.jwks.logGroup,
        FilterPattern.stringValue('$.message', '=', 'the revocation feed is large'),
        'feed_large',
      ),
      says: 'Over 100,000 revocations are in the feed; beyond 190,000 other readers than our authorizers get none.',
      runbook: 'feed-size',
    });
  }

  private lines(id: string, logGroup: LogGroup, filterPattern: ReturnType<typeof FilterPattern.stringValue>, metricName: string): Metric {
    const filter = new MetricFilter(this, id, { logGroup, filterPattern, metricNamespace: this.namespace, metricName, defaultValue: 0 });
    return filter.metric({ statistic: Stats.SUM, period: FIVE_MINUTES });
  }

  private watch(id: string, { metric, says, runbook, above = 0, periods = 1, alarmWhenMissing = false }: Watch): void {
    const { BREACHING, NOT_BREACHING } = TreatMissingData;
    const alarm = new Alarm(this, id, {
      metric,
      alarmDescription: `${says} Runbook: docs/operations.md#${runbook}`,
      evaluationPeriods: periods,
      ...(alarmWhenMissing
        ? { threshold: 1, comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD, treatMissingData: BREACHING }
        : { threshold: above, comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD, treatMissingData: NOT_BREACHING }),
    } satisfies AlarmProps);
    if (this.topic) alarm.addAlarmAction(new SnsAction(this.topic));
  }
}

function sum(metrics: readonly IMetric[]): MathExpression {
  const usingMetrics = Object.fromEntries(metrics.map((metric, index) => [`m${index}`, metric]));
  return new MathExpression({ expression: 'SUM(METRICS())', usingMetrics, period: FIVE_MINUTES, label: 'sum' });
}
