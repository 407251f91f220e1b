// From a grant's decision to a signed access token (RFC 9068) and the token answer (RFC 6749 section 5.1).
import type { AudienceSettings } from '../tokens/audience.ts';
import type { Client } from '../clients/client.ts';
import type { TokenDecision } from '../grants/issued-token.ts';
import { accessTokenSigningInput, type AccessTokenClaims } from '../tokens/access-token.ts';
import type { Algorithm } from '../tokens/algorithms.ts';
import { authorizerAudience } from '../tokens/authorizer-audience.ts';
import { encodeBase64Url } from '../tokens/base64url.ts';
import { formatScope } from '../tokens/scope.ts';
import type { TokenSigner } from './stores.ts';

/** How this service issues. */
export type IssueSettings = {
  readonly issuer: string;
  readonly defaultAlgorithm: Algorithm;
  readonly accessTokenLifetimeSeconds: number;
  readonly audiences: ReadonlyMap<string, AudienceSettings>;
};

/** @param jti 128 or more fresh random bits, base64url. @param now epoch seconds. */
export function draftAccessToken(decision: TokenDecision, jti: string, now: number, settings: IssueSettings): AccessTokenClaims {
  const { client, scope, audience, amr, sid, networks, endsAt, confirmation, forAuthorizer } = decision;
  return {
    iss: settings.issuer,
    sub: client.client_id,
    client_id: client.client_id,
    aud: forAuthorizer ? authorizerAudience(audience) : audience,
    iat: now,
    // A token never outlives its client, nor the API key that it was got with.
    exp: Math.min(now + lifetimeSeconds(client, audience, settings), client.client_expires_at ?? Infinity, endsAt ?? Infinity),
    jti,
    scope: formatScope(scope),
    roles: client.roles,
    epoch: client.epoch,
    ...(sid === undefined ? {} : { sid }),
    ...(confirmation === undefined ? {} : { cnf: confirmation }),
    ...(networks === undefined ? {} : { ip: networks }),
    amr,
  };
}

/** The shorter of what the client and the audience ask for, or the service's usual. */
function lifetimeSeconds(client: Client, audience: string, settings: IssueSettings): number {
  const asked = [client.access_token_lifetime, settings.audiences.get(audience)?.access_token_lifetime].filter(
    (seconds) => seconds !== undefined,
  );
  return asked.length > 0 ? Math.min(...asked) : settings.accessTokenLifetimeSeconds;
}

/** The key that signs for the audience of these claims when they are made; normally no call. */
export const signingKeyFor = (
  { aud, iat }: AccessTokenClaims,
  settings: IssueSettings,
  signer: Pick<TokenSigner, 'key'>,
): ReturnType<TokenSigner['key']> => signer.key(settings.audiences.get(aud)?.algorithm ?? settings.defaultAlgorithm, iat);

/** One Sign call; the key ring is normally in memory. */
export async function signAccessToken(claims: AccessTokenClaims, settings: IssueSettings, signer: TokenSigner): Promise<string> {
  const key = await signingKeyFor(claims, settings, signer);
  const signingInput = accessTokenSigningInput(key, claims);
  const signature = await signer.sign(key.kid, Buffer.from(signingInput));
  return `${signingInput}.${encodeBase64Url(signature)}`;
}

/** RFC 6749 section 5.1; `scope` is always told. */
export const tokenAnswer = (accessToken: string, claims: AccessTokenClaims, refreshToken?: string): Readonly<Record<string, unknown>> => ({
  access_token: accessToken,
  // RFC 9449 section 5; a token that is bound to a certificate alone stays a Bearer token (RFC 8705 section 3).
  token_type: claims.cnf?.['jkt'] === undefined ? 'Bearer' : 'DPoP',
  expires_in: claims.exp - claims.iat,
  scope: claims.scope,
  ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
});
