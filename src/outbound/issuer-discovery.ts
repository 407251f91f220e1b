/**
 * Where external issuers publish their keys (OpenID Connect Discovery 1.0 section 4), kept in memory: fetched inside requests, never twice at
 * once, and used for a day longer when the issuer is down. Asked only about issuers that a trust rule names.
 */
import type { FetchPublicDocument, IssuerDiscovery, IssuerFault } from '../endpoints/stores.ts';
import { Outage } from '../outage.ts';
import { ok, refuse, type Result } from '../result.ts';
import { parseJsonObject } from '../tokens/strict-json.ts';

const FRESH_MS = 3600 * 1000;
/** What was published last counts for so long while nothing newer can be had. */
const STALE_MAX_MS = 24 * 3600 * 1000;
/** After a failure nobody waits for the next one. */
const FAILURE_PAUSE_MS = 10_000;
/** Of one execution environment; the one that was not asked for the longest is forgotten first. */
const ISSUERS_MAX = 500;

type Answer = Result<string, IssuerFault>;
type UriAt = (nowMs: number) => Promise<Answer>;

export function createIssuerDiscovery(fetchDocument: FetchPublicDocument): IssuerDiscovery {
  const known = new Map<string, UriAt>();
  return {
    jwksUri(issuer, nowMs) {
      const uriAt = known.get(issuer) ?? metadataOf(issuer, fetchDocument);
      // A Map is in the order of its puts: the one used last goes to the end.
      known.delete(issuer);
      known.set(issuer, uriAt);
      const [oldest = issuer] = known.keys();
      if (known.size > ISSUERS_MAX) known.delete(oldest);
      return uriAt(nowMs);
    },
  };
}

function metadataOf(issuer: string, fetchDocument: FetchPublicDocument): UriAt {
  let held: { readonly uri: string; readonly atMs: number } | undefined;
  let failed: { readonly why: IssuerFault | Outage; readonly atMs: number } | undefined;
  let flight: Promise<void> | undefined;

  const load = async (nowMs: number): Promise<void> => {
    const read = await readMetadata(issuer, fetchDocument);
    if (read.ok) held = { uri: read.value, atMs: nowMs };
    failed = read.ok ? undefined : { why: read.failure, atMs: nowMs };
  };

  const isDue = (nowMs: number): boolean => {
    if (failed !== undefined && nowMs - failed.atMs < FAILURE_PAUSE_MS) return false;
    return held === undefined || nowMs - held.atMs >= FRESH_MS;
  };

  return async (nowMs) => {
    if (isDue(nowMs)) {
      flight ??= load(nowMs)
        .catch((error: unknown) => {
          failed = { why: error instanceof Outage ? error : new Outage('outbound:GET', { cause: error }), atMs: nowMs };
        })
        .finally(() => {
          flight = undefined;
        });
      await flight;
    }
    if (held !== undefined && nowMs - held.atMs <= STALE_MAX_MS) return ok(held.uri);
    const why = failed?.why ?? 'metadata_malformed';
    if (why instanceof Outage) throw why;
    return refuse(why);
  };
}

async function readMetadata(issuer: string, fetchDocument: FetchPublicDocument): Promise<Answer> {
  // "Any terminating / MUST be removed before appending" (section 4.1).
  const document = await fetchDocument(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  if (!document.ok) return document;
  const metadata = parseJsonObject(document.value.body);
  const uri = metadata?.['jwks_uri'];
  if (metadata === undefined || typeof uri !== 'string') return refuse('metadata_malformed');
  // "MUST be identical to the Issuer URL" (section 4.3), or an issuer could have another's keys taken for its own.
  return metadata['issuer'] === issuer ? ok(uri) : refuse('metadata_of_another_issuer');
}
