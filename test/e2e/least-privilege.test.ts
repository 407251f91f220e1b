// Least privilege, both ways: a run that uses all that the functions can do is allowed every call that it makes, and makes every
// call that the synthesized roles allow. What is used is what the local IAM layer was asked.
import { DeleteItemCommand, DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { existsSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AccessRecord } from '../../local/iam/access.ts';
import { matches } from '../../local/gateway/policy.ts';
import { startService, type LocalService } from '../../local/service.ts';
import { onlyTable, type Deployment } from '../../local/template/deployment.ts';
import type { JsonObject } from '../../local/template/template.ts';
import { assertionForm, signedAssertion } from '../endpoints/assertions.ts';
import { externalIssuer } from '../endpoints/external-issuers.ts';
import { testKey } from '../tokens/test-issuer.ts';
import { basic, bearer, form } from './call.ts';
import { useCertificates } from './certificates-in-use.ts';
import { endpointsOf, expectOk } from './endpoints.ts';
import { certificateFolder, makeCertificates, type Pair } from './over-tls.ts';
import { useRotation } from './key-rotation-in-use.ts';
import { dpopProof, proofKey } from '../tokens/test-proof.ts';
import { forged } from './signed-tokens.ts';
import { temporaryFolder } from './service-process.ts';

const folders: string[] = [];
const seen: AccessRecord[] = [];
/** By data directory. */
const certificates = new Map<string, ReadonlyMap<string, Pair>>();
let deployment: Deployment;

/** Runs `use` on a service of its own whose every kind of access is recorded. */
async function recorded<T>(dataDir: string, use: (service: LocalService) => Promise<T>, port = 0): Promise<T> {
  const own = certificateFolder(dataDir);
  if (!existsSync(own)) certificates.set(dataDir, await makeCertificates(own, { own: {} }));
  const service = await startService(
    { host: '127.0.0.1', port, dataDir, mtlsPort: 0, knobs: { RATE_LIMIT_PER_MINUTE: '1000' }, environments: 1 },
    () => undefined,
    (access) => seen.push(access),
  );
  try {
    deployment = service.deployment;
    return await use(service);
  } finally {
    await service.stop();
  }
}
const endpointsAt = ({ issuer, credentials }: LocalService) => endpointsOf({ issuer, demoAdmin: credentials.clients['demo-admin'] });
const folder = (): string => {
  folders.push(temporaryFolder());
  return folders.at(-1)!;
};

/** Everything that a client, a manager and an API can make the functions do. */
async function useEverything(service: LocalService): Promise<void> {
  const api = endpointsAt(service);
  // The first of all is to make the record of the signing key: here it is the documents' function.
  expectOk(await api.call('/.well-known/jwks.json'));
  // And here the rotation, before anybody has asked for a token.
  expect(await service.runSchedule('rotate-keys')).toMatchObject({ ok: true, payload: { ok: true } });
  const client = await api.register();
  const plain = await api.register({ grant_types: ['client_credentials'] });
  expectOk(await api.token(plain));
  const thrifty = await api.register({ grant_types: ['client_credentials'], reuse_tokens: true });
  const { access_token: given } = expectOk(await api.token(thrifty)).body;
  expect(expectOk(await api.token(thrifty)).body.access_token).toBe(given);
  await api.token({ ...client, client_secret: 'wrong' });

  // Callers that race for one rotation read the session again when theirs was not the first write, at both endpoints.
  let { access_token, refresh_token } = expectOk(await api.token(client)).body;
  const alone = (token: string) =>
    api.call('/refresh', {
      method: 'POST',
      body: { refresh_token: token, client_id: client.client_id, client_secret: client.client_secret },
    });
  for (const refresh of [(token: string) => api.refresh(client, token), alone])
    for (let round = 0; round < 3; round += 1) {
      const answers = await Promise.all(Array.from({ length: 12 }, () => refresh(refresh_token)));
      ({ access_token, refresh_token } = expectOk(answers[0]!).body);
    }
  for (const endsIn of [(token: string) => api.refresh(client, token), alone]) {
    const first = expectOk(await api.token(client)).body.refresh_token;
    const second = expectOk(await api.refresh(client, first)).body.refresh_token;
    expectOk(await api.refresh(client, second));
    await endsIn(first);
  }
  await api.call('/refresh', { method: 'POST', body: { refresh_token, client_id: client.client_id, client_secret: 'wrong' } });

  expectOk(await api.introspect(client, access_token));
  await api.introspect({ ...client, client_secret: 'wrong' }, access_token);
  expectOk(await api.protected(access_token));
  await api.protected(forged(access_token));
  await api.protected(access_token, '/admin-only');

  expectOk(await api.revoke(client, { token: access_token }));
  expectOk(await api.revoke(client, { token: refresh_token }));
  expectOk(await api.revoke(client, { token: refresh_token }));
  await api.revoke({ ...client, client_secret: 'wrong' }, { token: access_token });
  expectOk(await api.revoke(client, { all: 'true' }));
  expectOk(await api.call('/revocations'));

  expectOk(await api.manage('GET', '/clients'));
  expectOk(await api.manage('GET', `/clients/${client.client_id}`));
  expectOk(await api.manage('PUT', `/clients/${client.client_id}`, { scope: 'read' }));
  await api.call('/clients', { headers: bearer(await api.accessToken(plain)) });
  await useSessions(api);
  await useProofs(api);
  await useApiKeys(api);
  await useQuotas(api);
  await useBlocks(api);
  await useAssertions(api, service.issuer);
  await useTrustRules(api);
  await useUpkeep(api, service);
  await useRotation(api, service);
}

/** Signed assertions, which serve once, wherever clients authenticate. */
async function useAssertions(api: ReturnType<typeof endpointsOf>, issuer: string): Promise<void> {
  const key = testKey('ES256');
  const { client_id: clientId } = await api.register({ token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.jwk] } });
  const send = (path: string, fields: Readonly<Record<string, string>>) => {
    const assertion = signedAssertion(key, { clientId, issuer, now: Math.floor(Date.now() / 1000) });
    return api.call(path, { method: 'POST', body: form({ ...fields, ...assertionForm(assertion) }) });
  };
  const { access_token: token, refresh_token } = expectOk(await send('/token', { grant_type: 'client_credentials' })).body;
  expectOk(await send('/refresh', { refresh_token }));
  expectOk(await send('/introspect', { token }));
  expectOk(await send('/revoke', { token }));
}

