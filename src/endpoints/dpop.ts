/**
 * DPoP at the endpoints that issue tokens (RFC 9449 sections 5 and 8). The proof is judged before anything costs a call, and spent last,
 * beside the signature: a token leaves only where its proof had never been used.
 */
import type { AuthenticatedClient } from '../client-authentication/authenticate.ts';
import { ConfigurationError } from '../environment.ts';
import { nowSeconds, type HttpRequest } from '../http/message.ts';
import { ok, refuse, type Result } from '../result.ts';
import { dpopNonce, nonceUntil } from '../tokens/dpop-nonce.ts';
import { verifyDpopProof, type ProofFault, type ProvenKey } from '../tokens/dpop.ts';
import { freshId } from './fresh-id.ts';
import type { OneTimeStore, SecretRing } from './stores.ts';
import type { Trail } from './trail.ts';

export type DpopFailure =
  | ProofFault
  | { readonly reason: 'dpop_proof_replayed'; readonly jkt: string }
  /** The client, or the session, takes no token without one. */
  | { readonly reason: 'dpop_proof_missing'; readonly clientId: string };

export type SpendingDeps = { readonly oneTime: OneTimeStore; readonly random: (bytes: number) => Uint8Array };
export type DpopDeps = SpendingDeps & {
  readonly ring: SecretRing;
  readonly dpopNonce: 'off' | 'required';
};

/** Fills in `provenKey` from the request's proof, if it has one; a proof that is wrong is refused whether or not one is needed. */
export async function proveKey(trail: Trail, issuer: string, deps: DpopDeps): Promise<Result<undefined, DpopFailure>> {
  const header = trail.request.headers.get('dpop');
  if (header === undefined) return ok(undefined);
  const now = nowSeconds(trail.request);
  const nonceKey = deps.dpopNonce === 'required' ? await nonceKeyOf(deps.ring, now) : undefined;
  // Also beside a token: the next request then need not be made twice (RFC 9449 section 8.2).
  if (nonceKey !== undefined) trail.dpopNonce = dpopNonce(nonceKey, now);
  const proven = verifyDpopProof({
    headers: [header],
    method: trail.request.method,
    url: publicUrl(issuer, trail.request),
    now,
    ...(nonceKey === undefined ? {} : { nonceUntil: (nonce: string) => nonceUntil(nonce, nonceKey, now) }),
  });
  if (!proven.ok) return proven;
  trail.provenKey = proven.value;
  return ok(undefined);
}

/** The gateway has matched the path to a route; the rest of the URL is what the service is configured to be, whatever `Host` says. */
export const publicUrl = (issuer: string, { path }: Pick<HttpRequest, 'path'>): string => `${issuer}${path}`;

async function nonceKeyOf(ring: SecretRing, now: number): Promise<Uint8Array> {
  const id = await ring.currentId(now);
  const key = await ring.key(id, 'dpop-nonce', now);
  if (key === undefined) throw new ConfigurationError('RING_SECRET_ARN', `holds no key ${id}, which is the current one`);
  return key;
}

/**
 * The caller as the holder of the key that it has proven, whom alone its tokens then serve. A client with `dpop_bound_access_tokens`
 * gets no others (RFC 9449 section 5.2).
 */
export function boundToKey(caller: AuthenticatedClient, { provenKey }: Trail): Result<AuthenticatedClient, DpopFailure> {
  if (provenKey !== undefined)
    return ok({ ...caller, factors: [...caller.factors, 'dpop'], confirmation: { ...caller.confirmation, jkt: provenKey.jkt } });
  const { client } = caller;
  return client.dpop_bound_access_tokens === true ? refuse({ reason: 'dpop_proof_missing', clientId: client.client_id }) : ok(caller);
}

/**
 * One conditional put where there is a proof, no call where there is none, and then what is to be written for its sender. To be awaited
 * before anything leaves.
 */
export async function spendProofThen(
  { provenKey, request }: Trail,
  write: () => Promise<void>,
  deps: SpendingDeps,
): Promise<Result<undefined, DpopFailure>> {
  if (provenKey !== undefined && !(await spendProvenKey(provenKey, nowSeconds(request), deps)))
    return refuse({ reason: 'dpop_proof_replayed', jkt: provenKey.jkt });
  await write();
  return ok(undefined);
}

/** False = the proof was used before. Its `jti` is unique to its key (RFC 9449 section 11.1). */
export const spendProvenKey = ({ jkt, jti, until }: ProvenKey, now: number, { oneTime, random }: SpendingDeps): Promise<boolean> =>
  oneTime.spend({ use: 'dpop', of: jkt, value: jti, until }, freshId(random), now);
