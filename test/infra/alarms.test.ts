import { readFileSync } from 'node:fs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { describe, expect, it } from 'vitest';
import { M2mAuth } from '../../lib/m2m-auth.ts';
import { only, resources, synthesizedApp, synthesizedStack } from './synthesized-app.ts';

const alarms = (template: Parameters<typeof resources>[0]) => Object.entries(resources(template, 'AWS::CloudWatch::Alarm'));
const names = (template: Parameters<typeof resources>[0]) => alarms(template).map(([id]) => /Alarms(\w+)[0-9A-F]{8}$/.exec(id)![1]);
const service = synthesizedApp()['service']!;

it('somebody is told of everything that needs a person', () => {
  expect(names(service).sort()).toEqual([
    'ClientUnderAttack',
    'DeadLetters',
    'FeedSize',
    'FunctionErrors',
    'KeyRotationFailures',
    'KeyRotationStopped',
    'KmsFailures',
    'PipeDelayed',
    'PipeFailures',
    'PipeStopped',
    'RefreshTokenAhead',
    'RefreshTokenReuse',
    'ServerErrors',
    'StandbyKeyMissing',
    'SuccessorInUse',
    'Throttles',
    'TokenLatency',
    'UpkeepFailures',
    'UpkeepStopped',
  ]);
});

it('each alarm says in one line what is wrong and where its runbook is', () => {
  for (const [, { Properties }] of alarms(service))
    expect(Properties.AlarmDescription).toMatch(/^[A-Z][^\n]+[.] Runbook: docs\/operations[.]md#[a-z-]+$/);
});

it('each runbook exists', () => {
  const headings = new Set([...readFileSync('docs/operations.md', 'utf8').matchAll(/^## (.+)$/gm)].map(([, heading]) => heading));
  for (const [, { Properties }] of alarms(service)) expect(headings).toContain(Properties.AlarmDescription.split('#')[1]);
});

it('silence is good news, except from the pipe and from schedules, whose silence is the failure', () => {
  for (const [id, { Properties }] of alarms(service))
    expect(Properties.TreatMissingData).toBe(/Stopped/.test(id) ? 'breaching' : 'notBreaching');
});

it('throttles are counted over all functions, errors over those that callers wait for', () => {
  const functions = Object.keys(resources(service, 'AWS::Lambda::Function')).length;
  for (const [id, { Properties }] of alarms(service))
    if (/FunctionErrors|Throttles/.test(id)) expect(Properties.Metrics).toHaveLength(functions + 1 - (id.includes('Errors') ? 2 : 0));
});

it('KMS failures, reuse and tokens ahead of the table are counted in the logs of this deployment alone', () => {
  const filters = Object.values(resources(service, 'AWS::Logs::MetricFilter')).map(({ Properties }) => Properties);
  expect(filters.map(({ FilterPattern, LogGroupName }) => [FilterPattern, LogGroupName.Ref.replace(/[0-9A-F]{8}$/, '')]).sort()).toEqual([
    ['{ $.dependency = "kms:*" }', 'AuthFunctionsRefreshLogs'],
    ['{ $.dependency = "kms:*" }', 'AuthFunctionsTokenLogs'],
    ['{ $.detail.event_type = "client_under_attack" }', 'AuthAuditLog'],
    ['{ $.detail.event_type = "refresh_token_reuse" }', 'AuthAuditLog'],
    ['{ $.detail.reason = "successor_in_use" }', 'AuthAuditLog'],
    ['{ $.message = "the revocation feed is large" }', 'AuthFunctionsJwksLogs'],
    ['{ $.reason = "refresh_token_ahead" }', 'AuthFunctionsRefreshLogs'],
    ['{ $.reason = "refresh_token_ahead" }', 'AuthFunctionsTokenLogs'],
    ['{ $.reason = "standby_missing" }', 'AuthFunctionsRotateKeysLogs'],
  ]);
  for (const { MetricTransformations } of filters) expect(MetricTransformations[0].MetricNamespace).toBe('M2mAuth/m2m-auth-service');
});

it('without a topic or address, nothing is sent anywhere', () => {
  expect(JSON.stringify(service.toJSON())).not.toContain('AWS::SNS');
  for (const [, { Properties }] of alarms(service)) expect(Properties.AlarmActions).toBeUndefined();
});

describe.each([
  ['alarmEmail', synthesizedStack((stack) => new M2mAuth(stack, 'Auth', { alarmEmail: 'ops@example.com' }))],
  ['alarmTopic', synthesizedStack((stack) => new M2mAuth(stack, 'Auth', { alarmTopic: new Topic(stack, 'Topic') }))],
])('with %s', (prop, template) => {
  const topic = { Ref: Object.keys(resources(template, 'AWS::SNS::Topic'))[0] };

  it('every alarm goes to the topic', () => {
    expect(alarms(template).length).toBeGreaterThan(9);
    for (const [, { Properties }] of alarms(template)) expect(Properties.AlarmActions).toEqual([topic]);
  });

  it('so does every refresh_token_reuse event, straight from the bus', () => {
    const rules = Object.values(resources(template, 'AWS::Events::Rule')).map(({ Properties }) => Properties);
    const rule = rules.find(({ EventPattern }) => EventPattern?.['detail-type']);
    expect(rule.EventPattern).toEqual({ source: ['m2m-auth'], 'detail-type': ['refresh_token_reuse'] });
    expect(rule.Targets).toEqual([{ Id: expect.any(String), Arn: topic }]);
  });

  it('alarms and the bus may publish to it', () => {
    const { Statement } = only(template, 'AWS::SNS::TopicPolicy').Properties.PolicyDocument;
    const publishers = Statement.filter(({ Effect }: any) => Effect === 'Allow').map(({ Principal }: any) => Principal.Service);
    expect(publishers).toEqual(expect.arrayContaining(['cloudwatch.amazonaws.com', 'events.amazonaws.com']));
  });

  it('the address, if one is given, is subscribed', () => {
    const subscriptions = Object.values(resources(template, 'AWS::SNS::Subscription')).map(({ Properties }) => Properties);
    expect(subscriptions).toEqual(prop === 'alarmEmail' ? [{ Protocol: 'email', Endpoint: 'ops@example.com', TopicArn: topic }] : []);
  });
});
