// The symmetric KMS key that makes and wraps the key pairs of delegated signing (docs/signing-modes.md).
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { SERVICE } from '../../src/signing/encryption-context.ts';
import type { Algorithm } from '../../src/tokens/algorithms.ts';

export interface WrappingKeyProps {
  /** What wrapped keys are bound to, beside service and `kid`. */
  readonly issuer: string;
  readonly algorithms: readonly Algorithm[];
}

const CONTEXT = 'kms:EncryptionContext:';

/** What roles and key policy demand of every call. */
export const requiredContext = (issuer: string) => ({
  StringEquals: { [`${CONTEXT}service`]: SERVICE, [`${CONTEXT}issuer`]: issuer },
  Null: { [`${CONTEXT}kid`]: 'false' },
});

export class WrappingKey extends Construct {
  readonly key: Key;
  private readonly algorithms: readonly Algorithm[];

  constructor(scope: Construct, id: string, { issuer, algorithms }: WrappingKeyProps) {
    super(scope, id);
    this.algorithms = algorithms;
    this.key = new Key(this, 'Resource', {
      description: `${Stack.of(this).stackName}: wraps the private keys that sign access tokens`,
      // Only at its creation can it be said that a key may have replicas, so that another Region can unwrap what this one wrapped.
      multiRegion: true,
      enableKeyRotation: true,
      // What it has wrapped can be unwrapped by nothing else.
      removalPolicy: RemovalPolicy.RETAIN,
    });
    for (const statement of refusals(issuer)) this.key.addToResourcePolicy(statement);
  }

  /** JSON: algorithm -> this key's ARN, in order. */
  asJson(): string {
    return Stack.of(this).toJsonString(Object.fromEntries(this.algorithms.map((algorithm) => [algorithm, this.key.keyArn])));
  }
}

/** Roles alone allow; these refuse whoever else an administrator has allowed too much. */
function refusals(issuer: string): readonly PolicyStatement[] {
  const refuse = (sid: string, actions: readonly string[], conditions: Record<string, unknown> = {}) =>
    new PolicyStatement({
      sid,
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: [...actions],
      resources: ['*'],
      conditions,
    });
  const used = ['kms:Decrypt', 'kms:GenerateDataKeyPairWithoutPlaintext'];
  return [
    // Nobody wraps a key that he knows, nobody sees one when it is made, and what is wrapped stays under this key.
    refuse('OnlyKeyPairsThatNobodySees', [
      'kms:Encrypt',
      'kms:ReEncryptFrom',
      'kms:ReEncryptTo',
      'kms:GenerateDataKey',
      'kms:GenerateDataKeyWithoutPlaintext',
      'kms:GenerateDataKeyPair',
    ]),
    refuse('OnlyForThisService', used, { StringNotEquals: { [`${CONTEXT}service`]: SERVICE } }),
    refuse('OnlyForThisIssuer', used, { StringNotEquals: { [`${CONTEXT}issuer`]: issuer } }),
    refuse('OnlyForOneKid', used, { Null: { [`${CONTEXT}kid`]: 'true' } }),
  ];
}
