/**
 * DPoP proofs that this environment has let pass, until they are too old anyway. Other environments know nothing of it: where there are
 * several, a proof may pass once in each within its two minutes, unless the table keeps them (docs/dpop.md).
 */
import { hash } from 'node:crypto';
import { PROOF_SKEW_SECONDS, type ProvenKey } from '../tokens/dpop.ts';

/** Where proofs are spent; false for one that was spent before. Throws `Outage` where that cannot be known. */
export type ProofMemory = { spend(key: ProvenKey, nowMs: number): boolean | Promise<boolean> };

/** No proof is good for longer: from the furthest future that is taken to the furthest past. */
const GENERATION_MS = (2 * PROOF_SKEW_SECONDS + 1) * 1000;
/** Some 80 bytes each; more than one environment can let pass in a generation, since it has one request at a time. */
const PROOFS_MAX = 200_000;

/** Two generations: a proof is in the younger or in the older one for as long as it lives. When both are full, nobody else passes. */
export function createProofMemory(proofsMax = PROOFS_MAX): ProofMemory {
  let young = new Set<string>();
  let old = new Set<string>();
  let bornMs = -Infinity;
  return {
    spend({ jkt, jti }, nowMs) {
      if (nowMs - bornMs >= GENERATION_MS) {
        old = nowMs - bornMs >= 2 * GENERATION_MS ? new Set() : young;
        young = new Set();
        bornMs = nowMs;
      }
      const proof = hash('sha256', `${jkt}.${jti}`, 'binary');
      if (young.has(proof) || old.has(proof) || young.size >= proofsMax) return false;
      young.add(proof);
      return true;
    },
  };
}
