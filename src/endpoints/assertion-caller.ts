/**
 * Client authentication by a signed assertion (`private_key_jwt`), in the order of what each step costs:
 * may the client sign at all → its keys, from its record or its `jwks_uri` → the assertion → spent, last of all, by one conditional write.
 */
import type { AuthenticatedClient, AuthenticationFailure } from '../client-authentication/authenticate.ts';
import { authenticateByAssertion, checkSigner, rsaAlgorithmOf } from '../client-authentication/authenticate-by-assertion.ts';
import { readAssertion } from '../client-authentication/client-assertion.ts';
import type { PresentedAssertion } from '../client-authentication/presented.ts';
import type { Client } from '../clients/client.ts';
import { nowSeconds, type HttpRequest } from '../http/message.ts';
import { ok, refuse, type Result } from '../result.ts';
import { keysAmong, type VerificationKeys } from '../tokens/jwks.ts';
import { freshId } from './fresh-id.ts';
import type { JwksSource, OneTimeStore } from './stores.ts';

export type AssertionDeps = {
  /** What an assertion must be meant for. */
  readonly issuer: string;
  readonly oneTime: OneTimeStore;
  readonly jwks: JwksSource;
  readonly random: (bytes: number) => Uint8Array;
};

export async function authenticateAssertionCaller(
  presented: PresentedAssertion,
  known: Client | undefined,
  request: HttpRequest,
  deps: AssertionDeps,
): Promise<Result<AuthenticatedClient, AuthenticationFailure>> {
  const now = nowSeconds(request);
  const signer = checkSigner(presented, { client: known, ip: request.ip, now });
  if (!signer.ok) return signer;
  const client = signer.value;
  const keys = await keysOf(client, presented.assertion, request.nowMs, deps.jwks);
  if (!keys.ok) return keys;
  const proof = authenticateByAssertion(presented, { client, keys: keys.value, issuer: deps.issuer, now });
  if (!proof.ok) return proof;
  const { jti, until, kid } = proof.value.assertion;
  const clientId = client.client_id;
  const isFirst = await deps.oneTime.spend({ use: 'client_assertion', of: clientId, value: jti, until }, freshId(deps.random), now);
  return isFirst ? ok(proof.value.caller) : refuse({ reason: 'assertion_replayed', clientId, kid });
}

async function keysOf(
  client: Client,
  assertion: string,
  nowMs: number,
  jwks: JwksSource,
): Promise<Result<VerificationKeys, AuthenticationFailure>> {
  const { client_id: clientId, jwks_uri: url } = client;
  const rsaAlgorithm = rsaAlgorithmOf(client);
  if (url === undefined) return ok(keysAmong(client.jwks?.keys ?? [], rsaAlgorithm));
  const published = await jwks.keys({ url, kid: readAssertion(assertion)?.kid ?? '', rsaAlgorithm }, nowMs);
  return published.ok ? published : refuse({ reason: 'client_keys_unavailable', clientId, url, problem: published.failure });
}
