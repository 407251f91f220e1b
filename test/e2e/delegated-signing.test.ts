// `SIGNING=delegated npm start`: the whole service with keys that sign in the functions' memory, and the change from one mode to the other.
import { DeleteItemCommand, DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AccessRecord } from '../../local/iam/access.ts';
import { startService as startInProcess, type LocalService } from '../../local/service.ts';
import { bearer, call } from './call.ts';
import { decoded, endpointsOf, expectOk, type Endpoints } from './endpoints.ts';
import { startService, temporaryFolder, type ServiceProcess } from './service-process.ts';

type PrivateJwk = { readonly kty: string; readonly d: string };
const privateKeysIn = (dataDir: string): readonly (readonly [kid: string, jwk: PrivateJwk])[] =>
  Object.entries(JSON.parse(readFileSync(join(dataDir, 'kms.json'), 'utf8')) as Record<string, PrivateJwk>);

async function published(api: Endpoints): Promise<JSONWebKeySet> {
  return expectOk(await api.call('/.well-known/jwks.json')).body;
}
/** Checked as an outsider would: by the JWKS alone. */
async function verified(api: Endpoints, token: string): Promise<void> {
  await jwtVerify(token, createLocalJWKSet(await published(api)), { issuer: api.issuer, audience: api.issuer, typ: 'at+jwt' });
}

describe('delegated mode', () => {
  let service: ServiceProcess;
  let api: Endpoints;
  beforeAll(async () => {
    service = await startService({ environment: { SIGNING: 'delegated' } });
    api = endpointsOf(service);
  });
  afterAll(() => service.stop());

  it('the first token comes at once, whichever of many is asked for first, and all are of one key that the JWKS names', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => api.token(service.demoService)));
    const tokens = answers.map((answer) => expectOk(answer).body.access_token as string);
    expect(new Set(tokens.map((token) => decoded(token).header.kid)).size).toBe(1);
    for (const token of tokens) await verified(api, token);
  });

  it('everything else is as ever: refresh, introspection, the sample, revocation', async () => {
    const { access_token, refresh_token } = expectOk(await api.token(service.demoService)).body;
    const next = expectOk(await api.refresh(service.demoService, refresh_token)).body;
    await verified(api, next.access_token);
    expect(expectOk(await api.introspect(service.demoService, access_token)).body.active).toBe(true);
    expectOk(await api.protected(access_token));
    expectOk(await api.revoke(service.demoService, { token: access_token }));
    expect((await api.protected(access_token)).status).toBe(401);
  });

  it('kms.json holds the private key under the kid of the tokens, first; nothing else on disk or in the log does', async () => {
    const { kid } = decoded(await api.accessToken(service.demoService)).header;
    const keys = privateKeysIn(service.dataDir);
    expect(keys[0]?.[0]).toBe(kid);
    const files = readdirSync(service.dataDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    for (const { name, parentPath } of files.filter((file) => file.name !== 'kms.json')) {
      const content = readFileSync(join(parentPath, name), 'latin1');
      for (const [, { d }] of keys) expect(content, name).not.toContain(d);
    }
    for (const [, { d }] of keys) expect(service.stderr()).not.toContain(d);
  });

  it('without KMS tokens are issued all the same, because it has no part in one', async () => {
    const { control } = JSON.parse(readFileSync(join(service.dataDir, 'service.lock'), 'utf8')) as {
      control: { url: string; token: string };
    };
    const fault = (mode: string) => call(control.url, `/fault/kms/${mode}`, { method: 'POST', headers: bearer(control.token) });
    await fault('down');
    try {
      for (let time = 0; time < 5; time += 1) await verified(api, await api.accessToken(service.demoService));
    } finally {
      await fault('ok');
    }
  });
});