/** A network is blocked and let in again; guessing at the successor of a secret is counted. */
async function useBlocks(api: ReturnType<typeof endpointsOf>): Promise<void> {
  expect((await api.manage('POST', '/blocks', { cidr: '203.0.113.0/24' })).status).toBe(201);
  expect(expectOk(await api.manage('GET', '/blocks')).body.items).toMatchObject([{ cidr: '203.0.113.0/24' }]);
  expect((await api.manage('DELETE', '/blocks?cidr=203.0.113.0%2F24')).status).toBe(204);
  const client = await api.register();
  const guess = { method: 'POST', headers: basic({ ...client, client_secret: 'wrong' }) };
  expect((await api.call(`/clients/${client.client_id}/secrets/rotation`, guess)).status).toBe(401);
}

/** Beyond the quota what is counted is read, at both endpoints. */
async function useQuotas(api: ReturnType<typeof endpointsOf>): Promise<void> {
  const client = await api.register({ quotas: [{ per: 'day', limit: 2 }] });
  const { refresh_token } = expectOk(await api.token(client)).body;
  const { client_id, client_secret } = client;
  const refresh = (token: string) => api.call('/refresh', { method: 'POST', body: { refresh_token: token, client_id, client_secret } });
  const next = expectOk(await refresh(refresh_token)).body.refresh_token;
  expect([(await refresh(next)).status, (await api.token(client)).status]).toEqual([429, 429]);
}

/** Proofs are spent wherever one comes. */
async function useProofs(api: ReturnType<typeof endpointsOf>): Promise<void> {
  const key = proofKey();
  const client = await api.register({ scope: 'read clients:manage' });
  const proof = (to: string, token?: string): Readonly<Record<string, string>> => ({
    dpop: dpopProof(key, to.replace(' ', ` ${api.issuer}`), Math.floor(Date.now() / 1000), token),
  });
  const { refresh_token } = expectOk(await api.token(client, { scope: 'read clients:manage' }, { headers: proof('POST /token') })).body;
  const again = { refresh_token, client_id: client.client_id, client_secret: client.client_secret };
  const { access_token: token } = expectOk(
    await api.call('/refresh', { method: 'POST', body: again, headers: proof('POST /refresh') }),
  ).body;
  for (const path of ['/protected', '/sessions', '/clients'])
    expectOk(await api.call(path, { headers: { authorization: `DPoP ${token}`, ...proof(`GET ${path}`, token) } }));
}

/** Made, used at the sample API, listed, ended twice. */
async function useApiKeys(api: ReturnType<typeof endpointsOf>): Promise<void> {
  const path = `/clients/${(await api.register()).client_id}/api-keys`;
  const { id, api_key: key } = (await api.manage('POST', path, { scope: 'read' })).body;
  const use = async (): Promise<number> => (await api.call('/protected', { headers: { 'x-api-key': key } })).status;
  expect(await use()).toBe(200);
  expect(expectOk(await api.manage('GET', path)).body.items).toMatchObject([{ id, last_used_ip: '127.0.0.1' }]);
  for (let time = 0; time < 2; time += 1) expect((await api.manage('DELETE', `${path}/${id}`)).status).toBe(204);
  expect(await use()).toBe(401);
}

