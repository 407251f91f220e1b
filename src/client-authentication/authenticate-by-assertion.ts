// Is the caller the client that signed the assertion? Everything but that it is used once, which is for whoever remembers.
import type { Client } from '../clients/client.ts';
import { keyCredentialId } from '../clients/client-keys.ts';
import { ok, refuse, type Result } from '../result.ts';
import type { RsaAlgorithm, VerificationKeys } from '../tokens/jwks.ts';
import { checkStanding, networkFactor, notRegistered, type AuthenticatedClient, type AuthenticationFailure } from './authenticate.ts';
import { verifyClientAssertion, type AssertionFault, type VerifiedAssertion } from './client-assertion.ts';
import type { PresentedAssertion } from './presented.ts';

type Refused = Result<never, AuthenticationFailure>;

/** Before its keys are asked for, which may take a call: the client exists, signs assertions, and may act from here and now. */
export function checkSigner(
  { clientId }: PresentedAssertion,
  { client, ip, now }: { readonly client: Client | undefined; readonly ip: string; readonly now: number },
): Result<Client, AuthenticationFailure> {
  if (client === undefined) return refuse({ reason: 'unknown_client', clientId, method: 'private_key_jwt' });
  if (client.token_endpoint_auth_method !== 'private_key_jwt') return notRegistered(client, 'private_key_jwt');
  const standing = checkStanding(client, ip, now);
  return standing.ok ? ok(client) : standing;
}

/** What an RSA key of the client verifies that does not say so itself. */
export const rsaAlgorithmOf = ({ token_endpoint_auth_signing_alg: alg }: Client): RsaAlgorithm => (alg === 'PS256' ? 'PS256' : 'RS256');

export function authenticateByAssertion(
  { assertion }: PresentedAssertion,
  {
    client,
    keys,
    issuer,
    now,
  }: { readonly client: Client; readonly keys: VerificationKeys; readonly issuer: string; readonly now: number },
): Result<{ readonly caller: AuthenticatedClient; readonly assertion: VerifiedAssertion }, AuthenticationFailure> {
  const { client_id: clientId, token_endpoint_auth_signing_alg: only } = client;
  const usable = only === undefined ? keys : new Map([...keys].filter(([, { alg }]) => alg === only));
  const verified = verifyClientAssertion({ assertion, keys: usable, clientId, issuer, now });
  if (!verified.ok) return invalid(clientId, verified.failure);
  const credential = { id: keyCredentialId(verified.value.kid) };
  return ok({ caller: { client, credential, factors: ['private_key_jwt', ...networkFactor(client)] }, assertion: verified.value });
}

function invalid(clientId: string, { reason: problem, ...data }: AssertionFault): Refused {
  const detail = Object.entries(data).map(([name, value]) => `${name}:${String(value)}`);
  return refuse({ reason: 'assertion_invalid', clientId, problem, detail: detail.join(' ') });
}
