// Is the caller the client it says it is? The checks in the order in which they happen; every refusal looks the same outside.
import { hasEnded, type Client, type SecretDigest } from '../clients/client.ts';
import { ok, refuse, type Result } from '../result.ts';
import { isOneOfRoles } from './iam-principal.ts';
import { inRanges } from './network.ts';
import type { PresentedCredential, PresentedPrincipal } from './presented.ts';
import { isWellFormedClientSecret, matchClientSecret } from './secret.ts';

export type AuthenticationFailure =
  | { readonly reason: 'unknown_client'; readonly clientId: string }
  | { readonly reason: 'secret_mismatch'; readonly clientId: string; readonly wellFormed: boolean }
  /** `principal`: the ARN of who signed the request. */
  | { readonly reason: 'principal_mismatch'; readonly clientId: string; readonly principal: string }
  | { readonly reason: 'client_disabled'; readonly clientId: string }
  | { readonly reason: 'client_expired'; readonly clientId: string }
  | { readonly reason: 'network_not_allowed'; readonly clientId: string };

/** Proof that the checks below were made: only this file makes one. */
export type AuthenticatedClient = {
  readonly client: Client;
  /** The secret that proved it; undefined where an AWS principal or a refresh token alone did. */
  readonly credential: SecretDigest | undefined;
  /** Factors proven, as in `amr`. */
  readonly factors: readonly string[];
};

export type AuthenticationContext = {
  readonly client: Client | undefined;
  /** Derived digest keys by ring key id, for every pepper that the client's secrets name. */
  readonly peppers: ReadonlyMap<string, Uint8Array>;
  readonly ip: string;
  /** Epoch seconds. */
  readonly now: number;
};

export function authenticateBySecret(
  presented: PresentedCredential,
  { client, peppers, ip, now }: AuthenticationContext,
): Result<AuthenticatedClient, AuthenticationFailure> {
  const { clientId, secret } = presented;
  // The digests are compared even where there is no client, so that both cases take the same time.
  const credential = matchClientSecret(secret, client?.secrets ?? [], peppers, now);
  if (client === undefined) return refuse({ reason: 'unknown_client', clientId });
  if (credential === undefined) return refuse({ reason: 'secret_mismatch', clientId, wellFormed: isWellFormedClientSecret(secret) });
  const standing = checkStanding(client, ip, now);
  if (!standing.ok) return standing;
  return ok({ client, credential, factors: ['client_secret', ...networkFactor(client)] });
}

/** The client whose `iam_principals` name the role that API Gateway saw signing the request (SigV4). */
export function authenticateByPrincipal(
  { clientId, userArn }: PresentedPrincipal,
  { client, ip, now }: Omit<AuthenticationContext, 'peppers'>,
): Result<AuthenticatedClient, AuthenticationFailure> {
  if (client === undefined) return refuse({ reason: 'unknown_client', clientId });
  if (!isOneOfRoles(userArn, client.iam_principals ?? [])) return refuse({ reason: 'principal_mismatch', clientId, principal: userArn });
  const standing = checkStanding(client, ip, now);
  if (!standing.ok) return standing;
  return ok({ client, credential: undefined, factors: ['iam', ...networkFactor(client)] });
}

/** For a client whose refresh token alone is enough (`refresh_client_auth: none`): everything but the secret. */
export function admitWithoutSecret(
  clientId: string,
  { client, ip, now }: AuthenticationContext,
): Result<AuthenticatedClient, AuthenticationFailure> {
  if (client === undefined) return refuse({ reason: 'unknown_client', clientId });
  const standing = checkStanding(client, ip, now);
  if (!standing.ok) return standing;
  return ok({ client, credential: undefined, factors: networkFactor(client) });
}

/** Whether a client may act at all, from here and now, however it proved itself. */
export function checkStanding(client: Client, ip: string, now: number): Result<true, AuthenticationFailure> {
  const clientId = client.client_id;
  if (client.disabled) return refuse({ reason: 'client_disabled', clientId });
  if (hasEnded(client, now)) return refuse({ reason: 'client_expired', clientId });
  if (client.ip_ranges.length > 0 && !inRanges(ip, client.ip_ranges)) return refuse({ reason: 'network_not_allowed', clientId });
  return ok(true);
}

/** Being limited to networks, and calling from one of them, is a factor of its own. */
const networkFactor = (client: Client): readonly string[] => (client.ip_ranges.length > 0 ? ['ip'] : []);