/** Added, shown, listed, tested, used at the token endpoint for a token that serves once, removed twice. */
async function useTrustRules(api: ReturnType<typeof endpointsOf>): Promise<void> {
  const client = await api.register();
  const kubernetes = externalIssuer('https://kubernetes.example.com');
  const [sub, aud] = ['system:serviceaccount:payments:billing', api.issuer];
  const rule = { issuer: kubernetes.url, kind: 'kubernetes', jwks: kubernetes.jwks, conditions: [{ claim: 'sub', equals: sub }] };
  const { status, body } = await api.manage('POST', '/trust-rules', { ...rule, client_id: client.client_id, single_use: true });
  expect(status).toBe(201);
  expectOk(await api.manage('GET', `/trust-rules/${body.id}`));
  expect(expectOk(await api.manage('GET', '/trust-rules')).body.items).toMatchObject([{ id: body.id }]);
  const now = Math.floor(Date.now() / 1000);
  const assertion = kubernetes.token({ sub, aud, iat: now, exp: now + 300, jti: 'one' });
  expect(expectOk(await api.manage('POST', '/trust-rules/test', { token: assertion })).body).toMatchObject({ accepted: true });
  const grant = form({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion });
  const ask = () => api.call('/token', { method: 'POST', body: grant });
  expectOk(await ask());
  expect((await ask()).status).toBe(400);
  for (let time = 0; time < 2; time += 1) expect((await api.manage('DELETE', `/trust-rules/${body.id}`)).status).toBe(204);
}

async function useSessions(api: ReturnType<typeof endpointsOf>): Promise<void> {
  const client = await api.register();
  const own = bearer(await api.accessToken(client));
  const [{ sid }] = expectOk(await api.manage('GET', `/sessions?client_id=${client.client_id}`)).body.items;
  expect((await api.call('/sessions?client_id=somebody-else', { headers: own })).status).toBe(403);
  for (let time = 0; time < 2; time += 1)
    expect((await api.manage('DELETE', `/sessions/${sid}?client_id=${client.client_id}`)).status).toBe(204);
  expect((await api.manage('DELETE', `/sessions?client_id=${client.client_id}`)).status).toBe(204);
}

/** A secret that has ended and a client that ends in a week: what the schedule of credentials takes away and warns of. */
async function useUpkeep(api: ReturnType<typeof endpointsOf>, { runSchedule }: LocalService): Promise<void> {
  const client = await api.register();
  const path = `/clients/${client.client_id}`;
  const inAWeek = new Date((Number(client.registered.client_id_issued_at) + 7 * 24 * 3600) * 1000).toISOString();
  expectOk(await api.manage('PUT', path, { scope: 'read', client_expires_at: inAWeek, secret_rotation: { every_days: 1 } }));
  const end = Date.now() + 4000;
  expect((await api.manage('POST', `${path}/secrets`, { expires_at: new Date(end).toISOString() })).status).toBe(201);
  const claim = (of: typeof client) => api.call(`${path}/secrets/rotation`, { method: 'POST', headers: basic(of) });
  expectOk(await claim(client));
  expect((await claim({ ...client, client_secret: 'wrong' })).status).toBe(401);
  await sleep(end - Date.now());
  expect(await runSchedule('upkeep')).toMatchObject({ ok: true, payload: { failed: 0, done: true } });
  expect(expectOk(await api.manage('GET', `${path}/secrets`)).body.items).toHaveLength(1);
}

async function forgetSigningKeys({ aws, deployment: { tables } }: LocalService): Promise<void> {
  const dynamodb = new DynamoDBClient({ region: 'us-east-1', credentials: aws.credentials, endpoint: aws.dynamodb.endpoint });
  const TableName = tables[0]?.name;
  const { Items = [] } = await dynamodb.send(
    new QueryCommand({ TableName, KeyConditionExpression: 'PK = :ring', ExpressionAttributeValues: { ':ring': { S: 'KEYRING' } } }),
  );
  for (const { PK, SK } of Items) await dynamodb.send(new DeleteItemCommand({ TableName, Key: { PK: PK!, SK: SK! } }));
  expect(Items.length).toBeGreaterThan(0);
  dynamodb.destroy();
}

