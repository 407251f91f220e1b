/**
 * How changes of state reach auditors without being lost: an item carries its event in the same write, the table's stream
 * carries it to a pipe, the pipe to a bus, the bus to a retained log group (and to whoever adds a rule). docs/audit.md.
 */
import { ArnFormat, Aws, Duration, Fn, Names, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { CfnRule, EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import { CfnResourcePolicy, LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { CfnPipe } from 'aws-cdk-lib/aws-pipes';
import { Construct } from 'constructs';
import { AUDIT_SOURCE, auditPipe } from './audit-pipe.ts';

export interface AuditTrailProps {
  /** ARN of the table's stream. */
  readonly streamArn: string;
  readonly retention: RetentionDays;
  /** @default no archive */
  readonly archive?: Duration;
}

export class AuditTrail extends Construct {
  readonly bus: EventBus;
  readonly pipe: CfnPipe;
  readonly deadLetters: Queue;
  /** Every event, one a line, with the event's fields below `detail`. */
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, { streamArn, retention, archive }: AuditTrailProps) {
    super(scope, id);
    this.bus = new EventBus(this, 'Bus', { description: 'm2m-auth: audit events' });
    this.deadLetters = this.deadLetterQueue();
    this.pipe = auditPipe(this, { streamArn, bus: this.bus, deadLetters: this.deadLetters });
    this.logGroup = this.retainedLog(retention);
    if (archive) this.bus.archive('Archive', { eventPattern: { source: [AUDIT_SOURCE] }, retention: archive });
  }

  /** Tells `topic` of each session that was ended because somebody used a refresh token that had been used before. */
  notifyOfReuse(topic: ITopic): void {
    const eventPattern = { source: [AUDIT_SOURCE], detailType: ['refresh_token_reuse'] };
    new Rule(this, 'Reuse', { eventBus: this.bus, eventPattern, targets: [new SnsTopic(topic)] });
  }

  /** Holds where in the stream the batches lie that could not be delivered; the records themselves stay in the stream for 24 h. */
  private deadLetterQueue(): Queue {
    const queue = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      removalPolicy: RemovalPolicy.RETAIN,
    });
    Validations.of(queue).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'This queue is itself the dead-letter queue of the audit pipe; its first message raises an alarm.',
    });
    return queue;
  }

  /**
   * In plain resources: the CDK's own log group target would bring a custom resource with a Lambda of its own. EventBridge
   * writes only to log groups below /aws/events/.
   */
  private retainedLog(retention: RetentionDays): LogGroup {
    // The log outlives the stack, so its name must be free when the stack is made again: with the id of this very stack.
    const stackUuid = Fn.select(2, Fn.split('/', Aws.STACK_ID));
    const logGroup = new LogGroup(this, 'Log', {
      logGroupName: `/aws/events/${Names.uniqueResourceName(this, { maxLength: 200, separator: '-' })}/${stackUuid}`,
      retention,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const rule = new CfnRule(this, 'ToLog', {
      description: 'm2m-auth: keeps every audit event',
      eventBusName: this.bus.eventBusName,
      eventPattern: { source: [AUDIT_SOURCE] },
      targets: [{ id: 'Log', arn: Stack.of(this).formatArn(logGroupArn(logGroup.logGroupName)) }],
    });
    new CfnResourcePolicy(this, 'LogPolicy', {
      policyName: Names.uniqueResourceName(this, { maxLength: 200, separator: '-' }),
      policyDocument: Stack.of(this).toJsonString({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: ['events.amazonaws.com', 'delivery.logs.amazonaws.com'] },
            Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
            Resource: logGroup.logGroupArn,
            Condition: { ArnEquals: { 'aws:SourceArn': rule.attrArn } },
          },
        ],
      }),
    });
    return logGroup;
  }
}

const logGroupArn = (name: string) => ({
  service: 'logs',
  resource: 'log-group',
  resourceName: name,
  arnFormat: ArnFormat.COLON_RESOURCE_NAME,
});
