// What others depend on and no deployment may lose: table, signing keys, ring, and the API whose id is the issuer.
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { Settings } from './settings.ts';
import { AuthTable } from './state/auth-table.ts';
import { IssuerApi } from './state/issuer-api.ts';
import { RingSecret } from './state/ring-secret.ts';
import { SigningKeys } from './state/signing-keys.ts';

export class AuthState extends Construct {
  readonly table: TableV2;
  readonly streamArn: string;
  readonly signingKeys: SigningKeys;
  readonly ring: Secret;
  readonly api: IssuerApi;

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    const { table, streamArn } = new AuthTable(this, 'Table', { throughput: settings.tableThroughput });
    this.table = table;
    this.streamArn = streamArn;
    this.signingKeys = new SigningKeys(this, 'SigningKeys', { algorithms: settings.algorithms });
    this.ring = new RingSecret(this, 'Ring').secret;
    this.api = new IssuerApi(this, 'Issuer', settings);
  }
}
