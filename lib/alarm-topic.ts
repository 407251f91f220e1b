// Where alarms go: the topic given, a new one for the address given, or nowhere.
import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Subscription, SubscriptionProtocol, Topic, type ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';

export interface AlarmTopicProps {
  readonly alarmTopic?: ITopic;
  readonly alarmEmail?: string;
}

export function alarmTopicFor(scope: Construct, { alarmTopic, alarmEmail }: AlarmTopicProps): ITopic | undefined {
  if (!alarmTopic && alarmEmail === undefined) return undefined;
  const topic = alarmTopic ?? new Topic(scope, 'AlarmTopic', { displayName: 'm2m-auth alarms', enforceSSL: true });
  for (const service of ['cloudwatch.amazonaws.com', 'events.amazonaws.com']) {
    const conditions = { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } };
    const principals = [new ServicePrincipal(service, { conditions })];
    topic.addToResourcePolicy(new PolicyStatement({ principals, actions: ['sns:Publish'], resources: [topic.topicArn] }));
  }
  if (alarmEmail !== undefined)
    new Subscription(scope, 'AlarmEmail', { topic, protocol: SubscriptionProtocol.EMAIL, endpoint: alarmEmail });
  return topic;
}
