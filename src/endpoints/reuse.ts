/**
 * The same token for the same request (`reuse_tokens`, docs/thrifty-tokens.md): everything that leads to a token is decided as ever;
 * only then, in the place of the signature, one that was handed out before is looked for. Whatever stands in its way, or is not known,
 * means a new token. Clients without the option pay for none of it.
 */
import type { AuthenticatedClient } from '../client-authentication/authenticate.ts';
import { withoutSession } from '../client-authentication/iam-principal.ts';
import { Outage } from '../outage.ts';
import { describeError, log } from '../telemetry/log.ts';
import type { AccessTokenClaims } from '../tokens/access-token.ts';
import { TOKEN_USE } from '../tokens/authorizer-audience.ts';
import type { RememberedTokens } from '../tokens/remembered-tokens.ts';
import { isReusable, readOwnToken, reuseDigest, type ReusableToken } from '../tokens/reusable-token.ts';
import { NONCE_BYTES, openSealedToken, sealToken } from '../tokens/sealed-token.ts';
import type { Presented } from './caller.ts';
import { signingKeyFor, type IssueSettings } from './issue.ts';
import { orLeftBehind } from './left-behind.ts';
import type { PresentedApiKey } from '../client-authentication/presented-api-key.ts';
import type { IssuedTokenStore, KeptFor, Loaded, LoadRequest, RequestStore, SealedToken, SecretRing, TokenSigner } from './stores.ts';
import type { Trail } from './trail.ts';

export type ReuseDeps = {
  readonly requests: Pick<RequestStore, 'load'>;
  readonly issuedTokens: IssuedTokenStore;
  readonly rememberedTokens: RememberedTokens;
  readonly settings: IssueSettings;
  readonly signer: Pick<TokenSigner, 'key'>;
  readonly ring: SecretRing;
  readonly random: (bytes: number) => Uint8Array;
};

type Proof = Presented | PresentedApiKey;

/** What this environment expects of a request, before anything of it is proven. */
export type Expectation = {
  readonly request: string;
  readonly digest: string | undefined;
  readonly kept: ReusableToken | undefined;
  /** To be read beside the client: whether the expected token is revoked, or the one that is kept now. */
  readonly wanted: Pick<LoadRequest, 'jti' | 'issuedToken'>;
};

/** Nothing to read for a client that has never been seen to reuse tokens. */
export function expectReuse(
  presented: Proof,
  parameters: ReadonlyMap<string, string>,
  now: number,
  { rememberedTokens }: Pick<ReuseDeps, 'rememberedTokens'>,
): Expectation {
  const { clientId, method } = presented;
  const asked = ['scope', 'resource', TOKEN_USE.parameter].map((name) => parameters.get(name) ?? '');
  const request = JSON.stringify([clientId, method, method === 'api_key' ? presented.id : '', ...asked]);
  const { digest, kept } = rememberedTokens.recall(request, now) ?? {};
  const issuedToken = digest === undefined || kept !== undefined ? undefined : { clientId, digest };
  return { request, digest, kept, wanted: { ...(kept && { jti: kept.jti }), ...(issuedToken && { issuedToken }) } };
}

/** Where a token is kept: by client, credential and claims. */
export type Place = KeptFor & { readonly request: string };

export function placeFor(expected: Expectation, presented: Proof, { credential }: AuthenticatedClient, claims: AccessTokenClaims): Place {
  const proof = presented.method === 'iam' ? withoutSession(presented.userArn) : (credential?.id ?? '');
  return { request: expected.request, clientId: claims.client_id, digest: reuseDigest(proof, claims) };
}

/**
 * The token that is handed out in the place of a new one with these claims; undefined = make one. A token whose revocation cannot be
 * ruled out, or that cannot be read, is none.
 */
export async function tokenToReuse(
  trail: Trail,
  place: Place,
  claims: AccessTokenClaims,
  expected: Expectation,
  loaded: Loaded,
  deps: ReuseDeps,
): Promise<ReusableToken | undefined> {
  const { kid } = await signingKeyFor(claims, deps.settings, deps.signer);
  const here = expected.digest === place.digest ? expected.kept : undefined;
  if (here !== undefined && !loaded.tokenRevoked && isReusable(here, claims, kid)) return here;
  try {
    const kept = await keptToken(place, readBeside(expected, place, loaded), claims.iat, deps);
    return kept !== undefined && isReusable(kept, claims, kid) ? await unlessRevoked(kept, place, claims.iat, deps) : undefined;
  } catch (error) {
    // A new token needs none of what an outage has kept from being read.
    if (!(error instanceof Outage)) throw error;
    logGap(trail, 'a kept token was not read', error);
    return undefined;
  }
}

async function unlessRevoked(
  kept: ReusableToken,
  { request, digest }: Place,
  now: number,
  { requests, rememberedTokens }: ReuseDeps,
): Promise<ReusableToken | undefined> {
  const { tokenRevoked } = await requests.load({ jti: kept.jti }, now);
  if (tokenRevoked) return undefined;
  rememberedTokens.remember(request, digest, kept);
  return kept;
}

const readBeside = ({ wanted }: Expectation, { digest }: Place, loaded: Loaded): Loaded | undefined =>
  wanted.issuedToken?.digest === digest ? loaded : undefined;

/** @param loaded where the kept token has been read beside the client already. */
async function keptToken(place: Place, loaded: Loaded | undefined, now: number, deps: ReuseDeps): Promise<ReusableToken | undefined> {
  const { clientId, digest } = place;
  const { issuedToken } = loaded ?? (await deps.requests.load({ issuedToken: { clientId, digest } }, now));
  return issuedToken === undefined ? undefined : opened(issuedToken, place, now, deps);
}

async function opened(
  { ringKey, sealed }: SealedToken,
  place: Place,
  now: number,
  { ring }: ReuseDeps,
): Promise<ReusableToken | undefined> {
  const key = await ring.key(ringKey, 'issued-token-seal', now);
  const token = key === undefined ? undefined : openSealedToken(sealed, key, place);
  return token === undefined ? undefined : readOwnToken(token);
}

/** Keeps a token just made. Nothing depends on it: never rejects for an outage, and resolves within 0.3 s. */
export async function keepToReuse(trail: Trail, place: Place, token: string, now: number, deps: ReuseDeps): Promise<void> {
  const made = readOwnToken(token);
  if (made === undefined) return;
  deps.rememberedTokens.remember(place.request, place.digest, made);
  const { clientId, digest } = place;
  const ringKey = await deps.ring.currentId(now);
  const key = await deps.ring.key(ringKey, 'issued-token-seal', now);
  if (key === undefined) return;
  const sealed = sealToken(token, key, deps.random(NONCE_BYTES), place);
  const written = deps.issuedTokens.keep({ clientId, digest }, { ringKey, sealed }, made.exp).catch((error: unknown) => {
    logGap(trail, 'a token was not kept', error);
  });
  await orLeftBehind(written);
}

function logGap({ endpoint, clientId, request: { traceId } }: Trail, message: string, error: unknown): void {
  log('WARN', message, { endpoint, client_id: clientId, trace_id: traceId, error: describeError(error) });
}
