// The rotation of signing keys: by schedule, and by hand through `m2m keys` (docs/signing-keys.md, decision 0018).
import { Duration, Stack, Validations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { ROTATE_KEYS_ENV } from '../../functions/rotate-keys/env.ts';
import type { SIGNING_ENV_OPTIONAL } from '../../functions/token/env.ts';
import { DELETION_PENDING_DAYS, KEY_SPECS, KEY_TAG, RUN_SECONDS_MAX } from '../../src/signing/made-keys.ts';
import { ScheduledFunction } from '../scheduled-function.ts';
import { allowTableAccess } from '../table-access.ts';
import { auditedLogs, type FunctionContext } from './function-context.ts';
import { acknowledgeTags, allKeys, allowMakingPairs, formerSigningEnvironment, ofThisDeployment, signingEnvironment } from './signing.ts';

type Environment = Record<(typeof ROTATE_KEYS_ENV)[number], string> & Partial<Record<(typeof SIGNING_ENV_OPTIONAL)[number], string>>;

export class RotateKeysFunction extends ScheduledFunction {
  constructor(scope: Construct, id: string, context: FunctionContext) {
    const { state, settings } = context;
    const environment: Environment = {
      ISSUER: state.api.issuer,
      TABLE_NAME: state.table.tableName,
      ...signingEnvironment(state, settings),
      ...formerSigningEnvironment(state, settings),
      KEY_ROTATION_SECONDS: String(settings.keyRotation.toSeconds()),
      KEY_TAG: state.keyTag,
    };
    super(scope, id, {
      entry: 'rotate-keys/handler.ts',
      description: 'm2m-auth: rotation of signing keys, by schedule and by hand',
      environment,
      schedule: 'rotate-keys',
      // Most runs find nothing to do; what comes due is late by an hour at most.
      every: Duration.hours(1),
      timeout: Duration.seconds(RUN_SECONDS_MAX),
      ...auditedLogs(context),
    });
    allowTableAccess(this, state.table, { put: ['KEYRING'], update: ['KEYRING'], query: ['KEYRING'] });
    if (state.signingKeys) this.allowKmsKeys(context, state.signingKeys.arns);
    allowMakingPairs(this, state, settings);
  }

  /** Makes only keys with the tag of this deployment, and looks at, finds and gives up only such. Never signs. */
  private allowKmsKeys({ state, settings }: FunctionContext, templateKeys: readonly string[]): void {
    const keys = [allKeys(Stack.of(this))];
    const ours = ofThisDeployment(state);
    const tagged = {
      StringEquals: { [`aws:RequestTag/${KEY_TAG}`]: state.keyTag },
      'ForAllValues:StringEquals': { 'aws:TagKeys': [KEY_TAG] },
    };
    acknowledgeTags(this);
    this.allow(['kms:ListResourceTags'], keys, ours);
    this.allow(['kms:ScheduleKeyDeletion'], keys, {
      ...ours,
      NumericGreaterThanEquals: { 'kms:ScheduleKeyDeletionPendingWindowInDays': String(DELETION_PENDING_DAYS) },
    });
    if (settings.signing !== 'kms') return;
    this.allow(['kms:GetPublicKey'], templateKeys);
    this.allow(['kms:GetPublicKey', 'kms:DescribeKey'], keys, ours);
    this.allow(['kms:CreateKey'], ['*'], {
      ...tagged,
      StringEquals: {
        ...tagged.StringEquals,
        'kms:KeyUsage': 'SIGN_VERIFY',
        'kms:KeySpec': [...new Set(settings.algorithms.map((algorithm) => KEY_SPECS[algorithm]))],
      },
    });
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason:
        'kms:CreateKey and kms:ListKeys know no resource: a key can be made only with the tag of this deployment, and listed are ARNs alone.',
    });
    // CreateKey with tags asks for this as well.
    this.allow(['kms:TagResource'], keys, tagged);
    // Only behind a run that was cut off.
    this.allow(['kms:ListKeys'], ['*']);
  }
}
