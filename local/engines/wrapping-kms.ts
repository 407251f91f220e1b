// KMS's GenerateDataKeyPairWithoutPlaintext and Decrypt with symmetric keys: AES-256-GCM, the encryption context authenticated.
import { createCipheriv, createDecipheriv, createPublicKey, randomBytes } from 'node:crypto';
import type { AccessQuestion } from '../iam/access.ts';
import { isObject } from '../template/template.ts';
import { AwsError } from './aws-endpoint.ts';
import { generate } from './key-files.ts';
import type { PrivateKeyFile } from './private-key-file.ts';
import type { WrappingKey } from './wrapping-key-file.ts';

type Input = {
  readonly KeyId?: unknown;
  readonly KeyPairSpec?: unknown;
  readonly CiphertextBlob?: unknown;
  readonly EncryptionContext?: unknown;
};
type Context = Readonly<Record<string, string>>;

export type WrappingKms = {
  knows(operation: string): boolean;
  question(operation: string, input: unknown): AccessQuestion;
  execute(operation: string, input: unknown): Promise<unknown>;
};

const MAKE = 'GenerateDataKeyPairWithoutPlaintext';
const PAIR_SPECS = ['RSA_2048', 'RSA_3072', 'RSA_4096', 'ECC_NIST_P256', 'ECC_NIST_EDWARDS25519'];
const CIPHER = 'aes-256-gcm';
const [IV_BYTES, TAG_BYTES] = [12, 16];
/** KMS's own limit of a ciphertext. */
const CIPHERTEXT_BYTES_MAX = 6144;

export function createWrappingKms(keys: readonly WrappingKey[], file: PrivateKeyFile): WrappingKms {
  const find = (id: unknown): WrappingKey => {
    const key = keys.find(({ spec }) => spec.arn === id || spec.keyId === id);
    if (!key) throw new AwsError('NotFoundException', `Key '${String(id)}' does not exist`);
    if (!key.spec.enabled) throw new AwsError('DisabledException', `${key.spec.arn} is disabled.`);
    return key;
  };
  /** A ciphertext names its own key; a caller that names another one is refused. */
  const findForDecrypt = (input: Input): { readonly key: WrappingKey; readonly sealed: Buffer } => {
    const { keyId, sealed } = opened(input.CiphertextBlob);
    const key = find(keyId);
    if (input.KeyId !== undefined && find(input.KeyId) !== key)
      throw new AwsError('IncorrectKeyException', 'The key ID in the request does not identify a CMK that can perform this operation.');
    return { key, sealed };
  };

  const make = async (input: Input): Promise<unknown> => {
    const { KeyPairSpec: spec } = input;
    if (typeof spec !== 'string' || !PAIR_SPECS.includes(spec))
      throw new AwsError('ValidationException', `the local KMS makes no key pair ${String(spec)}`);
    const key = find(input.KeyId);
    const context = contextOf(input);
    const pair = await generate(spec);
    file.add(pair.export({ format: 'jwk' }), context['kid']);
    return {
      KeyId: key.spec.arn,
      KeyPairSpec: spec,
      PublicKey: createPublicKey(pair).export({ format: 'der', type: 'spki' }).toString('base64'),
      PrivateKeyCiphertextBlob: sealedText(key, pair.export({ format: 'der', type: 'pkcs8' }), context),
    };
  };
  const decrypt = (input: Input): unknown => {
    const { key, sealed } = findForDecrypt(input);
    const context = contextOf(input);
    const plaintext = unsealed(key, sealed, context);
    // Nobody else tells which key signs: the one that somebody has just begun to use.
    if (context['kid'] !== undefined) file.moveToFront(context['kid']);
    return { KeyId: key.spec.arn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT', Plaintext: plaintext.toString('base64') };
  };

  return {
    knows: (operation) => operation === MAKE || operation === 'Decrypt',
    question(operation, input) {
      const request = input as Input;
      const { spec } = operation === 'Decrypt' ? findForDecrypt(request).key : find(request.KeyId);
      return { action: `kms:${operation}`, resource: spec.arn, context: conditionKeys(request), resourcePolicy: spec.policy };
    },
    execute: (operation, input) => (operation === MAKE ? make(input as Input) : Promise.resolve(input as Input).then(decrypt)),
  };
}

function conditionKeys(input: Input): AccessQuestion['context'] {
  const context = contextOf(input);
  return {
    'kms:EncryptionContextKeys': Object.keys(context),
    ...Object.fromEntries(Object.entries(context).map(([name, value]) => [`kms:EncryptionContext:${name}`, value])),
    ...(typeof input.KeyPairSpec === 'string' ? { 'kms:DataKeyPairSpec': input.KeyPairSpec } : {}),
  };
}

function contextOf({ EncryptionContext: context = {} }: Input): Context {
  if (!isObject(context) || !Object.values(context as object).every((value) => typeof value === 'string'))
    throw new AwsError('ValidationException', 'EncryptionContext must map strings to strings');
  return context as Context;
}

/** Pairs in order of their names, so that the order in which they were sent does not matter. */
const additionalData = (context: Context): Buffer =>
  Buffer.from(JSON.stringify(Object.entries(context).sort(([left], [right]) => (left < right ? -1 : 1))));

/** `<key id>:` and then IV, tag and ciphertext. */
function sealedText({ spec, material }: WrappingKey, plaintext: Buffer, context: Context): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, material, iv).setAAD(additionalData(context));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([Buffer.from(`${spec.keyId}:`), iv, cipher.getAuthTag(), body]).toString('base64');
}

function opened(blob: unknown): { readonly keyId: string; readonly sealed: Buffer } {
  const bytes = Buffer.from(typeof blob === 'string' ? blob : '', 'base64');
  const end = bytes.indexOf(':');
  if (end < 1 || bytes.length > CIPHERTEXT_BYTES_MAX || bytes.length <= end + 1 + IV_BYTES + TAG_BYTES) throw invalidCiphertext();
  return { keyId: bytes.subarray(0, end).toString(), sealed: bytes.subarray(end + 1) };
}

function unsealed({ material }: WrappingKey, sealed: Buffer, context: Context): Buffer {
  try {
    const decipher = createDecipheriv(CIPHER, material, sealed.subarray(0, IV_BYTES)).setAAD(additionalData(context));
    decipher.setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
  } catch {
    throw invalidCiphertext();
  }
}

const invalidCiphertext = (): AwsError => new AwsError('InvalidCiphertextException', '');
