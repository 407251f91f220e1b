/**
 * What the requests below /clients and /sessions share: who manages, the client that is meant, and the one gate between them.
 * A manager with `manages_tags` finds only its own clients (src/clients/delegation.ts); every other is unknown to it.
 */
import { CLIENT_ID_PATTERN, type Client } from '../clients/client.ts';
import { forbidden, manages, type Purpose } from '../clients/delegation.ts';
import { ok, refuse, type Result } from '../result.ts';
import type { Failure } from './failure.ts';
import type { ClientStore } from './stores.ts';
import type { Trail } from './trail.ts';

export type Answer = { readonly status: number; readonly body: unknown };

export type Manager = {
  /** Client id of the bearer, or ARN of the AWS principal: who did it, in the audit trail. */
  readonly name: string;
  /** As the table has it at this very request; undefined for an AWS principal, whom IAM alone restricts. */
  readonly client: Client | undefined;
};

export type ManagedClientDeps = { readonly clients: Pick<ClientStore, 'read'>; readonly issuer: string };

/** The client in the path, if the manager may do to it what the request is for: one read. */
export async function findClient(
  trail: Trail,
  manager: Manager,
  purpose: Purpose,
  deps: ManagedClientDeps,
): Promise<Result<Client, Failure>> {
  const clientId = clientIdInPath(trail);
  return clientId === undefined ? refuse({ reason: 'client_unknown' }) : findClientById(clientId, manager, purpose, deps);
}

export async function findClientById(
  clientId: string,
  manager: Manager,
  purpose: Purpose,
  { clients, issuer }: ManagedClientDeps,
): Promise<Result<Client, Failure>> {
  const client = await clients.read(clientId);
  if (client === undefined || !isVisible(client, manager)) return refuse({ reason: 'client_unknown' });
  const excess = manager.client === undefined ? undefined : forbidden(purpose, manager.client, client, issuer);
  return excess === undefined ? ok(client) : refuse({ reason: 'beyond_manager', ...excess });
}

export const isVisible = (client: Client, manager: Manager): boolean => manager.client === undefined || manages(manager.client, client);

/** Whether the gate would let the manager through to any client, so that none need be read first. */
export const isUnrestricted = ({ client }: Manager): boolean => client?.manages_tags === undefined;

/** Anything but the form of a client's id is none, and never becomes part of a key. */
export function clientIdInPath({ request }: Trail): string | undefined {
  const clientId = request.pathParameters.get('client_id') ?? '';
  return CLIENT_ID_PATTERN.test(clientId) ? clientId : undefined;
}

/** The `reason` of an audit event of management. */
export const by = ({ name }: Pick<Manager, 'name'>): string => `by:${name}`;
