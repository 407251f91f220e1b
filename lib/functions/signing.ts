// What functions are told of the signing keys, and what those that sign may do with them, in either mode.
import { Stack, Token, Validations } from 'aws-cdk-lib';
import type { JWKS_ENV } from '../../functions/jwks/env.ts';
import type { SIGNING_ENV_OPTIONAL, SigningMode } from '../../functions/token/env.ts';
import { KEY_PAIR_SPECS } from '../../src/signing/key-pair-specs.ts';
import { KEY_TAG } from '../../src/signing/made-keys.ts';
import type { AuthState } from '../auth-state.ts';
import type { ServiceFunction } from '../service-function.ts';
import type { Settings } from '../settings.ts';
import { requiredContext } from '../state/wrapping-key.ts';

type SigningEnvironment = Readonly<Record<Extract<(typeof JWKS_ENV)[number], `SIGNING${string}`>, string>>;

export const signingEnvironment = (state: AuthState, { signing }: Settings): SigningEnvironment => ({
  SIGNING: signing,
  SIGNING_KEYS: keysAsJson(state, signing),
});

export const formerSigningEnvironment = (
  state: AuthState,
  { formerSigning }: Settings,
): Partial<Record<(typeof SIGNING_ENV_OPTIONAL)[number], string>> =>
  formerSigning === undefined ? {} : { FORMER_SIGNING_KEYS: keysAsJson(state, formerSigning) };

function keysAsJson({ signingKeys, wrappingKey }: AuthState, mode: SigningMode): string {
  const keys = mode === 'kms' ? signingKeys : wrappingKey;
  if (keys === undefined) throw new Error(`the state has no keys for ${mode} signing`);
  return keys.asJson();
}

/** Sign with what KMS keeps; unwrap, and make the first pair of, what it does not. */
export function allowSigning(caller: ServiceFunction, state: AuthState, settings: Settings): void {
  const { signingKeys, wrappingKey, api } = state;
  if (signingKeys) {
    caller.allow(settings.signing === 'kms' ? ['kms:Sign', 'kms:GetPublicKey'] : ['kms:Sign'], signingKeys.arns);
    // Those that the rotation has made since: by their tag, because their ARNs are not known here.
    caller.allow(['kms:Sign'], [allKeys(Stack.of(caller))], ofThisDeployment(state));
    acknowledgeTags(caller);
  }
  if (!wrappingKey) return;
  const { keyArn } = wrappingKey.key;
  const context = requiredContext(api.issuer);
  caller.allow(['kms:Decrypt'], [keyArn], context);
  allowMakingPairs(caller, state, settings);
}

/** Every key of the account and Region; to be narrowed by a condition. */
export const allKeys = (stack: Stack): string => stack.formatArn({ service: 'kms', resource: 'key', resourceName: '*' });
export const ofThisDeployment = ({ keyTag }: Pick<AuthState, 'keyTag'>) => ({ StringEquals: { [`aws:ResourceTag/${KEY_TAG}`]: keyTag } });

/** For cdk-nag: what stands in the place of ARNs. */
export function acknowledgeTags(caller: ServiceFunction): void {
  const { region, account } = Stack.of(caller);
  const shown = (value: string, placeholder: string) => (Token.isUnresolved(value) ? placeholder : value);
  Validations.of(caller).acknowledge({
    id: `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:kms:${shown(region, '<AWS::Region>')}:${shown(account, '<AWS::AccountId>')}:key/*]`,
    reason:
      'The rotation makes signing keys after the deployment, so their ARNs are not known here: every permission on key/* demands the tag of ' +
      'this deployment, on the key or in the request.',
  });
}

/** Make key pairs, and unwrap none. */
export function allowMakingPairs(caller: ServiceFunction, { wrappingKey, api }: AuthState, { signing, algorithms }: Settings): void {
  if (!wrappingKey || signing !== 'delegated') return;
  const context = requiredContext(api.issuer);
  caller.allow([MAKE], [wrappingKey.key.keyArn], { ...context, ...onlyPairsFor(context, algorithms) });
}

const MAKE = 'kms:GenerateDataKeyPairWithoutPlaintext';

const onlyPairsFor = ({ StringEquals }: ReturnType<typeof requiredContext>, algorithms: Settings['algorithms']) => ({
  StringEquals: { ...StringEquals, 'kms:DataKeyPairSpec': [...new Set(algorithms.map((algorithm) => KEY_PAIR_SPECS[algorithm]))] },
});
