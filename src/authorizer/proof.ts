// The DPoP proof that a request with the scheme `DPoP` brings along (RFC 9449 sections 4.3 and 7.1). Pure; whether it was used before is
// for whoever remembers.
import { refuse, type Result } from '../result.ts';
import type { AccessTokenClaims } from '../tokens/access-token.ts';
import { verifyDpopProof, type ProvenKey } from '../tokens/dpop.ts';
import type { AccessRequest } from './decide.ts';
import type { Denial } from './denial.ts';

/** @param token the text of the token that `claims` were verified in. @param now epoch seconds. */
export function proofOf(
  { method, dpop = [], url }: Pick<AccessRequest, 'method' | 'dpop' | 'url'>,
  token: string,
  claims: AccessTokenClaims,
  now: number,
): Result<ProvenKey, Denial> {
  const jkt = claims.cnf?.['jkt'];
  // A key that was proven for a token of nobody's would say nothing.
  if (jkt === undefined) return refuse({ reason: 'dpop_token_unbound', claims });
  const [proof, ...more] = dpop;
  if (proof === undefined) return refuse({ reason: 'dpop_proof_missing', claims });
  if (url === undefined) return refuse({ reason: 'dpop_url_unknown', claims });
  const proven = verifyDpopProof({ headers: [proof, ...more], method, url, accessToken: token, now });
  if (!proven.ok) return refuse({ ...proven.failure, claims });
  // RFC 9449 section 4.3, check 12: the key is the one that the token is bound to.
  return proven.value.jkt === jkt ? proven : refuse({ reason: 'dpop_key_wrong', claims });
}
