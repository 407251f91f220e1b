// AWS calls of each operation of the registration API, by a manager's access token. Beside AWS administrators there is one wait less.
import { randomBytes } from 'node:crypto';
import { CLIENT_ID } from './demo-client.ts';
import type { Case } from './calls.ts';
import { managementEvent } from './management-event.ts';

const ADMISSION = ['BatchGetItem', 'UpdateItem'];

/** @param accessToken of a client with the scope `clients:manage`, read when the first of these is sent. */
export async function managementCases(accessToken: () => string): Promise<readonly Case[]> {
  const clients = (await import('../functions/clients/handler.ts')).handler;
  const send = async (route: string, path: string, body?: object): Promise<number> => {
    const result = await clients(managementEvent({ route, path, accessToken: accessToken(), body }), {});
    return result.statusCode;
  };
  const one = `/clients/${CLIENT_ID}`;
  const operation = (title: string, then: readonly (readonly string[])[], status: number, sent: () => Promise<number>): Case => ({
    title: `management, ${title}`,
    expected: [ADMISSION, ...then],
    status,
    send: sent,
  });
  const metadata = { client_name: randomBytes(4).toString('hex'), scope: 'read write' };
  const register = () => send('POST /clients', '/clients', metadata);
  return [
    {
      title: "management, a new environment's first",
      expected: [['Query'], ADMISSION, ['GetSecretValue'], ['PutItem']],
      status: 201,
      send: register,
    },
    operation('create', [['PutItem']], 201, register),
    operation('read', [['GetItem'], ['BatchGetItem']], 200, () => send('GET /clients/{client_id}', one)),
    operation('list', [['Query'], ['BatchGetItem']], 200, () => send('GET /clients', '/clients')),
    operation('replace', [['GetItem'], ['UpdateItem']], 200, () => send('PUT /clients/{client_id}', one, metadata)),
    operation('disable', [['GetItem'], ['UpdateItem']], 200, () => send('PUT /clients/{client_id}', one, { ...metadata, disabled: true })),
    operation('add a secret', [['GetItem'], ['UpdateItem']], 201, () => send('POST /clients/{client_id}/secrets', `${one}/secrets`)),
    operation('list secrets', [['GetItem'], ['BatchGetItem']], 200, () => send('GET /clients/{client_id}/secrets', `${one}/secrets`)),
    operation('end a secret', [['GetItem'], ['UpdateItem']], 204, () =>
      send('DELETE /clients/{client_id}/secrets/{secret_id}', `${one}/secrets/s1`),
    ),
    operation('delete', [['UpdateItem']], 204, () => send('DELETE /clients/{client_id}', one)),
  ];
}
