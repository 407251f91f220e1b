// What `Ref` and `Fn::GetAtt` answer for each resource type: names, ids and ARNs as AWS forms them.
import { ACCOUNT, arn, physicalName, REGION, shortId, uuidOf } from './account.ts';

export type Identity = {
  readonly stack: string;
  readonly logicalId: string;
  /** A property of the resource, resolved; undefined when absent. */
  readonly property: (name: string) => string | undefined;
  /** Where the local gateway listens, e.g. `http://127.0.0.1:3000`. */
  readonly origin: string;
};
type Answer = (identity: Identity) => string;
type ResourceType = { readonly ref: Answer; readonly attributes: Readonly<Record<string, Answer>> };

const named =
  (property: string): Answer =>
  (it) =>
    it.property(property) ?? physicalName(it.stack, it.logicalId);
const generated: Answer = (it) => shortId(it.stack, it.logicalId);

const tableName = named('TableName');
const tableArn: Answer = (it) => arn('dynamodb', `table/${tableName(it)}`);
const table: ResourceType = {
  ref: tableName,
  attributes: {
    Arn: tableArn,
    StreamArn: (it) => `${tableArn(it)}/stream/2026-01-01T00:00:00.000`,
    TableId: (it) => uuidOf(it.stack, it.logicalId),
  },
};

const keyId: Answer = (it) => uuidOf(it.stack, it.logicalId);
const secretArn: Answer = (it) => arn('secretsmanager', `secret:${named('Name')(it)}-${shortId(it.stack, it.logicalId, 6)}`);
const functionName = named('FunctionName');
const functionArn: Answer = (it) => arn('lambda', `function:${functionName(it)}`);
const roleArn: Answer = (it) => arn('iam', `role${it.property('Path') ?? '/'}${named('RoleName')(it)}`, { regional: false });
const queueName = named('QueueName');
const topicArn: Answer = (it) => arn('sns', named('TopicName')(it));
const busName = named('Name');
const logGroupName = named('LogGroupName');

/** Types whose `Ref` is an id of no further meaning here. */
const plain = { ref: generated, attributes: {} } as const satisfies ResourceType;

/** Every resource type that a template may contain. One that is missing here is refused, because the local run cannot know what it changes. */
export const RESOURCE_TYPES: ReadonlyMap<string, ResourceType> = new Map<string, ResourceType>([
  ['AWS::DynamoDB::Table', table],
  ['AWS::DynamoDB::GlobalTable', table],
  ['AWS::KMS::Key', { ref: keyId, attributes: { Arn: (it) => arn('kms', `key/${keyId(it)}`), KeyId: keyId } }],
  ['AWS::KMS::Alias', { ref: named('AliasName'), attributes: {} }],
  ['AWS::SecretsManager::Secret', { ref: secretArn, attributes: { Id: secretArn } }],
  ['AWS::SecretsManager::ResourcePolicy', plain],
  ['AWS::Lambda::Function', { ref: functionName, attributes: { Arn: functionArn } }],
  ['AWS::Lambda::Permission', plain],
  [
    'AWS::IAM::Role',
    { ref: named('RoleName'), attributes: { Arn: roleArn, RoleId: (it) => `AROA${shortId(it.stack, it.logicalId, 17).toUpperCase()}` } },
  ],
  ['AWS::IAM::Policy', plain],
  ['AWS::IAM::ManagedPolicy', { ref: (it) => arn('iam', `policy/${named('ManagedPolicyName')(it)}`, { regional: false }), attributes: {} }],
  ['AWS::ApiGatewayV2::Api', { ref: generated, attributes: { ApiEndpoint: (it) => it.origin, ApiId: generated } }],
  ['AWS::ApiGatewayV2::Stage', { ref: (it) => it.property('StageName') ?? '$default', attributes: {} }],
  ['AWS::ApiGatewayV2::Integration', plain],
  ['AWS::ApiGatewayV2::Route', plain],
  ['AWS::ApiGateway::RestApi', { ref: generated, attributes: { RootResourceId: (it) => `root${generated(it)}`, RestApiId: generated } }],
  ['AWS::ApiGateway::Resource', { ref: generated, attributes: { ResourceId: generated } }],
  ['AWS::ApiGateway::Method', plain],
  ['AWS::ApiGateway::Authorizer', { ref: generated, attributes: { AuthorizerId: generated } }],
  ['AWS::ApiGateway::GatewayResponse', plain],
  ['AWS::ApiGateway::RequestValidator', { ref: generated, attributes: { RequestValidatorId: generated } }],
  ['AWS::ApiGateway::Deployment', { ref: generated, attributes: { DeploymentId: generated } }],
  ['AWS::ApiGateway::Stage', { ref: (it) => it.property('StageName') ?? 'prod', attributes: {} }],
  ['AWS::ApiGateway::Account', plain],
  ['AWS::Pipes::Pipe', { ref: named('Name'), attributes: { Arn: (it) => arn('pipes', `pipe/${named('Name')(it)}`) } }],
  ['AWS::Events::EventBus', { ref: busName, attributes: { Arn: (it) => arn('events', `event-bus/${busName(it)}`), Name: busName } }],
  ['AWS::Events::EventBusPolicy', plain],
  ['AWS::Events::Archive', { ref: generated, attributes: { Arn: (it) => arn('events', `archive/${generated(it)}`) } }],
  ['AWS::Events::Rule', { ref: named('Name'), attributes: { Arn: (it) => arn('events', `rule/${named('Name')(it)}`) } }],
  ['AWS::Logs::LogGroup', { ref: logGroupName, attributes: { Arn: (it) => arn('logs', `log-group:${logGroupName(it)}:*`) } }],
  ['AWS::Logs::ResourcePolicy', plain],
  ['AWS::Logs::MetricFilter', plain],
  ['AWS::Logs::QueryDefinition', plain],
  [
    'AWS::SQS::Queue',
    {
      ref: (it) => `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/${queueName(it)}`,
      attributes: { Arn: (it) => arn('sqs', queueName(it)), QueueName: queueName },
    },
  ],
  ['AWS::SQS::QueuePolicy', plain],
  ['AWS::SNS::Topic', { ref: topicArn, attributes: { TopicArn: topicArn, TopicName: named('TopicName') } }],
  ['AWS::SNS::TopicPolicy', plain],
  ['AWS::SNS::Subscription', plain],
  [
    'AWS::CloudWatch::Alarm',
    { ref: named('AlarmName'), attributes: { Arn: (it) => arn('cloudwatch', `alarm:${named('AlarmName')(it)}`) } },
  ],
  [
    'AWS::CloudWatch::CompositeAlarm',
    { ref: named('AlarmName'), attributes: { Arn: (it) => arn('cloudwatch', `alarm:${named('AlarmName')(it)}`) } },
  ],
  ['AWS::CloudWatch::Dashboard', plain],
  ['AWS::CDK::Metadata', plain],
]);
