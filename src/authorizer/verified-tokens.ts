/**
 * Tokens verified before, by their SHA-256: the same text under the same keys verifies the same way until it expires. What
 * changes meanwhile (time, keys, revocations, rules) is judged anew each time. Two generations bound it: when the younger is
 * full the older is dropped, and what is still in use has moved over. A token is remembered when it comes a second time, so
 * that any number of tokens that are used once displace nothing and cost no memory.
 */
import { hash } from 'node:crypto';
import type { VerificationKey } from '../tokens/jwk.ts';
import type { VerifiedToken } from './revocation.ts';

/** About a kilobyte each. */
const GENERATION_MAX = 4_000;

type Remembered = { readonly token: VerifiedToken; readonly key: VerificationKey };
export type VerifiedTokens = {
  digestOf(token: string): string;
  /** @param keys the keys trusted now: a token whose key has left them or was replaced is not remembered. */
  find(digest: string, keys: ReadonlyMap<string, VerificationKey>): VerifiedToken | undefined;
  remember(digest: string, token: VerifiedToken, keys: ReadonlyMap<string, VerificationKey>): void;
};

export function createVerifiedTokens(generationMax = GENERATION_MAX): VerifiedTokens {
  let young = new Map<string, Remembered>();
  let old = new Map<string, Remembered>();
  const seenOnce = new Set<string>();
  const keep = (digest: string, remembered: Remembered): void => {
    if (young.size >= generationMax) {
      old = young;
      young = new Map();
    }
    young.set(digest, remembered);
  };
  return {
    digestOf: (token) => hash('sha256', token, 'binary'),
    find(digest, keys) {
      let remembered = young.get(digest);
      if (remembered === undefined) {
        remembered = old.get(digest);
        if (remembered === undefined) return undefined;
        keep(digest, remembered);
      }
      return keys.get(remembered.token.kid) === remembered.key ? remembered.token : undefined;
    },
    remember(digest, token, keys) {
      const key = keys.get(token.kid);
      if (key === undefined) return;
      if (seenOnce.delete(digest)) {
        keep(digest, { token, key });
        return;
      }
      if (seenOnce.size >= generationMax) seenOnce.clear();
      seenOnce.add(digest);
    },
  };
}
