// Least privilege, both ways: a run that uses all that the functions can do is allowed every call that it makes, and makes every
// call that the synthesized roles allow. What is used is what the local IAM layer was asked.
import { DeleteItemCommand, DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AccessRecord } from '../../local/iam/access.ts';
import { matches } from '../../local/gateway/policy.ts';
import { startService, type LocalService } from '../../local/service.ts';
import { onlyTable, type Deployment } from '../../local/template/deployment.ts';
import type { JsonObject } from '../../local/template/template.ts';
import { bearer } from './call.ts';
import { endpointsOf, expectOk } from './endpoints.ts';
import { forged } from './signed-tokens.ts';
import { temporaryFolder } from './service-process.ts';

const folders: string[] = [];
const seen: AccessRecord[] = [];
let deployment: Deployment;

/** Runs `use` on a service of its own whose every kind of access is recorded. */
async function recorded<T>(dataDir: string, use: (service: LocalService) => Promise<T>, port = 0): Promise<T> {
  const service = await startService(
    { host: '127.0.0.1', port, dataDir, knobs: { RATE_LIMIT_PER_MINUTE: '1000' }, environments: 1 },
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
  const client = await api.register();
  const plain = await api.register({ grant_types: ['client_credentials'] });
  expectOk(await api.token(plain));
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
  await recorded(folder(), useEverything);
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
      grant.action === action && grant.resource === resource && (grant.keys === '' || leadingKeys.some((key) => matches(grant.keys, key))),
  );

it('every call that was made was allowed', () => {
  expect(seen.length).toBeGreaterThan(40);
  expect(seen.filter(({ allowed }) => !allowed)).toEqual([]);
});

it('every call touches the only table, keys and ring of the deployment, and no whole table', () => {
  const known = [onlyTable(deployment).arn, ...deployment.keys.map(({ arn }) => arn), ...deployment.secrets.map(({ arn }) => arn)];
  expect(seen.filter(({ resource }) => !known.some((arn) => resource === arn || resource.startsWith(`${arn}/index/`)))).toEqual([]);
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
