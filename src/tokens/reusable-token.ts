/**
 * When an access token that was handed out before may be handed out again (docs/thrifty-tokens.md): to the same credential, for claims
 * that a new one would have too, signed by the key that signs now, and never with less than half of its life left. Revocation is
 * judged by others.
 */
import { createHash } from 'node:crypto';
import type { AccessTokenClaims } from './access-token.ts';
import { decodeBase64Url } from './base64url.ts';
import { parseJsonObject } from './strict-json.ts';

export type ReusableToken = {
  readonly token: string;
  readonly jti: string;
  /** Epoch seconds. */
  readonly iat: number;
  /** Epoch seconds. */
  readonly exp: number;
  /** Of the key that signed it. */
  readonly kid: string;
};

/**
 * One text for everything that two tokens must have in common to stand for each other: the credential and every claim but the times and
 * the id. A scope, role, network, binding or epoch that has changed is another text.
 * @param credential what proved the client, as its record names it.
 */
export function reuseDigest(credential: string, claims: AccessTokenClaims): string {
  const { iat: _iat, exp: _exp, jti: _jti, ...lasting } = claims;
  return createHash('sha256')
    .update(JSON.stringify([credential, lasting]))
    .digest('base64url');
}

/** The first half of a token's life, in which it may be handed out again. @param now epoch seconds. */
export const isInFirstHalf = ({ iat, exp }: Pick<ReusableToken, 'iat' | 'exp'>, now: number): boolean =>
  now >= iat && 2 * (exp - now) >= exp - iat;

/**
 * Whether it serves in the place of the one that would be made now.
 * @param fresh the claims that a new one would have; `iat` is now. @param kid of the key that would sign it.
 */
export function isReusable(kept: ReusableToken, fresh: Pick<AccessTokenClaims, 'iat' | 'exp'>, kid: string): boolean {
  const now = fresh.iat;
  if (kept.kid !== kid || !isInFirstHalf(kept, now)) return false;
  // Not beyond the client's or credential's end or a lifetime that was made shorter, and half as good as a new one where it was made longer.
  return kept.exp <= fresh.exp && 2 * (kept.exp - now) >= fresh.exp - now;
}

/** What is known of a token that this service has signed itself; undefined for anything else than an access token of ours. */
export function readOwnToken(token: string): ReusableToken | undefined {
  const [header = '', payload = ''] = token.split('.');
  const { kid } = objectIn(header);
  const { jti, iat, exp } = objectIn(payload);
  if (typeof kid !== 'string' || typeof jti !== 'string' || typeof iat !== 'number' || typeof exp !== 'number') return undefined;
  return { token, jti, iat, exp, kid };
}

const objectIn = (part: string): Readonly<Record<string, unknown>> => parseJsonObject(decodeBase64Url(part) ?? '') ?? {};
