// The CDK app: `npx cdk synth`, `npx cdk deploy --all`, with `-c stage=prod` for another stage's values.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { App, Validations } from 'aws-cdk-lib';
import { BUNDLING_STACKS } from 'aws-cdk-lib/cx-api';
import type * as CdkNag from 'cdk-nag';
import { bundleAhead } from '../lib/bundled-code.ts';
import type { SigningMode } from '../functions/token/env.ts';
import type { M2mAuthProps } from '../lib/m2m-auth-props.ts';
import { settingsFrom } from '../lib/settings.ts';
import { SampleStack } from '../lib/stacks/sample-stack.ts';
import { ServiceStack } from '../lib/stacks/service-stack.ts';
import { StateStack } from '../lib/stacks/state-stack.ts';
import { DEFAULT_STAGE, stageNamed } from '../lib/stages.ts';

/** Every entry that the stacks below will ask for, so that they are bundled together. */
const ENTRIES = [
  'token/handler.ts',
  'refresh/handler.ts',
  'revoke/handler.ts',
  'introspect/handler.ts',
  'jwks/handler.ts',
  'clients/handler.ts',
  'sessions/handler.ts',
];
const SAMPLE_ENTRIES = ['authorizer/table.ts', 'sample/handler.ts'];

export interface BuildAppProps {
  /** Where `app.synth()` writes. @default where the CDK command line says, else a new temporary folder */
  readonly outdir?: string;
  /** A stage of lib/stages.ts. @default the context value `stage`, else DEFAULT_STAGE */
  readonly stage?: string;
  /** Props over those of the stage. @default none */
  readonly auth?: M2mAuthProps;
  /**
   * Whether `app.synth()` also runs cdk-nag and CloudFormation's own rules, and throws on a finding. The template is the
   * same without, in a third of the time.
   * @default true
   */
  readonly checks?: boolean;
  /**
   * Whether the functions are bundled; without, the template names their source folders, which is enough to look at it.
   * @default true
   */
  readonly bundles?: boolean;
}

/** The app with its stacks; `buildApp().synth()` is the cloud assembly. Reads nothing but this project's files. */
export function buildApp({ stage, auth: own, ...props }: BuildAppProps = {}): App {
  const app = emptyApp(props);
  const { prefix, sample, auth } = stageNamed(stage ?? String(app.node.tryGetContext('stage') ?? DEFAULT_STAGE));
  const settings = settingsFrom({ ...auth, ...signingChosenBy(app), ...own });
  const { state, bundlingRequired } = new StateStack(app, `${prefix}-state`, { settings });
  if (bundlingRequired) bundleAhead(sample ? [...ENTRIES, ...SAMPLE_ENTRIES] : ENTRIES);
  new ServiceStack(app, `${prefix}-service`, { state, settings });
  if (sample) new SampleStack(app, `${prefix}-sample`, { issuer: state.api.issuer, table: state.table });
  return app;
}

/** `-c signing=delegated`, and `-c formerSigning=kms` beside it, over what the stage says. */
function signingChosenBy({ node }: App): Pick<M2mAuthProps, 'signing' | 'formerSigning'> {
  // Whatever it says is judged with the other props.
  const signing = node.tryGetContext('signing') as SigningMode | undefined;
  const formerSigning = node.tryGetContext('formerSigning') as SigningMode | undefined;
  return { ...(signing && { signing }), ...(formerSigning && { formerSigning }) };
}

function emptyApp({ outdir, checks = true, bundles = true }: BuildAppProps): App {
  const app = new App({
    ...(outdir === undefined ? {} : { outdir }),
    context: { ...featureFlags(), ...(bundles ? {} : { [BUNDLING_STACKS]: [] }) },
    analyticsReporting: false,
    treeMetadata: checks,
    builtinCloudFormationValidation: checks,
  });
  if (checks) addNag(app);
  return app;
}

/** Loaded only when wanted, because loading it takes as long as making the template. */
function addNag(app: App): void {
  const { AwsSolutionsChecks } = createRequire(import.meta.url)('cdk-nag') as typeof CdkNag;
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
}

/** Those of cdk.json, which only the command line reads by itself: the template must not depend on who synthesizes. */
function featureFlags(): Record<string, unknown> {
  const { context } = JSON.parse(readFileSync(new URL('../cdk.json', import.meta.url), 'utf8')) as { context: Record<string, unknown> };
  return context;
}

if (import.meta.main) buildApp().synth();
