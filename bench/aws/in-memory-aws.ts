// The AWS calls of our functions, answered from memory behind the real SDK clients' `send`, each of them counted.
import { constants, privateEncrypt } from 'node:crypto';
import { DecryptCommand, KMSClient, SignCommand, type SignCommandInput } from '@aws-sdk/client-kms';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  BatchGetCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
  type BatchGetCommandInput,
  type GetCommandInput,
  type PutCommandInput,
  type QueryCommandInput,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import type { Client } from '../../src/clients/client.ts';
import { CLIENT_STATUS, clientAttributes } from '../../src/storage/client-codec.ts';
import type { Item } from '../../src/storage/item.ts';
import { clientKey, keyText, signingKeyKey, type Key } from '../../src/storage/keys.ts';
import { LISTING_INDEX } from '../../src/storage/table-schema.ts';
import { jwkThumbprint, publicMembers } from '../../src/tokens/jwk.ts';
import { newKeyPair } from '../contestants/signing-key.ts';
import { RING_VALUE } from '../demo-client.ts';
import { SIGNING_KEY_ARN, TABLE_NAME, WRAPPING_KEY_ARN } from '../function-environment.ts';
import { createCountedCalls, type CountedCalls } from './counted-calls.ts';
import { createUnitMeter, type UnitMeter } from './request-units.ts';

/** DigestInfo of SHA-256 (RFC 8017 section 9.2), which KMS puts before the digest that it is given. */
const SHA256_DIGEST_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex');

export type InMemoryAws = { readonly calls: CountedCalls; readonly units: UnitMeter; readonly publicJwk: Readonly<Record<string, string>> };

/** @param wrappedFor the issuer whose key is a wrapped one (delegated signing); absent = KMS signs. */
export function startInMemoryAws(clients: readonly Client[], wrappedFor?: string): InMemoryAws {
  const calls = createCountedCalls();
  const { publicKey, privateKey } = newKeyPair('RS256');
  const jwk = publicMembers(publicKey.export({ format: 'jwk' })) ?? {};
  const kid = jwkThumbprint(jwk) ?? '';
  const wrapped = wrappedFor && { ciphertext: 'AA', wrapping_key: WRAPPING_KEY_ARN, issuer: wrappedFor };
  const arn = wrapped ? WRAPPING_KEY_ARN : SIGNING_KEY_ARN;
  const keyRecord = { ...signingKeyKey(kid), alg: 'RS256', arn, jwk, created_at: 0, active_from: 0, ...(wrapped && { wrapped }) };
  const units = createUnitMeter();
  answerDynamoDb(calls, units, keyRecord, clients);

  mockClient(KMSClient)
    .on(SignCommand)
    .callsFake(({ KeyId, Message }: SignCommandInput) =>
      calls.call('Sign', () => {
        const digestInfo = Buffer.concat([SHA256_DIGEST_INFO, Message ?? new Uint8Array()]);
        return { KeyId, Signature: new Uint8Array(privateEncrypt({ key: privateKey, padding: constants.RSA_PKCS1_PADDING }, digestInfo)) };
      }),
    )
    .on(DecryptCommand)
    .callsFake(() => calls.call('Decrypt', () => ({ Plaintext: new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' })) })));
  mockClient(SecretsManagerClient)
    .on(GetSecretValueCommand)
    .callsFake(() => calls.call('GetSecretValue', () => ({ SecretString: RING_VALUE })));
  return { calls, units, publicJwk: { ...jwk, kid, alg: 'RS256', use: 'sig' } };
}

/** Just enough of a table for one caller at a time: no condition ever fails. */
function answerDynamoDb(calls: CountedCalls, units: UnitMeter, keyRecord: Item, clients: readonly Client[]): void {
  const items = new Map<string, Item>();
  const read = (key: Key): Item | undefined => {
    const item = items.get(keyText(key));
    units.read(item);
    return item;
  };
  for (const client of clients) {
    const key = clientKey(client.client_id);
    items.set(keyText(key), { ...key, ...clientAttributes(client), status: CLIENT_STATUS.live });
  }
  const update = ({ Key: key, ExpressionAttributeValues: values = {} }: UpdateCommandInput) => {
    const name = keyText(key as Key);
    const before = items.get(name) ?? key ?? {};
    const after = name.startsWith('RATE#')
      ? { ...before, hits: Number(before['hits'] ?? 0) + 1 }
      : name.includes('\nUSED#')
        ? { ...before, last_used_at: values[':at'] as number, ip: values[':ip'] as string, user_agent: values[':user_agent'] as string }
        : { ...before, generation: values[':to_generation'] as number, mac_key: values[':mac_key'] as string, event: values[':event'] };
    units.wrote(items.get(name), after);
    items.set(name, after);
    return { Attributes: after };
  };
  const dynamodb = mockClient(DynamoDBDocumentClient);
  dynamodb.on(BatchGetCommand).callsFake(({ RequestItems }: BatchGetCommandInput) =>
    calls.call('BatchGetItem', () => {
      const keys = (RequestItems?.[TABLE_NAME]?.Keys ?? []) as Key[];
      return { Responses: { [TABLE_NAME]: keys.map(read).filter((item) => item !== undefined) } };
    }),
  );
  dynamodb.on(GetCommand).callsFake(({ Key: key }: GetCommandInput) => calls.call('GetItem', () => ({ Item: read(key as Key) })));
  const ids = clients.map(({ client_id }) => clientKey(client_id)).toSorted((one, other) => (one.PK < other.PK ? -1 : 1));
  const listed = ({ ExclusiveStartKey: after, Limit: limit }: QueryCommandInput) =>
    ids.filter(({ PK }) => PK > String(after?.['PK'] ?? '')).slice(0, limit);
  dynamodb
    .on(QueryCommand)
    .callsFake((input: QueryCommandInput) =>
      calls.call('Query', () => ({ Items: input.IndexName === LISTING_INDEX.name ? listed(input) : [keyRecord] })),
    );
  dynamodb.on(UpdateCommand).callsFake((input: UpdateCommandInput) => calls.call('UpdateItem', () => update(input)));
  dynamodb.on(PutCommand).callsFake(({ Item: item }: PutCommandInput) =>
    calls.call('PutItem', () => {
      units.wrote(undefined, item as Item);
      items.set(keyText(item as Key), item as Item);
      return {};
    }),
  );
}