describe('from one mode to the other, on the same data', () => {
  it('the key of before signs on, the new one is published first; and back again', async () => {
    const dataDir = temporaryFolder();
    let port = 0;
    const runningWith = async <T>(
      environment: Record<string, string>,
      use: (api: Endpoints, client: ServiceProcess) => Promise<T>,
    ): Promise<T> => {
      const service = await startService({ dataDir, port, environment });
      port = Number(new URL(service.issuer).port);
      try {
        return await use(endpointsOf(service), service);
      } finally {
        await service.stop();
      }
    };
    const kidOf = (token: string): string => decoded(token).header.kid;
    try {
      const before = await runningWith({}, (api, { demoService }) => api.accessToken(demoService));
      const known = await runningWith({ SIGNING: 'delegated', FORMER_SIGNING: 'kms' }, async (api, { demoService }) => {
        const token = await api.accessToken(demoService);
        expect(kidOf(token)).toBe(kidOf(before));
        await verified(api, token);
        await verified(api, before);
        const kids = (await published(api)).keys.map(({ kid }) => kid);
        expect(kids.length).toBeGreaterThan(1);
        return kids;
      });
      await runningWith({ SIGNING: 'kms', FORMER_SIGNING: 'delegated' }, async (api, { demoService }) => {
        expect(kidOf(await api.accessToken(demoService))).toBe(kidOf(before));
        expect((await published(api)).keys.map(({ kid }) => kid)).toEqual(expect.arrayContaining(known));
      });
      // Without the keys of before: a key pair of its own at once, and tokens of before are still good.
      await runningWith({ SIGNING: 'delegated' }, async (api, { demoService }) => {
        const token = await api.accessToken(demoService);
        expect(kidOf(token)).not.toBe(kidOf(before));
        await verified(api, token);
        expectOk(await api.protected(before));
      });
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  });
});

describe('least privilege', () => {
  const seen: AccessRecord[] = [];
  const folder = temporaryFolder();
  let service: LocalService;
  beforeAll(async () => {
    const config = { host: '127.0.0.1', port: 0, dataDir: folder, knobs: { RATE_LIMIT_PER_MINUTE: '0' }, environments: 1 };
    service = await startInProcess(
      { ...config, auth: { signing: 'delegated' } },
      () => undefined,
      (access) => seen.push(access),
    );
  });
  afterAll(async () => {
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function forgetKeys({ aws, deployment: { tables } }: LocalService): Promise<void> {
    const dynamodb = new DynamoDBClient({ region: 'us-east-1', credentials: aws.credentials, endpoint: aws.dynamodb.endpoint });
    const TableName = tables[0]?.name;
    const query = { TableName, KeyConditionExpression: 'PK = :ring', ExpressionAttributeValues: { ':ring': { S: 'KEYRING' } } };
    for (const { PK, SK } of (await dynamodb.send(new QueryCommand(query))).Items ?? [])
      await dynamodb.send(new DeleteItemCommand({ TableName, Key: { PK: PK!, SK: SK! } }));
    dynamodb.destroy();
  }

  it('token and refresh make and unwrap keys, and no other KMS call is made by any function that serves requests', async () => {
    const { issuer, credentials } = service;
    const { 'demo-admin': demoAdmin, 'demo-service': demoService } = credentials.clients;
    const api = endpointsOf({ issuer, demoAdmin });
    const { refresh_token } = expectOk(await api.token(demoService)).body;
    await forgetKeys(service);
    // The refresh function is the first to need a key now.
    expectOk(await api.call('/refresh', { method: 'POST', body: { refresh_token } }));
    await published(api);
    const calls = seen.filter(({ action, principal }) => action.startsWith('kms:') && !principal.includes('RotateKeys'));
    const inWords = calls.map(
      ({ principal, action, allowed }) => `${/Functions(Token|Refresh)/.exec(principal)?.[1] ?? principal} ${action} ${allowed}`,
    );
    expect([...new Set(inWords)].toSorted()).toEqual(
      ['Refresh', 'Token'].flatMap((name) => [`${name} kms:Decrypt true`, `${name} kms:GenerateDataKeyPairWithoutPlaintext true`]),
    );
  });
});
