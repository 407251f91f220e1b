// KMS's symmetric keys behind the real SDK client class: the local stand-in's own code, so that context and key are really checked.
import { randomBytes } from 'node:crypto';
import { DecryptCommand, GenerateDataKeyPairWithoutPlaintextCommand, KMSClient } from '@aws-sdk/client-kms';
import { mockClient } from 'aws-sdk-client-mock';
import { AwsError } from '../../local/engines/aws-endpoint.ts';
import { createWrappingKms } from '../../local/engines/wrapping-kms.ts';

export const WRAPPING_KEY_ARN = 'arn:aws:kms:eu-central-1:111122223333:key/mrk-1';
export const OTHER_KEY_ARN = 'arn:aws:kms:eu-central-1:111122223333:key/mrk-2';
export const REPLICA_ARN = 'arn:aws:kms:eu-west-1:111122223333:key/mrk-1';

const keyIdOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);
const specOf = (arn: string) => ({
  id: arn,
  keyId: keyIdOf(arn),
  arn,
  keySpec: 'SYMMETRIC_DEFAULT',
  keyUsage: 'ENCRYPT_DECRYPT',
  enabled: true,
  policy: {},
});

export function createWrappingDouble() {
  const kms = new KMSClient({ region: 'eu-central-1' });
  const mock = mockClient(kms);
  const material = randomBytes(32);
  const keys = [WRAPPING_KEY_ARN, OTHER_KEY_ARN].map((arn) => ({ spec: specOf(arn), material }));
  const replica = [{ spec: specOf(REPLICA_ARN), material }];
  const file = { add: () => undefined, moveToFront: () => undefined };
  const engines = [createWrappingKms(keys, file), createWrappingKms(replica, file)] as const;
  /** Every plaintext that was handed out, as the caller left it. */
  const plaintexts: Uint8Array[] = [];
  let answers: (() => Promise<void>) | undefined;

  const execute = async (operation: string, input: { KeyId?: string; CiphertextBlob?: Uint8Array }): Promise<any> => {
    await answers?.();
    const engine = input.KeyId === REPLICA_ARN ? engines[1] : engines[0];
    const CiphertextBlob = input.CiphertextBlob && Buffer.from(input.CiphertextBlob).toString('base64');
    try {
      return await engine.execute(operation, { ...input, CiphertextBlob });
    } catch (error) {
      throw error instanceof AwsError ? Object.assign(error, { name: error.body['__type'] }) : error;
    }
  };
  const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));
  mock.on(GenerateDataKeyPairWithoutPlaintextCommand).callsFake(async (input: object) => {
    const { PublicKey, PrivateKeyCiphertextBlob, ...rest } = await execute('GenerateDataKeyPairWithoutPlaintext', input);
    return { ...rest, PublicKey: bytes(PublicKey), PrivateKeyCiphertextBlob: bytes(PrivateKeyCiphertextBlob) };
  });
  mock.on(DecryptCommand).callsFake(async (input: object) => {
    const { Plaintext, ...rest } = await execute('Decrypt', input);
    const plaintext = bytes(Plaintext);
    plaintexts.push(plaintext);
    return { ...rest, Plaintext: plaintext };
  });
  return {
    kms,
    mock,
    plaintexts,
    decrypts: (): number => mock.commandCalls(DecryptCommand).length,
    generates: (): number => mock.commandCalls(GenerateDataKeyPairWithoutPlaintextCommand).length,
    /** Every call first does this. */
    before: (step: (() => Promise<void>) | undefined): void => {
      answers = step;
    },
    down: (): void => {
      answers = () => Promise.reject(Object.assign(new Error('down'), { name: 'KMSInternalException' }));
    },
  };
}
export type WrappingDouble = ReturnType<typeof createWrappingDouble>;
