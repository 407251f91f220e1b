// KMS's Sign, GetPublicKey and DescribeKey with keys from node:crypto. Refuses what KMS refuses.
import { createPublicKey } from 'node:crypto';
import type { AccessQuestion } from '../iam/access.ts';
import { ACCOUNT } from '../template/account.ts';
import { isDigest, schemeOf, signingAlgorithms } from './asymmetric-key.ts';
import { AwsError, type AwsService } from './aws-endpoint.ts';
import { resourceTags, type KeyAdministration } from './key-administration.ts';
import type { StoredKey } from './key-files.ts';
import type { WrappingKms } from './wrapping-kms.ts';

type Input = { readonly KeyId?: unknown; readonly Message?: unknown; readonly MessageType?: unknown; readonly SigningAlgorithm?: unknown };
const OPERATIONS: readonly string[] = ['Sign', 'GetPublicKey', 'DescribeKey'];
const MESSAGE_MAX_BYTES = 4096;

export type KmsParts = {
  /** What symmetric keys do; absent = there is none. */
  readonly wrapping?: WrappingKms;
  /** Keys that the service makes; absent = it makes none. */
  readonly administration?: KeyAdministration;
  /** Told of every signature. */
  readonly onSigned?: (key: StoredKey, algorithm: unknown) => void;
};

export function createKms(keys: readonly StoredKey[], { wrapping, administration, onSigned }: KmsParts = {}): AwsService {
  const byId = new Map(keys.flatMap((key) => [[key.spec.keyId, key] as const, [key.spec.arn, key] as const]));
  const find = ({ KeyId: id }: Input): StoredKey => {
    const key = typeof id === 'string' ? (byId.get(id) ?? administration?.find(id)) : undefined;
    if (!key) throw new AwsError('NotFoundException', `Key '${String(id)}' does not exist`);
    return key;
  };
  return {
    name: 'kms',
    questions(operation, input) {
      if (wrapping?.knows(operation) === true) return [wrapping.question(operation, input)];
      if (administration?.knows(operation) === true) return administration.questions(operation, input);
      if (!OPERATIONS.includes(operation)) throw new AwsError('UnknownOperationException', `the local KMS does not know ${operation}`);
      return [question(operation, find(input as Input), input as Input)];
    },
    execute(operation, input) {
      if (wrapping?.knows(operation) === true) return wrapping.execute(operation, input);
      if (administration?.knows(operation) === true) return administration.execute(operation, input);
      const key = find(input as Input);
      if (operation === 'DescribeKey') return Promise.resolve({ KeyMetadata: metadata(key) });
      if (key.pendingDeletion === true)
        return Promise.reject(new AwsError('KMSInvalidStateException', `${key.spec.arn} is pending deletion.`));
      if (!key.spec.enabled) return Promise.reject(new AwsError('DisabledException', `${key.spec.arn} is disabled.`));
      if (operation !== 'Sign') return Promise.resolve(publicKey(key));
      onSigned?.(key, (input as Input).SigningAlgorithm);
      return signed(key, input as Input);
    },
  };
}

const question = (
  operation: string,
  { spec, tags }: StoredKey,
  { SigningAlgorithm: algorithm, MessageType: type }: Input,
): AccessQuestion => ({
  action: `kms:${operation}`,
  resource: spec.arn,
  context: {
    'kms:KeySpec': spec.keySpec,
    'kms:KeyUsage': spec.keyUsage,
    ...resourceTags(tags),
    ...(operation === 'Sign' && typeof algorithm === 'string' ? { 'kms:SigningAlgorithm': algorithm } : {}),
    ...(operation === 'Sign' ? { 'kms:MessageType': typeof type === 'string' ? type : 'RAW' } : {}),
  },
  resourcePolicy: spec.policy,
});

async function signed({ spec, privateKey }: StoredKey, input: Input): Promise<unknown> {
  const { Message: message, SigningAlgorithm: algorithm, MessageType: type = 'RAW' } = input;
  if (typeof algorithm !== 'string' || typeof message !== 'string')
    throw new AwsError('ValidationException', 'Message and SigningAlgorithm are required');
  const scheme = schemeOf(spec.keySpec, algorithm);
  if (!scheme) throw new AwsError('InvalidKeyUsageException', `Algorithm ${algorithm} is incompatible with key spec ${spec.keySpec}.`);
  const bytes = Buffer.from(message, 'base64');
  if (type === 'DIGEST' && scheme.signDigest) {
    if (!isDigest(bytes)) throw new AwsError('ValidationException', `Digest is invalid length for algorithm ${algorithm}.`);
    return signature(spec.arn, algorithm, scheme.signDigest(privateKey, bytes));
  }
  refuseMessage(bytes, type, algorithm);
  return signature(spec.arn, algorithm, await scheme.signMessage(privateKey, bytes));
}

function refuseMessage(message: Buffer, type: unknown, algorithm: string): void {
  if (type !== 'RAW')
    throw new AwsError('ValidationException', `MessageType ${JSON.stringify(type)} is not valid for algorithm ${algorithm}.`);
  if (message.length === 0 || message.length > MESSAGE_MAX_BYTES)
    throw new AwsError('ValidationException', `Member 'message' must have length between 1 and ${MESSAGE_MAX_BYTES}`);
}

const signature = (arn: string, algorithm: string, bytes: Buffer): unknown => ({
  KeyId: arn,
  Signature: bytes.toString('base64'),
  SigningAlgorithm: algorithm,
});

const publicKey = ({ spec, privateKey }: StoredKey): unknown => ({
  KeyId: spec.arn,
  PublicKey: createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64'),
  KeySpec: spec.keySpec,
  CustomerMasterKeySpec: spec.keySpec,
  KeyUsage: spec.keyUsage,
  SigningAlgorithms: signingAlgorithms(spec.keySpec),
});

const metadata = ({ spec, createdAt, description = '', pendingDeletion = false }: StoredKey): unknown => ({
  AWSAccountId: ACCOUNT,
  KeyId: spec.keyId,
  Arn: spec.arn,
  CreationDate: createdAt,
  Enabled: spec.enabled,
  KeyState: pendingDeletion ? 'PendingDeletion' : spec.enabled ? 'Enabled' : 'Disabled',
  Description: description,
  KeyManager: 'CUSTOMER',
  Origin: 'AWS_KMS',
  KeySpec: spec.keySpec,
  CustomerMasterKeySpec: spec.keySpec,
  KeyUsage: spec.keyUsage,
  SigningAlgorithms: signingAlgorithms(spec.keySpec),
  MultiRegion: false,
});
