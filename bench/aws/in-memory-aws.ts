// The AWS calls of our functions, answered from memory behind the real SDK clients' `send`, each of them counted.
import { constants, privateEncrypt } from 'node:crypto';
import { KMSClient, SignCommand, type SignCommandInput } from '@aws-sdk/client-kms';
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
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import type { Client } from '../../src/clients/client.ts';
import { CLIENT_STATUS, clientAttributes } from '../../src/storage/client-codec.ts';
import type { Item } from '../../src/storage/item.ts';
import { clientKey, keyText, signingKeyKey, type Key } from '../../src/storage/keys.ts';
import { jwkThumbprint, publicMembers } from '../../src/tokens/jwk.ts';
import { newKeyPair } from '../contestants/signing-key.ts';
import { RING_VALUE } from '../demo-client.ts';
import { SIGNING_KEY_ARN, TABLE_NAME } from '../function-environment.ts';
import { createCountedCalls, type CountedCalls } from './counted-calls.ts';

/** DigestInfo of SHA-256 (RFC 8017 section 9.2), which KMS puts before the digest that it is given. */
const SHA256_DIGEST_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex');

export type InMemoryAws = { readonly calls: CountedCalls; readonly publicJwk: Readonly<Record<string, string>> };

export function startInMemoryAws(clients: readonly Client[]): InMemoryAws {
  const calls = createCountedCalls();
  const { publicKey, privateKey } = newKeyPair('RS256');
  const jwk = publicMembers(publicKey.export({ format: 'jwk' })) ?? {};
  const kid = jwkThumbprint(jwk) ?? '';
  const keyRecord = { ...signingKeyKey(kid), alg: 'RS256', arn: SIGNING_KEY_ARN, jwk, created_at: 0, active_from: 0 };
  answerDynamoDb(calls, keyRecord, clients);

  mockClient(KMSClient)
    .on(SignCommand)
    .callsFake(({ KeyId, Message }: SignCommandInput) =>
      calls.call('Sign', () => {
        const digestInfo = Buffer.concat([SHA256_DIGEST_INFO, Message ?? new Uint8Array()]);
        return { KeyId, Signature: new Uint8Array(privateEncrypt({ key: privateKey, padding: constants.RSA_PKCS1_PADDING }, digestInfo)) };
      }),
    );
  mockClient(SecretsManagerClient)
    .on(GetSecretValueCommand)
    .callsFake(() => calls.call('GetSecretValue', () => ({ SecretString: RING_VALUE })));
  return { calls, publicJwk: { ...jwk, kid, alg: 'RS256', use: 'sig' } };
}

/** Just enough of a table for one caller at a time: no condition ever fails. */
function answerDynamoDb(calls: CountedCalls, keyRecord: Item, clients: readonly Client[]): void {
  const items = new Map<string, Item>();
  for (const client of clients) {
    const key = clientKey(client.client_id);
    items.set(keyText(key), { ...key, ...clientAttributes(client), status: CLIENT_STATUS.live });
  }
  const update = ({ Key: key, ExpressionAttributeValues: values = {} }: UpdateCommandInput) => {
    const name = keyText(key as Key);
    const before = items.get(name) ?? key ?? {};
    const after = name.startsWith('RATE#')
      ? { ...before, hits: Number(before['hits'] ?? 0) + 1 }
      : { ...before, generation: values[':to_generation'] as number, mac_key: values[':mac_key'] as string };
    items.set(name, after);
    return { Attributes: after };
  };
  const dynamodb = mockClient(DynamoDBDocumentClient);
  dynamodb.on(BatchGetCommand).callsFake(({ RequestItems }: BatchGetCommandInput) =>
    calls.call('BatchGetItem', () => {
      const keys = (RequestItems?.[TABLE_NAME]?.Keys ?? []) as Key[];
      return { Responses: { [TABLE_NAME]: keys.map((key) => items.get(keyText(key))).filter((item) => item !== undefined) } };
    }),
  );
  dynamodb
    .on(GetCommand)
    .callsFake(({ Key: key }: GetCommandInput) => calls.call('GetItem', () => ({ Item: items.get(keyText(key as Key)) })));
  dynamodb.on(QueryCommand).callsFake(() => calls.call('Query', () => ({ Items: [keyRecord] })));
  dynamodb.on(UpdateCommand).callsFake((input: UpdateCommandInput) => calls.call('UpdateItem', () => update(input)));
  dynamodb.on(PutCommand).callsFake(({ Item: item }: PutCommandInput) =>
    calls.call('PutItem', () => {
      items.set(keyText(item as Key), item as Item);
      return {};
    }),
  );
}
