// Verified tokens for one audience: from memory where the same text was verified before, by its signature otherwise.
import { ok } from '../result.ts';
import { isExpired, verifySignedAccessToken } from '../tokens/access-token.ts';
import type { Examined } from './decide.ts';
import type { Keys, KeySource } from './issuer-keys.ts';
import type { VerifiedToken } from './revocation.ts';
import { createVerifiedTokens } from './verified-tokens.ts';

export type TokenVerifierOptions = {
  readonly issuer: string;
  /** What tokens must carry as `aud`. */
  readonly audience: string;
  readonly keys: KeySource;
  /** What becomes of a token that was found right, before it is remembered. */
  readonly asTold?: (token: VerifiedToken) => VerifiedToken;
};
/** A promise only where the issuer's keys are asked for once more. */
export type TokenVerifier = (token: string, nowMs: number) => Examined | Promise<Examined>;

/** Each verifier remembers for itself: what is right for one audience is not so for another. */
export function createTokenVerifier({ issuer, audience, keys: keySource, asTold = (token) => token }: TokenVerifierOptions): TokenVerifier {
  const remembered = createVerifiedTokens();

  const verify = (token: string, keys: Keys, now: number): Examined => {
    const digest = remembered.digestOf(token);
    const known = remembered.find(digest, keys);
    // An expired one goes through verification again, for its reason.
    if (known !== undefined && !isExpired(known.claims, now)) return ok(known);
    const verified = verifySignedAccessToken({ token, keys, issuer, audience, now });
    if (!verified.ok) return verified;
    const told = asTold(verified.value);
    remembered.remember(digest, told, keys);
    return ok(told);
  };

  return (token, nowMs) => {
    const now = Math.floor(nowMs / 1000);
    const verified = verify(token, keySource.held(nowMs), now);
    if (verified.ok || verified.failure.reason !== 'key_unknown') return verified;
    const { kid } = verified.failure;
    return keySource.lookFor(kid, nowMs).then((keys) => (keys.has(kid) ? verify(token, keys, now) : verified));
  };
}
