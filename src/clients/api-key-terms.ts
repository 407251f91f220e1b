// What a request for a new API key asks for -> `ApiKeyTerms`. Fields that are not known are ignored, as they are for clients.
import { ok, refuse, type Result } from '../result.ts';
import type { ApiKeyTerms } from './api-key.ts';
import { list, name, scope, text, wholeNumber, type Reader } from './client-metadata.ts';
import { readCredentialRanges } from './credential-ranges.ts';
import { MAXIMUM } from './maximum-lengths.ts';
import { readTime } from './time.ts';

const API_KEY_RATE_LIMIT_DEFAULT = 1_000;

type Asked = Partial<ApiKeyTerms>;
/** `problem` in words for the caller. */
export type TermsProblem = { readonly field: string; readonly problem: string };

const FIELDS: { readonly [K in keyof ApiKeyTerms]-?: Reader<NonNullable<ApiKeyTerms[K]>> } = {
  name: text(MAXIMUM.clientName),
  scope,
  expires_at: readTime,
  ip_ranges: readCredentialRanges,
  rate_limit_per_minute: wholeNumber(1, MAXIMUM.rateLimitPerMinute),
  tags: list(name(MAXIMUM.tag), { max: MAXIMUM.tags }),
};

/**
 * @param input the request's JSON object; `null` means the same as absent.
 * @param client what its client may have: a key never has more. Without `scope` it gets `usual`, the client's default.
 */
export function readApiKeyTerms(
  input: Readonly<Record<string, unknown>>,
  client: { readonly scope: readonly string[]; readonly usual: readonly string[] },
): Result<ApiKeyTerms, TermsProblem> {
  const asked: Record<string, unknown> = {};
  for (const [field, read] of Object.entries<Reader<unknown>>(FIELDS)) {
    const value = input[field] ?? undefined;
    if (value === undefined) continue;
    const reading = read(value);
    if (!reading.ok) return refuse({ field, problem: reading.failure });
    asked[field] = reading.value;
  }
  const terms = { scope: client.usual, rate_limit_per_minute: API_KEY_RATE_LIMIT_DEFAULT, ...(asked as Asked) };
  const beyond = terms.scope.some((token) => !client.scope.includes(token));
  return beyond ? refuse({ field: 'scope', problem: "must be part of the client's scope" }) : ok(terms);
}
