// What the requests below /clients share: the client that the path names, and who does something to it.
import { CLIENT_ID_PATTERN, type Client } from '../clients/client.ts';
import { ok, refuse, type Result } from '../result.ts';
import type { Failure } from './failure.ts';
import type { ClientStore } from './stores.ts';
import type { Trail } from './trail.ts';

export type Answer = { readonly status: number; readonly body: unknown };

export async function findClient(trail: Trail, { clients }: { readonly clients: ClientStore }): Promise<Result<Client, Failure>> {
  const clientId = clientIdInPath(trail);
  const client = clientId === undefined ? undefined : await clients.read(clientId);
  return client === undefined ? refuse({ reason: 'client_unknown' }) : ok(client);
}

/** Anything but the form of a client's id is none, and never becomes part of a key. */
export function clientIdInPath({ request }: Trail): string | undefined {
  const clientId = request.pathParameters.get('client_id') ?? '';
  return CLIENT_ID_PATTERN.test(clientId) ? clientId : undefined;
}

/** The `reason` of an audit event of management. */
export const by = (manager: string): string => `by:${manager}`;
