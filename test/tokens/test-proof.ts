// DPoP proofs as a client makes them, and as an attacker does.
import { createHash, randomUUID } from 'node:crypto';
import { jwkThumbprint, publicMembers } from '../../src/tokens/jwk.ts';
import { signedJws, testKey, type TestKey } from './test-issuer.ts';

export type ProofKey = TestKey & { readonly jkt: string; readonly publicJwk: Readonly<Record<string, string>> };

export function proofKey(alg: TestKey['alg'] = 'ES256'): ProofKey {
  const key = testKey(alg);
  return { ...key, jkt: jwkThumbprint(key.jwk) ?? '', publicJwk: publicMembers(key.jwk) ?? {} };
}

export type ProofChanges = {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Whose signature it is, where it is another's than the key in the header. */
  readonly signedBy?: TestKey;
};

/** @param to `POST https://issuer.example/token`. @param iat epoch seconds. */
export function dpopProof(key: ProofKey, to: string, iat: number, accessToken?: string, changes: ProofChanges = {}): string {
  const [htm, htu] = to.split(' ');
  const header = { typ: 'dpop+jwt', alg: key.alg, jwk: key.publicJwk, ...changes.header };
  const ath = accessToken === undefined ? {} : { ath: createHash('sha256').update(accessToken).digest('base64url') };
  return signedJws(changes.signedBy ?? key, header, { jti: randomUUID(), htm, htu, iat, ...ath, ...changes.claims });
}
