// The ring of MAC keys and peppers: one Secrets Manager value, JSON, key id -> key.
import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';

export class RingSecret extends Construct {
  readonly secret: Secret;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.secret = new Secret(this, 'Resource', {
      description: 'm2m-auth: ring of MAC keys and peppers. Keys are only ever added; see docs/operations.md#ring',
      // Secrets Manager generates the value when the resource is made, and again if anything here changes: leave it alone.
      generateSecretString: { secretStringTemplate: '{}', generateStringKey: 'k1', passwordLength: 64, excludePunctuation: true },
      removalPolicy: RemovalPolicy.RETAIN,
    });
    Validations.of(this.secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'The value is a ring: a key is replaced by adding a new one beside it, and old ones stay for as long as a refresh token or ' +
        'secret digest refers to them. Scheduled rotation replaces the value and would lock out every client at once.',
    });
  }
}
