// What every grant decides: the access token's content, before it is signed.
import { allowedNetworks } from '../client-authentication/allowed-networks.ts';
import type { AuthenticatedClient } from '../client-authentication/authenticate.ts';
import type { Client } from '../clients/client.ts';
import type { Confirmation } from '../tokens/confirmation.ts';
import { MANAGE_CLIENTS } from '../tokens/scope.ts';

/** A grant's decision; `sid` when the token belongs to a session, or to an API key, whose id it then is. */
export type TokenDecision = {
  readonly client: Client;
  readonly scope: readonly string[];
  readonly audience: string;
  readonly amr: readonly string[];
  readonly sid?: string;
  /** CIDRs that the token may be used from; absent = any. */
  readonly networks?: readonly string[];
  /** When what it was got with ends, in epoch seconds: the token does not outlive it. */
  readonly endsAt?: number;
  /** What the token is bound to; absent = it is a bearer token. */
  readonly confirmation?: Confirmation;
  /** For the authorizer that was shown an API key, and for nobody else (tokens/authorizer-audience.ts). */
  readonly forAuthorizer?: true;
};

/** A client's audiences: as registered, or the issuer alone. */
export const audiencesOf = (client: Client, issuer: string): readonly string[] => client.audiences ?? [issuer];

/** Granted when no scope is asked for: as registered, or everything except the scope that manages clients. */
export const defaultScopeOf = (client: Client): readonly string[] =>
  client.default_scope ?? client.scope.filter((token) => token !== MANAGE_CLIENTS);

/** Where a token of this caller may be used: where its client, its credential and the session (if any) all may. */
export function networksOf(
  { client, credential }: AuthenticatedClient,
  session?: { readonly ip_ranges?: readonly string[] },
): Pick<TokenDecision, 'networks'> {
  const networks = allowedNetworks([client.ip_ranges, credential?.ip_ranges, session?.ip_ranges]);
  return networks === undefined ? {} : { networks };
}
