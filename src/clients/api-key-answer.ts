// An API key as the registration API shows it: never the key, never its digest; times in RFC 3339.
import { formatScope } from '../tokens/scope.ts';
import { isLiveApiKey, type ApiKey } from './api-key.ts';
import type { SecretUse } from './secret-use.ts';
import { rfc3339 } from './time.ts';

/** @param use its last one, undefined where it was not read or there was none. @param now epoch seconds. */
export function apiKeyAnswer(apiKey: ApiKey, use: SecretUse | undefined, now: number): Readonly<Record<string, unknown>> {
  const { id, client_id, name, scope, expires_at, ip_ranges, rate_limit_per_minute, tags, created_at } = apiKey;
  return {
    id,
    client_id,
    ...(name === undefined ? {} : { name }),
    scope: formatScope(scope),
    ...(expires_at === undefined ? {} : { expires_at: rfc3339(expires_at) }),
    ...(ip_ranges === undefined ? {} : { ip_ranges }),
    rate_limit_per_minute,
    ...(tags === undefined ? {} : { tags }),
    status: isLiveApiKey(apiKey, now) ? 'active' : 'expired',
    created_at: rfc3339(created_at),
    // An id that an Idempotency-Key names again on another day is a new key's.
    ...(use === undefined || use.last_used_at < created_at ? {} : lastUse(use)),
  };
}

const lastUse = ({ last_used_at: at, ip, user_agent: userAgent }: SecretUse) => ({
  last_used_at: rfc3339(at),
  last_used_ip: ip,
  last_used_user_agent: userAgent,
});
