// What signs tokens, in either mode; and with the keys of the mode before, while a deployment changes from one to the other.
import type { KeyRecord, KeyRecordStore, TokenSigner } from '../src/endpoints/stores.ts';
import type { WrappingKey } from '../src/signing/delegated-key-maker.ts';
import { createDelegatedSigner } from '../src/signing/delegated-signer.ts';
import { firstKeyPairSource } from '../src/signing/first-key-pair.ts';
import { createKeyRing, type KeyRing } from '../src/signing/key-ring.ts';
import { templateKeySource, type KeySource } from '../src/signing/key-source.ts';
import type { createKms } from '../src/signing/kms-client.ts';
import { createKmsSigner } from '../src/signing/kms-signer.ts';
import { canUnwrap, createPrivateKeys } from '../src/signing/private-keys.ts';
import { createTemplateKeys } from '../src/signing/template-keys.ts';
import type { TokenEnv } from './token/env.ts';

type Env = Pick<TokenEnv, 'issuer' | 'signing' | 'signingKeys' | 'formerSigningKeys'>;
type Kms = ReturnType<typeof createKms>;
type Deps = { readonly records: KeyRecordStore; readonly kms: Kms };

export function createSigner(env: Env, deps: Deps): TokenSigner {
  const { ring, wrappingKey } = createSigningRing(env, deps);
  const kmsSigner = createKmsSigner({ ring, kms: deps.kms });
  return wrappingKey === undefined ? kmsSigner : createDelegatedSigner({ ring, privateKeys: createPrivateKeys(wrappingKey), kmsSigner });
}

export type SigningRing = {
  readonly ring: KeyRing;
  readonly wrappingKey: WrappingKey | undefined;
  /** Which keys this deployment can sign with. */
  readonly isUsable: (record: KeyRecord) => boolean;
  /**
   * ARNs of the KMS keys that the template has, also those of the mode before: one that was revoked must stay on record, or the way back
   * to that mode would take it for a new key.
   */
  readonly templateArns: ReadonlySet<string>;
};

/** The ring, which records what it lacks on first use. */
export function createSigningRing(env: Env, { records, kms }: Deps): SigningRing {
  const wrappingKey = wrappingKeyOf(env, kms);
  const signsByKms = env.signing === 'kms' || env.formerSigningKeys !== undefined;
  const isUsable = (record: KeyRecord): boolean =>
    record.wrapped === undefined ? signsByKms : wrappingKey !== undefined && canUnwrap(wrappingKey, record);
  const ring = createKeyRing({ records, source: sourceOf(env, { records, kms }, wrappingKey, isUsable), isUsable });
  const templateArns = new Set((env.signing === 'kms' ? env.signingKeys : env.formerSigningKeys)?.values());
  return { ring, wrappingKey, isUsable, templateArns };
}

/** One key wraps for all algorithms. Undefined where nothing is wrapped. */
function wrappingKeyOf({ issuer, signing, signingKeys, formerSigningKeys }: Env, kms: Kms): WrappingKey | undefined {
  const [wrappingKeyArn] = (signing === 'delegated' ? signingKeys : formerSigningKeys)?.values() ?? [];
  return wrappingKeyArn === undefined ? undefined : { kms, wrappingKeyArn, issuer };
}

/** New keys are always of the mode that is set. */
function sourceOf(
  { signing, signingKeys }: Env,
  { records, kms }: Deps,
  wrappingKey: WrappingKey | undefined,
  isUsable: (record: KeyRecord) => boolean,
): KeySource {
  return signing === 'delegated' && wrappingKey !== undefined
    ? firstKeyPairSource({ wrappingKey, algorithms: [...signingKeys.keys()], records, isUsable })
    : templateKeySource(createTemplateKeys({ kms, arns: signingKeys }), records, isUsable);
}
