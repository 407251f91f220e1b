// What every grant decides: the access token's content, before it is signed.
import type { Client } from '../clients/client.ts';
import { MANAGE_CLIENTS } from '../tokens/scope.ts';

/** A grant's decision; `sid` when the token belongs to a session. */
export type TokenDecision = {
  readonly client: Client;
  readonly scope: readonly string[];
  readonly audience: string;
  readonly amr: readonly string[];
  readonly sid?: string;
};

/** A client's audiences: as registered, or the issuer alone. */
export const audiencesOf = (client: Client, issuer: string): readonly string[] => client.audiences ?? [issuer];

/** Granted when no scope is asked for: as registered, or everything except the scope that manages clients. */
export const defaultScopeOf = (client: Client): readonly string[] =>
  client.default_scope ?? client.scope.filter((token) => token !== MANAGE_CLIENTS);
