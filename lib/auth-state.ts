// What others depend on and no deployment may lose: table, signing keys, ring, and the API whose id is the issuer.
import { Stack } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { Settings } from './settings.ts';
import { AuthTable } from './state/auth-table.ts';
import { IssuerApi } from './state/issuer-api.ts';
import { RingSecret } from './state/ring-secret.ts';
import { SigningKeys } from './state/signing-keys.ts';
import { WrappingKey } from './state/wrapping-key.ts';

export class AuthState extends Construct {
  readonly table: TableV2;
  readonly streamArn: string;
  /** Undefined where KMS signs nothing. */
  readonly signingKeys: SigningKeys | undefined;
  /** Undefined where nothing is wrapped. */
  readonly wrappingKey: WrappingKey | undefined;
  readonly ring: Secret;
  readonly api: IssuerApi;
  /** Value of the tag of the signing keys that the rotation makes: names this deployment, and stays as long as its stack's name does. */
  readonly keyTag: string;

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    this.keyTag = `${Stack.of(this).stackName}/${this.node.addr.slice(-8)}`;
    const { table, streamArn } = new AuthTable(this, 'Table', { throughput: settings.tableThroughput });
    this.table = table;
    this.streamArn = streamArn;
    const { algorithms, signing, formerSigning } = settings;
    const modes = [signing, formerSigning];
    this.signingKeys = modes.includes('kms') ? new SigningKeys(this, 'SigningKeys', { algorithms }) : undefined;
    this.ring = new RingSecret(this, 'Ring').secret;
    this.api = new IssuerApi(this, 'Issuer', settings);
    const { issuer } = this.api;
    this.wrappingKey = modes.includes('delegated') ? new WrappingKey(this, 'WrappingKey', { issuer, algorithms }) : undefined;
  }
}
