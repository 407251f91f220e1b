// Client authentication at an endpoint: the presented secret, assertion or AWS principal against the record that admission has read.
import {
  authenticateByPrincipal,
  authenticateBySecret,
  type AuthenticatedClient,
  type AuthenticationFailure,
} from '../client-authentication/authenticate.ts';
import {
  presentedCredential,
  presentedMethods,
  presentedPrincipal,
  type PresentationFailure,
  type PresentedAssertion,
  type PresentedCredential,
  type PresentedPrincipal,
} from '../client-authentication/presented.ts';
import { authenticateByCertificate, presentedCertificate, type PresentedCertificate } from '../client-authentication/mtls.ts';
import type { Client } from '../clients/client.ts';
import { nowSeconds, type HttpRequest } from '../http/message.ts';
import { authenticateByApiKey } from '../client-authentication/authenticate-api-key.ts';
import { presentedApiKey, type PresentedApiKey } from '../client-authentication/presented-api-key.ts';
import type { ApiKey } from '../clients/api-key.ts';
import { decodeFormComponent, type Parameters } from '../http/parameters.ts';
import { ok, type Result } from '../result.ts';
import type { AdmissionDeps, Admitted } from './admission.ts';
import { authenticateAssertionCaller, type AssertionDeps } from './assertion-caller.ts';
import type { LockoutFailure } from './failure.ts';
import { settleGuess } from './lockout.ts';
import type { SecretRing } from './stores.ts';
import type { Trail } from './trail.ts';

export type Presented = PresentedCredential | PresentedAssertion | PresentedPrincipal | PresentedCertificate;

/** The principal on a route of AWS callers, a secret or an assertion on every other: which of them is the route's to say, never the caller's. */
export function presentedBy({ headers, iam, certificate }: HttpRequest, parameters: Parameters): Result<Presented, PresentationFailure> {
  if (iam !== undefined) return presentedPrincipal(iam.userArn, { headers, parameters });
  const presented = presentedCredential({ headers, parameters, decodeFormComponent });
  if (presented.ok || presented.failure.reason !== 'credentials_missing') return presented;
  // The certificate of the connection is a method only where the request has no other (RFC 8705 section 2).
  const byCertificate = presentedCertificate(certificate, parameters);
  return byCertificate === undefined ? presented : ok(byCertificate);
}

/** At the token endpoint an API key is a credential too: it gives tokens and serves for nothing else. */
export function presentedAtToken(request: HttpRequest, parameters: Parameters): Result<Presented | PresentedApiKey, PresentationFailure> {
  const methods = presentedMethods(request.headers, parameters);
  const isApiKey = request.iam === undefined && methods.length === 1 && methods[0] === 'api_key';
  return isApiKey ? presentedApiKey(request.headers, parameters) : presentedBy(request, parameters);
}

async function authenticateApiKeyCaller(
  presented: PresentedApiKey,
  { client, apiKey }: { readonly client: Client | undefined; readonly apiKey: ApiKey | undefined },
  request: HttpRequest,
  judgeNetworks: boolean,
  ring: SecretRing,
): Promise<Result<AuthenticatedClient, AuthenticationFailure>> {
  const now = nowSeconds(request);
  // The current pepper stands in, so that an unknown key takes the way a known one does.
  const pepper = await ring.key(apiKey?.pepper ?? (await ring.currentId(now)), 'api-key-digest', now);
  return authenticateByApiKey(presented, { client, apiKey, pepper, ip: judgeNetworks ? request.ip : undefined, now });
}

/** Whether what is presented could be guessed: signatures cannot, neither an AWS principal's nor that of an assertion or a TLS handshake. */
export const isGuessable = ({ method }: Presented): boolean => !UNGUESSABLE.includes(method);
const UNGUESSABLE: readonly Presented['method'][] = ['iam', 'private_key_jwt', 'mtls'];

type ProofDeps = { readonly ring: SecretRing } & Pick<AdmissionDeps, 'lockout'>;
/** What endpoints need that any client may authenticate at. */
export type CallerDeps = { readonly assertions: AssertionDeps };
type Proof = Result<AuthenticatedClient, AuthenticationFailure | LockoutFailure>;

/** Client authentication, with its consequences for whoever guesses. */
export const proveCaller = async (trail: Trail, presented: Presented, admitted: Admitted, deps: ProofDeps & CallerDeps): Promise<Proof> => {
  if (presented.method === 'private_key_jwt')
    return authenticateAssertionCaller(presented, admitted.client, trail.request, deps.assertions);
  if (presented.method === 'iam') return authenticatePrincipal(presented, admitted.client, trail.request);
  if (presented.method === 'mtls')
    return authenticateByCertificate(presented, { client: admitted.client, ip: trail.request.ip, now: nowSeconds(trail.request) });
  return proveSecret(trail, presented, admitted, deps);
};

/** The same by a secret alone. */
export const proveSecret = async (trail: Trail, presented: PresentedCredential, admitted: Admitted, deps: ProofDeps): Promise<Proof> =>
  settled(trail, admitted, await authenticateSecretCaller(presented, admitted.client, trail.request, deps.ring), deps);

/** The same by an API key. @param judgeNetworks false where the token's taker does, by the address of whoever sent it the key. */
export const proveApiKeyCaller = async (
  trail: Trail,
  presented: PresentedApiKey,
  admitted: Admitted,
  judgeNetworks: boolean,
  deps: ProofDeps,
): Promise<Proof> =>
  settled(trail, admitted, await authenticateApiKeyCaller(presented, admitted, trail.request, judgeNetworks, deps.ring), deps);

const settled = async (
  trail: Trail,
  { guess }: Admitted,
  outcome: Result<AuthenticatedClient, AuthenticationFailure>,
  { lockout }: ProofDeps,
): Promise<Proof> => (guess === undefined || lockout === undefined ? outcome : settleGuess(trail, guess, outcome, lockout));

const authenticatePrincipal = (presented: PresentedPrincipal, client: Client | undefined, request: HttpRequest): Proof =>
  authenticateByPrincipal(presented, { client, ip: request.ip, now: nowSeconds(request) });

async function authenticateSecretCaller(
  presented: PresentedCredential,
  client: Client | undefined,
  request: HttpRequest,
  ring: SecretRing,
): Promise<Result<AuthenticatedClient, AuthenticationFailure>> {
  const now = nowSeconds(request);
  return authenticateBySecret(presented, { client, peppers: await peppersOf(client, ring, now), ip: request.ip, now });
}

/** The digest keys that the client's secrets were made under; normally one, from memory. */
async function peppersOf(client: Client | undefined, ring: SecretRing, now: number): Promise<ReadonlyMap<string, Uint8Array>> {
  // The current pepper is asked for in any case, so that an unknown client takes the way a known one does.
  const ids = new Set([await ring.currentId(now), ...(client?.secrets ?? []).map((secret) => secret.pepper)]);
  const peppers = new Map<string, Uint8Array>();
  for (const id of ids) {
    const pepper = await ring.key(id, 'client-secret-digest', now);
    if (pepper !== undefined) peppers.set(id, pepper);
  }
  return peppers;
}
