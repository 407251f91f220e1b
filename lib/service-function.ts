// What all Lambda functions of the service have in common: runtime, log group, and a role that starts with nothing.
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  ApplicationLogLevel,
  Architecture,
  type Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { withBundledCode } from './bundled-code.ts';

export interface ServiceFunctionProps {
  /** File below `functions/` that exports `handler`. */
  readonly entry: string;
  readonly description: string;
  readonly environment: Readonly<Record<string, string>>;
  /** How long its log lines, among them audit lines where it writes any, are kept. */
  readonly logRetention: RetentionDays;
  /** Whether the log group outlives the stack, because it holds audit lines. */
  readonly retainLogs: boolean;
  /**
   * Megabytes, which Lambda turns into CPU.
   * @default 256
   */
  readonly memoryMb?: number;
  /**
   * @default 10 s: above the service's own deadline of 4 s, so that it is our 503 that the caller sees
   */
  readonly timeout?: Duration;
}

export class ServiceFunction extends Construct {
  readonly function: LambdaFunction;
  readonly logGroup: LogGroup;
  private readonly role: Role;

  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id);
    this.logGroup = new LogGroup(this, 'Logs', {
      retention: props.logRetention,
      removalPolicy: props.retainLogs ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    // Explicit, because CDK would attach the managed policy that may write to every log group of the account.
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    this.logGroup.grantWrite(this.role);
    const withCode = (code: Code) =>
      new LambdaFunction(this, 'Function', {
        code,
        description: props.description,
        handler: 'index.handler',
        runtime: Runtime.NODEJS_24_X,
        architecture: Architecture.ARM_64,
        memorySize: props.memoryMb ?? 256,
        timeout: props.timeout ?? Duration.seconds(10),
        role: this.role,
        logGroup: this.logGroup,
        loggingFormat: LoggingFormat.JSON,
        // START, END and REPORT lines would cost as much as the lines that say something.
        systemLogLevelV2: SystemLogLevel.WARN,
        applicationLogLevelV2: ApplicationLogLevel.INFO,
        environment: { ...props.environment },
      });
    this.function = withBundledCode(this, props.entry, withCode);
  }

  /** Allows exactly these actions on exactly these resources. */
  allow(actions: readonly string[], resources: readonly string[], conditions: Record<string, Record<string, unknown>> = {}): void {
    this.role.addToPrincipalPolicy(new PolicyStatement({ actions: [...actions], resources: [...resources], conditions }));
  }
}
