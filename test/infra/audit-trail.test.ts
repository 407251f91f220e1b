import { describe, expect, it } from 'vitest';
import { AUDIT_EVENT_FIELDS } from '../../src/audit/event.ts';
import { TABLE } from '../../src/storage/table-schema.ts';
import { only, resources, synthesizedApp } from './synthesized-app.ts';

const service = synthesizedApp()['service']!;

describe('the pipe', () => {
  const { SourceParameters, TargetParameters, Target } = only(service, 'AWS::Pipes::Pipe').Properties;

  it('takes writes that carry an event, and no removal', () => {
    const [{ Pattern }, ...others] = SourceParameters.FilterCriteria.Filters;
    expect(others).toEqual([]);
    expect(JSON.parse(Pattern)).toEqual({
      eventName: ['INSERT', 'MODIFY'],
      dynamodb: { NewImage: { [TABLE.event]: { M: { event_id: { S: [{ exists: true }] } } } } },
    });
  });

  it("copies the event's fields by name, and nothing else of the item", () => {
    const fields = AUDIT_EVENT_FIELDS.map((field) => `"${field}": <$.dynamodb.NewImage.${TABLE.event}.M.${field}.S>`);
    expect(TargetParameters.InputTemplate).toBe(`{${fields.join(', ')}}`);
  });

  it('puts them on the bus under our name and their type', () => {
    expect(Target).toEqual({ 'Fn::GetAtt': [Object.keys(resources(service, 'AWS::Events::EventBus'))[0], 'Arn'] });
    expect(TargetParameters.EventBridgeEventBusParameters).toEqual({
      Source: 'm2m-auth',
      DetailType: `$.dynamodb.NewImage.${TABLE.event}.M.event_type.S`,
    });
  });

  it('begins with the first record, retries while a record can be saved, and gives up into a queue before the stream forgets', () => {
    const { StartingPosition, MaximumRetryAttempts, MaximumRecordAgeInSeconds, DeadLetterConfig } =
      SourceParameters.DynamoDBStreamParameters;
    expect({ StartingPosition, MaximumRetryAttempts }).toEqual({ StartingPosition: 'TRIM_HORIZON', MaximumRetryAttempts: -1 });
    expect(MaximumRecordAgeInSeconds).toBeLessThan(24 * 3600);
    expect(DeadLetterConfig.Arn).toEqual({ 'Fn::GetAtt': [Object.keys(resources(service, 'AWS::SQS::Queue'))[0], 'Arn'] });
  });

  it('may read the stream, put events on this bus and write to this queue', () => {
    const policy = Object.entries(resources(service, 'AWS::IAM::Policy')).find(([id]) => id.includes('PipeRole'))![1];
    const allowed = policy.Properties.PolicyDocument.Statement.map(({ Action, Resource }: any) => [Action, JSON.stringify(Resource)]);
    expect(allowed).toEqual([
      [
        ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
        expect.stringContaining('StreamArn'),
      ],
      ['events:PutEvents', expect.stringContaining('AuditBus')],
      ['sqs:SendMessage', expect.stringContaining('DeadLetters')],
    ]);
  });
});

describe('what becomes of events', () => {
  it('all of them are kept for a year in a log group that outlives the stack and that EventBridge may write to', () => {
    const [id, log] = Object.entries(resources(service, 'AWS::Logs::LogGroup')).find(([each]) => each.includes('AuditLog'))!;
    expect(log).toMatchObject({ DeletionPolicy: 'Retain', Properties: { RetentionInDays: 365 } });
    expect(log.Properties.LogGroupName['Fn::Join'][1][0]).toMatch(/^\/aws\/events\//);
    // A name that the stack had before it was deleted and made again would be taken.
    expect(JSON.stringify(log.Properties.LogGroupName)).toContain('AWS::StackId');
    const rule = Object.values(resources(service, 'AWS::Events::Rule')).find(({ Properties }) => Properties.EventPattern !== undefined)!;
    expect(rule.Properties.EventPattern).toEqual({ source: ['m2m-auth'] });
    expect(JSON.stringify(rule.Properties.Targets)).toContain(id);
    const policy = JSON.stringify(only(service, 'AWS::Logs::ResourcePolicy').Properties.PolicyDocument);
    expect(policy).toContain('events.amazonaws.com');
    expect(policy).toContain(id);
  });

  it('what could not be delivered waits 14 days, encrypted, over TLS only', () => {
    const queue = only(service, 'AWS::SQS::Queue');
    expect(queue).toMatchObject({
      DeletionPolicy: 'Retain',
      Properties: { SqsManagedSseEnabled: true, MessageRetentionPeriod: 14 * 86_400 },
    });
    const [statement] = only(service, 'AWS::SQS::QueuePolicy').Properties.PolicyDocument.Statement;
    expect(statement).toMatchObject({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } });
  });
});

it('the stage prod also archives them for a year', () => {
  const archive = only(synthesizedApp({ checks: false, stage: 'prod' })['service']!, 'AWS::Events::Archive');
  expect(archive.Properties).toMatchObject({ RetentionDays: 365, EventPattern: { source: ['m2m-auth'] } });
});