beforeAll(async () => {
  const first = folder();
  await recorded(first, async (service) => {
    await useEverything(service);
    await useCertificates(endpointsAt(service), service.mtlsUrl!, first, certificates.get(first)!.get('own')!);
  });
  // The token function makes the record of the signing key when it is the first to need it, and so does the refresh function.
  const other = folder();
  const { refresh_token, port } = await recorded(other, async (service) => {
    const { body } = expectOk(await endpointsAt(service).token(service.credentials.clients['demo-service']));
    return { refresh_token: body.refresh_token as string, port: Number(new URL(service.issuer).port) };
  });
  await recorded(
    other,
    async (service) => {
      await forgetSigningKeys(service);
      expectOk(await endpointsAt(service).call('/refresh', { method: 'POST', body: { refresh_token } }));
    },
    port,
  );
});
afterAll(() => {
  for (const path of folders) rmSync(path, { recursive: true, force: true });
});

type Grant = {
  readonly action: string;
  readonly resource: string;
  /** Of the leading keys; empty = no condition. */ readonly keys: string;
};
const list = (value: unknown): readonly string[] => [value ?? []].flat().map(String);

/** What a role allows, one line for each action, resource and pattern of partition keys. Writing logs is Lambda's own doing. */
function grantsOf(roleName: string): readonly Grant[] {
  const statements =
    deployment.roles
      .find(({ name }) => name === roleName)
      ?.policies.flatMap(({ policy }) => policy['Statement'] as readonly JsonObject[]) ?? [];
  return statements.flatMap((statement) => {
    const condition = (statement['Condition'] ?? {}) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    const patterns = list(condition['ForAllValues:StringLike']?.['dynamodb:LeadingKeys']);
    return list(statement['Action'])
      .filter((action) => !action.startsWith('logs:'))
      .flatMap((action) =>
        list(statement['Resource']).flatMap((resource) =>
          (patterns.length === 0 ? [''] : patterns).map((keys) => ({ action, resource, keys })),
        ),
      );
  });
}
const inWords = ({ action, resource, keys }: Grant): string => `${action} ${resource} ${keys}`.trim();

/** The lines of the role that this use has needed. */
const usedOf = (grants: readonly Grant[], { action, resource, leadingKeys }: AccessRecord): readonly Grant[] =>
  grants.filter(
    (grant) =>
      grant.action === action &&
      matches(grant.resource, resource) &&
      (grant.keys === '' || leadingKeys.some((key) => matches(grant.keys, key))),
  );

it('every call that was made was allowed', () => {
  expect(seen.length).toBeGreaterThan(40);
  expect(seen.filter(({ allowed }) => !allowed)).toEqual([]);
});

it('every call touches the only table, keys and ring of the deployment, and no whole table', () => {
  const known = [onlyTable(deployment).arn, ...deployment.keys.map(({ arn }) => arn), ...deployment.secrets.map(({ arn }) => arn)];
  const others = seen.filter(({ resource }) => !known.some((arn) => resource === arn || resource.startsWith(`${arn}/index/`)));
  // Signing keys come after the deployment; two actions of KMS know no resource.
  const ofMadeKeys = others.filter(({ action, resource }) => action.startsWith('kms:') && resource.includes(':key/'));
  const withoutResource = others.filter(({ action, resource }) => ['kms:CreateKey', 'kms:ListKeys'].includes(action) && resource === '*');
  expect(others.filter((access) => !ofMadeKeys.includes(access) && !withoutResource.includes(access))).toEqual([]);
  expect(seen.filter(({ action }) => action === 'dynamodb:Scan')).toEqual([]);
  expect(seen.filter(({ action, leadingKeys }) => action.startsWith('dynamodb:') && leadingKeys.length === 0)).toEqual([]);
});

it('every action that a role allows was used, on every kind of item that it allows it for', () => {
  const unused = deployment.functions.flatMap(({ name, logicalId, roleArn }) => {
    const role = deployment.roles.find(({ arn }) => arn === roleArn)?.name ?? '';
    const grants = grantsOf(role);
    const used = new Set(
      seen
        .filter(({ principal }) => principal.endsWith(`:assumed-role/${role}/${name}`))
        .flatMap((access) => usedOf(grants, access))
        .map(inWords),
    );
    return grants
      .map(inWords)
      .filter((grant) => !used.has(grant))
      .map((grant) => `${logicalId}: ${grant}`);
  });
  expect(unused).toEqual([]);
});

it('the roles of the functions allow something, and those that need nothing allow nothing', () => {
  const amounts = Object.fromEntries(
    deployment.functions.map(({ logicalId, roleArn }) => [
      logicalId,
      grantsOf(deployment.roles.find(({ arn }) => arn === roleArn)?.name ?? '').length,
    ]),
  );
  for (const [logicalId, amount] of Object.entries(amounts))
    expect(amount === 0, logicalId).toBe(/^SampleSample/.test(logicalId) || /SampleFunction/.test(logicalId));
});
