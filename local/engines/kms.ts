// KMS's Sign, GetPublicKey and DescribeKey with keys from node:crypto. Refuses what KMS refuses.
import { createPublicKey } from 'node:crypto';
import type { AccessQuestion } from '../iam/access.ts';
import { ACCOUNT } from '../template/account.ts';
import { isDigest, schemeOf, signingAlgorithms } from './asymmetric-key.ts';
import { AwsError, type AwsService } from './aws-endpoint.ts';
import type { StoredKey } from './key-files.ts';

type Input = { readonly KeyId?: unknown; readonly Message?: unknown; readonly MessageType?: unknown; readonly SigningAlgorithm?: unknown };
const OPERATIONS: readonly string[] = ['Sign', 'GetPublicKey', 'DescribeKey'];
const MESSAGE_MAX_BYTES = 4096;

export function createKms(keys: readonly StoredKey[]): AwsService {
  const byId = new Map(keys.flatMap((key) => [[key.spec.keyId, key] as const, [key.spec.arn, key] as const]));
  const find = ({ KeyId: id }: Input): StoredKey => {
    const key = typeof id === 'string' ? byId.get(id) : undefined;
    if (!key) throw new AwsError('NotFoundException', `Key '${String(id)}' does not exist`);
    return key;
  };
  return {
    name: 'kms',
    questions(operation, input) {
      if (!OPERATIONS.includes(operation)) throw new AwsError('UnknownOperationException', `the local KMS does not know ${operation}`);
      return [question(operation, find(input as Input), input as Input)];
    },
    execute(operation, input) {
      const key = find(input as Input);
      if (operation === 'DescribeKey') return Promise.resolve({ KeyMetadata: metadata(key) });
      if (!key.spec.enabled) return Promise.reject(new AwsError('DisabledException', `${key.spec.arn} is disabled.`));
      return operation === 'Sign' ? signed(key, input as Input) : Promise.resolve(publicKey(key));
    },
  };
}

const question = (operation: string, { spec }: StoredKey, { SigningAlgorithm: algorithm, MessageType: type }: Input): AccessQuestion => ({
  action: `kms:${operation}`,
  resource: spec.arn,
  context: {
    'kms:KeySpec': spec.keySpec,
    'kms:KeyUsage': spec.keyUsage,
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

const metadata = ({ spec, createdAt }: StoredKey): unknown => ({
  AWSAccountId: ACCOUNT,
  KeyId: spec.keyId,
  Arn: spec.arn,
  CreationDate: createdAt,
  Enabled: spec.enabled,
  KeyState: spec.enabled ? 'Enabled' : 'Disabled',
  KeyManager: 'CUSTOMER',
  Origin: 'AWS_KMS',
  KeySpec: spec.keySpec,
  CustomerMasterKeySpec: spec.keySpec,
  KeyUsage: spec.keyUsage,
  SigningAlgorithms: signingAlgorithms(spec.keySpec),
  MultiRegion: false,
});
