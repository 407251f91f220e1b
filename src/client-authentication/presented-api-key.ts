// An API key as the credential of a request. Nothing is looked up and nothing is proven here.
import { ok, refuse, type Result } from '../result.ts';
import { parseApiKey } from '../tokens/api-key.ts';
import { apiKeyInAuthorization } from '../tokens/api-key-header.ts';
import type { PresentationFailure } from './presented.ts';

export type PresentedApiKey = {
  readonly method: 'api_key';
  readonly clientId: string;
  /** The key's id. */
  readonly id: string;
  readonly key: string;
};

/** For a request whose one method is an API key. @param headers by lower-case name. */
export function presentedApiKey(
  headers: ReadonlyMap<string, string>,
  parameters: ReadonlyMap<string, string>,
): Result<PresentedApiKey, PresentationFailure> {
  const key = apiKeyInAuthorization(headers.get('authorization')) ?? headers.get('x-api-key') ?? '';
  const name = parseApiKey(key);
  if (name === undefined) return refuse({ reason: 'credentials_malformed', method: 'api_key' });
  const { id, clientId } = name;
  if ((parameters.get('client_id') ?? clientId) !== clientId) return refuse({ reason: 'client_id_mismatch', clientId });
  return ok({ method: 'api_key', clientId, id, key });
}
