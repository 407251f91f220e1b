// The two clients that the first start registers, and credentials.json, which tells their secrets.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { damaged, readPrivateJson, writePrivateJson } from './data-files.ts';
import type { DataDirectory } from './data-directory.ts';
import type { Credentials as AwsCredentials } from './functions/variables.ts';
import { ACCOUNT, REGION } from './template/account.ts';
import { isObject } from './template/template.ts';

type ClientCredentials = { readonly client_id: string; readonly client_secret: string };
/** credentials.json, a contract with other programs (DESIGN 3.2). */
export type CredentialsFile = {
  readonly issuer: string;
  readonly clients: { readonly 'demo-service': ClientCredentials; readonly 'demo-admin': ClientCredentials };
  /** A role's key pair for the routes that AWS callers use. */
  readonly aws: { readonly access_key_id: string; readonly secret_access_key: string; readonly region: string; readonly arn: string };
};

/** The role whose key pair credentials.json has. */
const OPERATOR_ROLE = 'm2m-auth-operator';
const OPERATOR_ROLE_ARN = `arn:aws:iam::${ACCOUNT}:role/${OPERATOR_ROLE}`;

const DEMO_CLIENTS = {
  'demo-service': {
    client_name: 'Demo service',
    scope: 'read write',
    roles: ['user'],
    grant_types: ['client_credentials', 'refresh_token'],
    refresh_client_auth: 'none',
    iam_principals: [OPERATOR_ROLE_ARN],
  },
  'demo-admin': {
    client_name: 'Demo administrator',
    scope: 'read write admin clients:manage',
    roles: ['user', 'admin'],
    grant_types: ['client_credentials'],
  },
} as const;
type DemoClient = keyof typeof DEMO_CLIENTS;
const NAMES = Object.keys(DEMO_CLIENTS) as readonly DemoClient[];

export type LocalAws = {
  readonly credentials: AwsCredentials;
  readonly endpoints: { readonly dynamodb: string; readonly secretsmanager: string };
  readonly tableName: string;
  readonly ringSecretArn: string;
};

/**
 * The credentials of an earlier start, or new ones. The file is written before the clients are registered, so that a crash
 * in between leaves no client whose secret nobody knows; the next start registers what is missing.
 */
export async function demoCredentials(directory: DataDirectory, issuer: string, aws: LocalAws): Promise<CredentialsFile> {
  const file = join(directory.path, 'credentials.json');
  const present = readPrivateJson(file, isCredentialsFile);
  if (directory.initialized) {
    if (!present) throw damaged(directory.path, 'credentials.json is missing');
    if (present.issuer === issuer) return present;
    // Another port this time.
    const moved = { ...present, issuer };
    writePrivateJson(file, moved);
    return moved;
  }
  const credentials = present ?? { issuer, clients: await generateSecrets(), aws: generateAwsKeys() };
  writePrivateJson(file, { ...credentials, issuer });
  await register(credentials, aws);
  return { ...credentials, issuer };
}

async function generateSecrets(): Promise<CredentialsFile['clients']> {
  const { formatClientSecret } = await import('../src/client-authentication/secret.ts');
  const secret = (name: DemoClient): ClientCredentials => ({ client_id: name, client_secret: formatClientSecret(randomBytes(32)) });
  return { 'demo-service': secret('demo-service'), 'demo-admin': secret('demo-admin') };
}

/** Through the service's own stores. The SDK is only loaded here, on the first start. */
async function register({ clients }: CredentialsFile, aws: LocalAws): Promise<void> {
  const [
    { SecretsManagerClient },
    { createDynamoDb },
    { createClientStore },
    { createSecretRing },
    { newClient },
    { readClientMetadata },
    { clientCreated },
  ] = await Promise.all([
    import('@aws-sdk/client-secrets-manager'),
    import('../src/storage/dynamodb-client.ts'),
    import('../src/storage/client-store.ts'),
    import('../src/signing/secret-ring.ts'),
    import('../src/endpoints/new-client.ts'),
    import('../src/clients/client-metadata.ts'),
    import('../src/audit/events.ts'),
  ]);
  const dynamodb = createDynamoDb({ region: REGION, credentials: aws.credentials, endpoint: aws.endpoints.dynamodb });
  const secrets = new SecretsManagerClient({ region: REGION, credentials: aws.credentials, endpoint: aws.endpoints.secretsmanager });
  const ring = createSecretRing({ secrets, secretArn: aws.ringSecretArn });
  const store = createClientStore({ table: aws.tableName, dynamodb });
  try {
    await Promise.all(
      NAMES.map(async (name) => {
        const metadata = readClientMetadata(DEMO_CLIENTS[name]);
        if (!metadata.ok) throw new Error(`${name}: ${metadata.failure.field} ${metadata.failure.problem}`);
        const secret = secretBytes(clients[name].client_secret);
        const random = (bytes: number): Uint8Array => (bytes === secret.length ? secret : randomBytes(bytes));
        const nowMs = Date.now();
        const { client } = await newClient(metadata.value, Math.floor(nowMs / 1000), { ring, random }, name);
        const facts = {
          eventId: randomBytes(16).toString('base64url'),
          ip: '',
          userAgent: 'm2m-auth local run',
          traceId: randomBytes(16).toString('hex'),
          nowMs,
        };
        // Already there after a crash on the first start: its secret is that of the file.
        await store.create(client, clientCreated(facts, { client_id: name, reason: 'first_start' }));
      }),
    );
  } finally {
    dynamodb.destroy();
    secrets.destroy();
  }
}

/** The random bytes that a secret was made of: its 43 characters between prefix and checksum. */
const secretBytes = (secret: string): Buffer => Buffer.from(secret.slice(-49, -6), 'base64url');

const generateAwsKeys = (): CredentialsFile['aws'] => ({
  access_key_id: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
  secret_access_key: randomBytes(30).toString('base64'),
  region: REGION,
  arn: OPERATOR_ROLE_ARN,
});

function isCredentialsFile(value: unknown): value is CredentialsFile {
  if (!isObject(value) || typeof value['issuer'] !== 'string' || !isObject(value['aws']) || !isObject(value['clients'])) return false;
  const { clients } = value;
  return NAMES.every((name) => {
    const client = (clients as Readonly<Record<string, unknown>>)[name];
    return isObject(client) && typeof client['client_id'] === 'string' && typeof client['client_secret'] === 'string';
  });
}
