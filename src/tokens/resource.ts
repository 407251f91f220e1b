// RFC 8707: the `resource` parameter names the API that the token is for; it becomes the token's one `aud`.
import { ok, refuse, type Result } from '../result.ts';

export type ResourceFailure =
  | { readonly reason: 'resource_malformed' }
  | { readonly reason: 'resource_not_allowed'; readonly resource: string; readonly registered: string };

/** "an absolute URI ... MUST NOT include a fragment component" (RFC 8707 section 2). */
export const isResourceUri = (text: string): boolean => URI_CHARACTERS.test(text) && URL.canParse(text);

/** URL.canParse alone would forgive spaces, control characters and what is not ASCII; RFC 3986 has none of them. */
const URI_CHARACTERS = /^[\x21\x24-\x7E]+$/;

/** @param registered the client's audiences, never empty; the first is its default. */
export function chooseAudience(requested: string | undefined, registered: readonly string[]): Result<string, ResourceFailure> {
  const [first] = registered;
  if (first === undefined) throw new TypeError('a client has at least one audience');
  if (requested === undefined) return ok(first);
  if (!isResourceUri(requested)) return refuse({ reason: 'resource_malformed' });
  return registered.includes(requested)
    ? ok(requested)
    : refuse({ reason: 'resource_not_allowed', resource: requested, registered: registered.join(' ') });
}
