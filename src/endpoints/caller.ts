// Client authentication at an endpoint: the presented secret or AWS principal against the record that admission has read.
import {
  authenticateByPrincipal,
  authenticateBySecret,
  type AuthenticatedClient,
  type AuthenticationFailure,
} from '../client-authentication/authenticate.ts';
import {
  presentedCredential,
  presentedPrincipal,
  type PresentationFailure,
  type PresentedCredential,
  type PresentedPrincipal,
} from '../client-authentication/presented.ts';
import type { Client } from '../clients/client.ts';
import { nowSeconds, type HttpRequest } from '../http/message.ts';
import { decodeFormComponent, type Parameters } from '../http/parameters.ts';
import type { Result } from '../result.ts';
import type { SecretRing } from './stores.ts';

export type Presented = PresentedCredential | PresentedPrincipal;

/** The principal on a route of AWS callers, a secret on every other: which of them is the route's to say, never the caller's. */
export const presentedBy = ({ headers, iam }: HttpRequest, parameters: Parameters): Result<Presented, PresentationFailure> =>
  iam === undefined
    ? presentedCredential({ headers, parameters, decodeFormComponent })
    : presentedPrincipal(iam.userArn, { headers, parameters });

export async function authenticateCaller(
  presented: Presented,
  client: Client | undefined,
  request: HttpRequest,
  ring: SecretRing,
): Promise<Result<AuthenticatedClient, AuthenticationFailure>> {
  const now = nowSeconds(request);
  if (presented.method === 'iam') return authenticateByPrincipal(presented, { client, ip: request.ip, now });
  return authenticateBySecret(presented, { client, peppers: await peppersOf(client, ring, now), ip: request.ip, now });
}

/** The digest keys that the client's secrets were made under; normally one, from memory. */
async function peppersOf(client: Client | undefined, ring: SecretRing, now: number): Promise<ReadonlyMap<string, Uint8Array>> {
  // The current pepper is asked for in any case, so that an unknown client takes the way a known one does.
  const ids = new Set([await ring.currentId(now), ...(client?.secrets ?? []).map((secret) => secret.pepper)]);
  const peppers = new Map<string, Uint8Array>();
  for (const id of ids) {
    const pepper = await ring.key(id, 'client-secret-digest', now);
    if (pepper !== undefined) peppers.set(id, pepper);
  }
  return peppers;
}
