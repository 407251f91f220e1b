// Does the API key prove its client? The checks in the order in which they happen; every refusal looks the same outside.
import { isLiveApiKey, type ApiKey } from '../clients/api-key.ts';
import type { Client } from '../clients/client.ts';
import { ok, refuse, type Result } from '../result.ts';
import { provesApiKey } from '../tokens/api-key.ts';
import { checkNetworks, checkStanding, networkFactor, type AuthenticatedClient, type AuthenticationFailure } from './authenticate.ts';
import type { PresentedApiKey } from './presented-api-key.ts';

export type ApiKeyContext = {
  readonly client: Client | undefined;
  readonly apiKey: ApiKey | undefined;
  /** The derived digest key that the API key names; undefined = there is none. */
  readonly pepper: Uint8Array | undefined;
  /** Undefined where whoever takes the token judges its networks by the caller's own address. */
  readonly ip: string | undefined;
  /** Epoch seconds. */
  readonly now: number;
};

export function authenticateByApiKey(
  presented: PresentedApiKey,
  { client, apiKey: stored, pepper, ip, now }: ApiKeyContext,
): Result<AuthenticatedClient, AuthenticationFailure> {
  const { clientId, method } = presented;
  // The digest is made and compared even where there is no such key, so that both cases take the same time.
  const apiKey = provenKey(presented, stored, pepper);
  if (client === undefined) return refuse({ reason: 'unknown_client', clientId, method });
  // A client that was given a deleted one's id has none of its keys.
  if (apiKey?.client_id_issued_at !== client.client_id_issued_at) return refuse(mismatch(presented, stored));
  if (!isLiveApiKey(apiKey, now)) return refuse({ reason: 'api_key_expired', clientId, apiKeyId: apiKey.id });
  const standing = standingOf(client, apiKey, ip, now);
  if (!standing.ok) return standing;
  return ok({ client, credential: apiKey, apiKey, factors: ['api_key', ...networkFactor(client, apiKey)] });
}

const provenKey = ({ key }: PresentedApiKey, stored: ApiKey | undefined, pepper: Uint8Array | undefined): ApiKey | undefined =>
  provesApiKey(key, pepper, stored?.digest) ? stored : undefined;

const mismatch = ({ clientId, id }: PresentedApiKey, stored: ApiKey | undefined) =>
  ({ reason: 'api_key_mismatch', clientId, apiKeyId: id, status: stored?.status ?? 'unknown' }) as const;

/** Client and key, from here and now; without an address everything but the networks. */
function standingOf(client: Client, apiKey: ApiKey, ip: string | undefined, now: number): Result<true, AuthenticationFailure> {
  if (ip === undefined) return checkStanding({ ...client, ip_ranges: [] }, '', now);
  const standing = checkStanding(client, ip, now);
  return standing.ok ? checkNetworks(client.client_id, apiKey.ip_ranges, ip) : standing;
}
