// The values of each stage, chosen by `cdk deploy -c stage=<name>`. Edit here; everything not named has its documented default.
import { Duration } from 'aws-cdk-lib';
import type { M2mAuthProps } from './m2m-auth-props.ts';

export interface Stage {
  /** Stacks are called `<prefix>-state`, `<prefix>-service`, `<prefix>-sample`. */
  readonly prefix: string;
  /** Whether the sample API is deployed. */
  readonly sample: boolean;
  readonly auth: M2mAuthProps;
}

export const DEFAULT_STAGE = 'dev';

const stages: Readonly<Record<string, Stage>> = {
  dev: { prefix: 'm2m-auth', sample: true, auth: {} },
  prod: {
    prefix: 'm2m-auth-prod',
    sample: false,
    // Events can be replayed to a new consumer for a year.
    auth: { auditArchive: Duration.days(365) },
  },
};

/** @throws Error for a stage that is not in the table. */
export function stageNamed(name: string): Stage {
  const stage = Object.hasOwn(stages, name) ? stages[name] : undefined;
  if (!stage) throw new Error(`stage is ${JSON.stringify(name)}, but it must be one of ${Object.keys(stages).join(', ')} (lib/stages.ts)`);
  return stage;
}
