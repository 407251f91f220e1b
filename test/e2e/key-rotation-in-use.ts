// Everything that the rotation of signing keys does, on a running service.
import { DeleteItemCommand, DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { LocalService } from '../../local/service.ts';
import { decoded, expectOk, type endpointsOf } from './endpoints.ts';

type Shown = { readonly kid: string; readonly state: string; readonly signs: boolean };

/**
 * A standby; one that was made by a run that died before it could record it; a rotation; and a key that has had its time. Times are
 * moved in the table, since none of it would happen within a test.
 */
export async function useRotation(api: ReturnType<typeof endpointsOf>, service: LocalService): Promise<void> {
  const ring = ringOf(service);
  const rotate = async (event: object): Promise<readonly Shown[]> => {
    const answer = await service.runSchedule('rotate-keys', JSON.stringify(event));
    expect(answer).toMatchObject({ ok: true, payload: { ok: true, without_standby: [] } });
    return (answer as unknown as { payload: { keys: readonly Shown[] } }).payload.keys;
  };
  const template = (await rotate({ schedule: 'rotate-keys' })).find(({ signs }) => signs)!.kid;
  const standby = (await rotate({ command: 'list' })).find(({ state }) => state === 'pending')!.kid;
  await ring.remove(`KEY#${standby}`);
  await ring.set('ROTATION', { held_until: '1' });
  expect((await rotate({ schedule: 'rotate-keys' })).map(({ kid }) => kid).sort()).toEqual([standby, template].sort());

  await ring.set(`KEY#${standby}`, { created_at: '1' });
  await rotate({ command: 'rotate', algorithm: 'RS256' });
  await sleep(4500);
  // Through both functions that sign, with a key that the template does not know.
  const { client_id, client_secret } = await api.register();
  const { access_token, refresh_token } = expectOk(await api.token({ client_id, client_secret })).body;
  expect(decoded(access_token).header.kid).toBe(standby);
  expectOk(await api.call('/refresh', { method: 'POST', body: { refresh_token, client_id, client_secret } }));
  expectOk(await api.protected(access_token));

  const next = (await rotate({ command: 'list' })).find(({ state }) => state === 'pending')!.kid;
  await rotate({ command: 'retire', kid: next });
  await ring.set(`KEY#${next}`, { retires_at: '1', removed_at: '2' });
  expect((await rotate({ schedule: 'rotate-keys' })).find(({ kid }) => kid === next)?.state).toBe('retired');
  await rotate({ command: 'revoke', kid: template });
  ring.close();
}

/** The ring's items as somebody with a key to the table changes them. */
function ringOf({ aws, deployment: { tables } }: LocalService) {
  const dynamodb = new DynamoDBClient({ region: 'us-east-1', credentials: aws.credentials, endpoint: aws.dynamodb.endpoint });
  const keyOf = (SK: string) => ({ TableName: tables[0]?.name, Key: { PK: { S: 'KEYRING' }, SK: { S: SK } } });
  return {
    remove: (SK: string) => dynamodb.send(new DeleteItemCommand(keyOf(SK))),
    set: (SK: string, numbers: Readonly<Record<string, string>>) => {
      const assignments = Object.keys(numbers).map((name) => `${name} = :${name}`);
      const values = Object.fromEntries(Object.entries(numbers).map(([name, N]) => [`:${name}`, { N }]));
      const update = { UpdateExpression: `SET ${assignments.join(', ')}`, ExpressionAttributeValues: values };
      return dynamodb.send(new UpdateItemCommand({ ...keyOf(SK), ...update }));
    },
    close: () => {
      dynamodb.destroy();
    },
  };
}
