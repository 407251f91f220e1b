// Keeps a client's credentials in Secrets Manager and exchanges its secret by schedule, in any account, knowing nothing but the issuer.
import { Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnRotationSchedule, Secret, type ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { rotateClientSecretEnv, type ROTATE_CLIENT_SECRET_ENV } from '../functions/rotate-client-secret/env.ts';
import { refuse, refuseUnlessParsed } from './impossible-props.ts';
import { ServiceFunction } from './service-function.ts';

export interface ClientSecretRotationProps {
  /** The issuer URL, without a trailing slash. */
  readonly issuer: string;
  /** The client whose secret it is; registered with `secret_rotation`. */
  readonly clientId: string;
  /**
   * The secret that holds `{"client_id", "client_secret", "token_endpoint"}`.
   * @default a new one, into which somebody puts the first value
   */
  readonly secret?: ISecret | Secret;
  /**
   * The KMS key of the new secret, or of the one that was given, where its own is not known.
   * @default the account's key for Secrets Manager
   */
  readonly encryptionKey?: IKey;
  /**
   * How often the secret is exchanged: whole days, from 1 to 400.
   * @default Duration.days(30)
   */
  readonly rotateEvery?: Duration;
  /**
   * How long log lines are kept.
   * @default RetentionDays.ONE_YEAR
   */
  readonly logRetention?: RetentionDays;
}

/** All that the four steps need, on the one secret. */
const ACTIONS = ['DescribeSecret', 'GetSecretValue', 'ListSecretVersionIds', 'PutSecretValue', 'UpdateSecretVersionStage'];
/** Secrets Manager begins a rotation again by itself: one failure is none yet, a day with several is one. */
const FAILURES_OF_A_DAY = 3;

export class ClientSecretRotation extends Construct {
  readonly secret: ISecret | Secret;
  readonly function: ServiceFunction;
  /** Rotations fail again and again. It has no action: add one. */
  readonly failing: Alarm;

  constructor(scope: Construct, id: string, props: ClientSecretRotationProps) {
    super(scope, id);
    const rotateEvery = props.rotateEvery ?? Duration.days(30);
    refuseImpossible(props, rotateEvery);
    this.secret = props.secret ?? this.emptySecret(props);
    this.function = this.rotationFunction(props);
    this.allowRotation(props.encryptionKey ?? this.secret.encryptionKey);
    this.schedule(rotateEvery);
    this.failing = this.alarm();
  }

  /** Its generated value stands until the first one is put. Nothing of it depends on a prop, because a change would generate it anew. */
  private emptySecret({ clientId, encryptionKey }: ClientSecretRotationProps): Secret {
    return new Secret(this, 'Secret', {
      description: `m2m-auth: credentials of the client ${clientId}`,
      ...(encryptionKey && { encryptionKey }),
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  private rotationFunction({ issuer, clientId, logRetention = RetentionDays.ONE_YEAR }: ClientSecretRotationProps): ServiceFunction {
    const environment: Record<(typeof ROTATE_CLIENT_SECRET_ENV)[number], string> = { ISSUER: issuer, CLIENT_ID: clientId };
    return new ServiceFunction(this, 'Rotation', {
      entry: 'rotate-client-secret/handler.ts',
      description: `m2m-auth: rotation of the secret of the client ${clientId}`,
      environment,
      logRetention,
      retainLogs: false,
      // A step makes five calls at most, and none of them waits for longer than 8 s.
      timeout: Duration.seconds(45),
    });
  }

  private allowRotation(key: IKey | undefined): void {
    // A secret that is known by its name has six characters more in its ARN than CDK knows.
    const arn = this.secret.secretFullArn ?? `${this.secret.secretArn}-??????`;
    this.function.allow(
      ACTIONS.map((action) => `secretsmanager:${action}`),
      [arn],
    );
    if (key === undefined) return;
    const { region } = Stack.of(this);
    this.function.allow(['kms:Decrypt', 'kms:GenerateDataKey'], [key.keyArn], {
      StringEquals: { 'kms:ViaService': `secretsmanager.${region}.amazonaws.com` },
    });
  }

  private schedule(every: Duration): void {
    const invoke = 'FromSecretsManager';
    this.function.function.addPermission(invoke, {
      principal: new ServicePrincipal('secretsmanager.amazonaws.com'),
      sourceAccount: Stack.of(this).account,
    });
    const schedule = new CfnRotationSchedule(this, 'Schedule', {
      secretId: this.secret.secretArn,
      rotationLambdaArn: this.function.function.functionArn,
      rotationRules: { automaticallyAfterDays: every.toDays() },
      // There may be nothing in the secret yet.
      rotateImmediatelyOnUpdate: false,
    });
    // Secrets Manager calls the function while the schedule is made.
    schedule.node.addDependency(this.function);
  }

  private alarm(): Alarm {
    return new Alarm(this, 'Failing', {
      alarmDescription: 'The secret of an m2m-auth client is not exchanged; it ends at its hard date. See docs/secrets-manager.md',
      metric: this.function.function.metricErrors({ period: Duration.days(1), statistic: 'Sum' }),
      threshold: FAILURES_OF_A_DAY,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }
}

function refuseImpossible({ issuer, clientId, secret, encryptionKey }: ClientSecretRotationProps, rotateEvery: Duration): void {
  const acceptable = { ISSUER: 'https://issuer.example', CLIENT_ID: 'client' };
  const check = (prop: string, given: string, environment: Readonly<Record<string, string>>): void => {
    if (!Token.isUnresolved(given)) refuseUnlessParsed(prop, given, () => rotateClientSecretEnv({ ...acceptable, ...environment }));
  };
  check('issuer', issuer, { ISSUER: issuer });
  check('clientId', clientId, { CLIENT_ID: clientId });
  const days = rotateEvery.toDays({ integral: false });
  if (!Number.isInteger(days) || days < 1 || days > 400) refuse('rotateEvery', `${days} days`, 'must be whole days, from 1 to 400');
  if (secret?.encryptionKey !== undefined && encryptionKey !== undefined)
    refuse('encryptionKey', 'given', 'must be left out where the given secret knows its own');
}
