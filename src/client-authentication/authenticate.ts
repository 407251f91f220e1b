// Is the caller the client it says it is? The checks in the order in which they happen; every refusal looks the same outside.
import type { ApiKey } from '../clients/api-key.ts';
import { hasEnded, usesSecrets, type Client, type SecretDigest } from '../clients/client.ts';
import { ok, refuse, type Result } from '../result.ts';
import type { Confirmation } from '../tokens/confirmation.ts';
import type { ExternalIdentity } from './authenticate-by-external-token.ts';
import { isOneOfRoles } from './iam-principal.ts';
import { inRanges } from './network.ts';
import type { PresentedCredential, PresentedPrincipal } from './presented.ts';
import { isLiveSecret, isWellFormedClientSecret, matchClientSecret } from './secret.ts';

export type AuthenticationFailure =
  | { readonly reason: 'unknown_client'; readonly clientId: string; readonly method?: string }
  | ({
      readonly reason: 'secret_mismatch';
      readonly clientId: string;
      readonly wellFormed: boolean;
      readonly method: string;
      /** How many secrets the client has that still serve. */
      readonly liveSecrets: number;
    } & Partial<ExpiredSecret>)
  /** `registered`: the method of the client, which is another than the credential's. */
  | { readonly reason: 'method_not_registered'; readonly clientId: string; readonly method: string; readonly registered: string }
  | AssertionFailure
  /** `principal`: the ARN of who signed the request; `registered`: the client's own roles. */
  | { readonly reason: 'principal_mismatch'; readonly clientId: string; readonly principal: string; readonly registered: string }
  /** `status`: of the key that has this id, `unknown` where none has. */
  | { readonly reason: 'api_key_mismatch'; readonly clientId: string; readonly apiKeyId: string; readonly status: string }
  | { readonly reason: 'api_key_expired'; readonly clientId: string; readonly apiKeyId: string }
  /** `subject`: of the certificate that came; `expected`: the field that it should have met. */
  | {
      readonly reason: 'certificate_mismatch';
      readonly clientId: string;
      readonly thumbprint: string;
      readonly subject: string;
      readonly expected: string;
    }
  | { readonly reason: 'client_disabled'; readonly clientId: string }
  /** Epoch seconds. */
  | { readonly reason: 'client_expired'; readonly clientId: string; readonly endedAt: number }
  | { readonly reason: 'network_not_allowed'; readonly clientId: string; readonly ip: string; readonly allowedNetworks: string };

/** An assertion that does not serve; `detail` says where. */
export type AssertionFailure =
  | {
      readonly reason: 'assertion_invalid';
      readonly clientId: string;
      readonly problem: string;
      readonly detail: string;
    }
  | { readonly reason: 'assertion_replayed'; readonly clientId: string; readonly kid: string }
  /** The client's `jwks_uri` gives no keys, for a reason that lasts. */
  | { readonly reason: 'client_keys_unavailable'; readonly clientId: string; readonly url: string; readonly problem: string };

/** Which of the client's secrets it would have been, and when that one ended (epoch seconds). */
type ExpiredSecret = { readonly secretId: string; readonly secretExpiredAt: number };

/** Proof that the checks were made: only this file and that of API keys make one. */
export type AuthenticatedClient = {
  readonly client: Client;
  /** The secret, key or API key that proved it; undefined where an AWS principal or a refresh token alone did. */
  readonly credential: Pick<SecretDigest, 'id' | 'ip_ranges'> | undefined;
  /** The credential, where it is an API key: tokens hold no more than it may, and end with it. */
  readonly apiKey?: ApiKey;
  /** Who it is at an external issuer, where that issuer's token proved it: tokens hold no more than the trust rule lets them. */
  readonly external?: ExternalIdentity;
  /** Factors proven, as in `amr`. */
  readonly factors: readonly string[];
  /** What it has proven to hold and its tokens are bound to; absent = they are bearer tokens. */
  readonly confirmation?: Confirmation;
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
  const { clientId, secret, method } = presented;
  // The digests are compared even where there is no client, so that both cases take the same time.
  const { live: credential, expired } = matchClientSecret(secret, client?.secrets ?? [], peppers, now);
  if (client === undefined) return refuse({ reason: 'unknown_client', clientId, method });
  if (credential === undefined) {
    const liveSecrets = client.secrets.filter((one) => isLiveSecret(one, now)).length;
    const wellFormed = isWellFormedClientSecret(secret);
    return refuse({ reason: 'secret_mismatch', clientId, wellFormed, method, liveSecrets, ...expiredSecret(expired) });
  }
  if (!usesSecrets(client)) return notRegistered(client, method);
  const standing = checkStanding(client, ip, now);
  if (!standing.ok) return standing;
  const network = checkNetworks(clientId, credential.ip_ranges, ip);
  if (!network.ok) return network;
  return ok({ client, credential, factors: ['client_secret', ...networkFactor(client, credential)] });
}

/** A credential of another method than the client's is none, however right it is (RFC 7591 section 2). */
export const notRegistered = ({ client_id: clientId, token_endpoint_auth_method: registered }: Client, method: string) =>
  refuse({ reason: 'method_not_registered', clientId, method, registered } as const);

const expiredSecret = (secret: SecretDigest | undefined): Partial<ExpiredSecret> =>
  secret?.expires_at === undefined ? {} : { secretId: secret.id, secretExpiredAt: secret.expires_at };

/** The client whose `iam_principals` name the role that API Gateway saw signing the request (SigV4). */
export function authenticateByPrincipal(
  { clientId, userArn }: PresentedPrincipal,
  { client, ip, now }: Omit<AuthenticationContext, 'peppers'>,
): Result<AuthenticatedClient, AuthenticationFailure> {
  if (client === undefined) return refuse({ reason: 'unknown_client', clientId, method: 'iam' });
  const roles = client.iam_principals ?? [];
  if (!isOneOfRoles(userArn, roles))
    return refuse({ reason: 'principal_mismatch', clientId, principal: userArn, registered: roles.join(' ') });
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
  if (hasEnded(client, now)) return refuse({ reason: 'client_expired', clientId, endedAt: client.client_expires_at ?? now });
  if (client.ip_ranges.length > 0 && !inRanges(ip, client.ip_ranges))
    return refuse({ reason: 'network_not_allowed', clientId, ip, allowedNetworks: client.ip_ranges.join(' ') });
  return ok(true);
}

/** Whether a credential, or a session, may be used from here. @param ranges undefined = from anywhere. */
export function checkNetworks(
  clientId: string,
  ranges: readonly string[] | undefined,
  ip: string,
): Result<true, AuthenticationFailure & { readonly reason: 'network_not_allowed' }> {
  if (ranges === undefined || inRanges(ip, ranges)) return ok(true);
  return refuse({ reason: 'network_not_allowed', clientId, ip, allowedNetworks: ranges.join(' ') });
}

/** Being limited to networks, and calling from one of them, is a factor of its own. */
export const networkFactor = (client: Client, credential?: AuthenticatedClient['credential']): readonly string[] =>
  client.ip_ranges.length > 0 || credential?.ip_ranges !== undefined ? ['ip'] : [];
