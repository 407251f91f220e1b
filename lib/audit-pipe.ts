// The pipe from the table's stream to the audit bus: which records it takes, and which members of them it copies.
import { Duration, Stack } from 'aws-cdk-lib';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnPipe } from 'aws-cdk-lib/aws-pipes';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { AUDIT_EVENT_FIELDS } from '../src/audit/event.ts';
import { TABLE } from '../src/storage/table-schema.ts';

/** `source` of all our events on the bus; `detail-type` is the event's type. */
export const AUDIT_SOURCE = 'm2m-auth';

export interface AuditPipeProps {
  readonly streamArn: string;
  readonly bus: EventBus;
  readonly deadLetters: Queue;
}

/**
 * Writes that carry an event: the leaf must exist, because event filters cannot ask for a map. A removal by TTL is neither
 * an insert nor a modification.
 */
const PATTERN = {
  eventName: ['INSERT', 'MODIFY'],
  dynamodb: { NewImage: { [TABLE.event]: { M: { event_id: { S: [{ exists: true }] } } } } },
};

const path = (field: (typeof AUDIT_EVENT_FIELDS)[number]) => `$.dynamodb.NewImage.${TABLE.event}.M.${field}.S`;

/** By name and nothing else, so that no digest or metadata of an item can ever travel. Pipes puts the quotes around strings itself. */
const INPUT_TEMPLATE = `{${AUDIT_EVENT_FIELDS.map((field) => `"${field}": <${path(field)}>`).join(', ')}}`;

/** Half of the stream's 24 h: a batch is given up while its records can still be read and sent again by hand. */
const GIVEN_UP_AFTER = Duration.hours(12);

export function auditPipe(scope: Construct, { streamArn, bus, deadLetters }: AuditPipeProps): CfnPipe {
  const role = pipeRole(scope, { streamArn, bus, deadLetters });
  const pipe = new CfnPipe(scope, 'Pipe', {
    description: 'm2m-auth: audit events from the table to the bus',
    roleArn: role.roleArn,
    source: streamArn,
    sourceParameters: {
      filterCriteria: { filters: [{ pattern: JSON.stringify(PATTERN) }] },
      dynamoDbStreamParameters: {
        // What was written before the pipe came to life counts too.
        startingPosition: 'TRIM_HORIZON',
        batchSize: 10,
        maximumRetryAttempts: -1,
        maximumRecordAgeInSeconds: GIVEN_UP_AFTER.toSeconds(),
        onPartialBatchItemFailure: 'AUTOMATIC_BISECT',
        deadLetterConfig: { arn: deadLetters.queueArn },
      },
    },
    target: bus.eventBusArn,
    targetParameters: {
      eventBridgeEventBusParameters: { source: AUDIT_SOURCE, detailType: path('event_type') },
      inputTemplate: INPUT_TEMPLATE,
    },
  });
  pipe.node.addDependency(role);
  return pipe;
}

function pipeRole(scope: Construct, { streamArn, bus, deadLetters }: AuditPipeProps): Role {
  const role = new Role(scope, 'PipeRole', {
    assumedBy: new ServicePrincipal('pipes.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  });
  const allow = (actions: string[], resource: string) => role.addToPolicy(new PolicyStatement({ actions, resources: [resource] }));
  allow(['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'], streamArn);
  allow(['events:PutEvents'], bus.eventBusArn);
  allow(['sqs:SendMessage'], deadLetters.queueArn);
  return role;
}
