/**
 * The `client_id` that a registration brings with it, for clients who are known elsewhere by it already (import, decision 0017).
 * RFC 7591 has the server assign it and RFC 7592 has the member in updates alone, so a request that has it means it.
 */
import { CLIENT_ID_PATTERN } from '../clients/client.ts';
import { ok, refuse, type Result } from '../result.ts';
import type { Failure } from './failure.ts';

/** Secrets, keys and refresh tokens begin so: an id that did would be taken for one, and its client could never authenticate. */
const RESERVED = /^m2m_/i;

/** Undefined where the service is to make one; `null` counts as absent, as in all metadata. */
export function readChosenClientId(body: Readonly<Record<string, unknown>>): Result<string | undefined, Failure> {
  const chosen = Object.hasOwn(body, 'client_id') ? body['client_id'] : undefined;
  if (chosen === undefined || chosen === null) return ok(undefined);
  if (typeof chosen !== 'string' || RESERVED.test(chosen) || !CLIENT_ID_PATTERN.test(chosen))
    return refuse({ reason: 'client_id_unusable' });
  return ok(chosen);
}
