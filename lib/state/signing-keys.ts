// One asymmetric KMS key per algorithm in use. Private keys never leave KMS.
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { Algorithm } from '../../src/tokens/algorithms.ts';

export interface SigningKeysProps {
  /** The first one signs by default. */
  readonly algorithms: readonly Algorithm[];
}

/** RSA of 2,048 bits, because KMS charges five times as much for every other asymmetric key. */
const keySpecs: Readonly<Record<Algorithm, KeySpec>> = {
  RS256: KeySpec.RSA_2048,
  PS256: KeySpec.RSA_2048,
  ES256: KeySpec.ECC_NIST_P256,
  EdDSA: KeySpec.ECC_NIST_EDWARDS25519,
};

export class SigningKeys extends Construct {
  readonly keys: ReadonlyMap<Algorithm, Key>;

  constructor(scope: Construct, id: string, { algorithms }: SigningKeysProps) {
    super(scope, id);
    this.keys = new Map(
      algorithms.map((algorithm) => [
        algorithm,
        new Key(this, algorithm, {
          description: `${Stack.of(this).stackName}: signs access tokens, ${algorithm}`,
          keySpec: keySpecs[algorithm],
          keyUsage: KeyUsage.SIGN_VERIFY,
          // Tokens must stay verifiable, and a key scheduled for deletion by mistake cannot sign.
          removalPolicy: RemovalPolicy.RETAIN,
        }),
      ]),
    );
  }

  get arns(): string[] {
    return [...this.keys.values()].map(({ keyArn }) => keyArn);
  }

  /** JSON: algorithm -> key ARN, in order. */
  asJson(): string {
    return Stack.of(this).toJsonString(Object.fromEntries([...this.keys].map(([algorithm, { keyArn }]) => [algorithm, keyArn])));
  }
}
