/**
 * The public documents, all of one function: metadata (RFC 8414), JWKS (RFC 7517), the revocation feed, health, and the answer to
 * whatever no route takes. None of them needs authentication.
 */
import { ROUTES } from '../http/route-table.ts';
import { jsonResponse, NO_STORE, nowSeconds, type HttpRequest, type HttpResponse } from '../http/message.ts';
import { documentResponse, preparedDocument } from './document.ts';
import type { Failure } from './failure.ts';
import { feedRequestFrom } from './feed-documents.ts';
import type { FeedReader } from './revocation-feed.ts';
import { serverMetadata } from './server-metadata.ts';
import { wireErrors, type WireError } from './wire-error.ts';

export type DocumentDeps = {
  readonly issuer: string;
  /** Where callers with client certificates find the service; undefined where there is no such place. */
  readonly mtlsUrl?: string | undefined;
  /** Public keys in publication, at most 10; survives KMS and the table being down once loaded. */
  readonly publishedKeys: (now: number) => Promise<readonly Readonly<Record<string, unknown>>[]>;
  readonly feed: FeedReader;
};

/** Gateways keep metadata and keys for hours; a new key is published long before it signs. */
const SLOW = 'public, max-age=300, stale-while-revalidate=3600';
/** Nothing served for longer: how far ahead of its use a key is published counts on it (src/signing/key-times.ts). */
const KEYS = 'public, max-age=300';
const FEED = 'public, max-age=1';

export const createDocumentsEndpoint =
  (deps: DocumentDeps) =>
  async (request: HttpRequest): Promise<HttpResponse> => {
    switch (request.routeKey) {
      case 'GET /.well-known/oauth-authorization-server':
      case 'GET /.well-known/openid-configuration':
        return documentResponse(request, preparedDocument(serverMetadata(deps.issuer, deps.mtlsUrl)), SLOW);
      case 'GET /.well-known/jwks.json':
        return keySet(request, await deps.publishedKeys(nowSeconds(request)));
      case 'GET /revocations':
        return documentResponse(request, await deps.feed.answer(feedRequestFrom(request.query), request.nowMs), FEED);
      case 'GET /health':
        return jsonResponse(
          200,
          { status: 'ok', issuer: deps.issuer, time: new Date(request.nowMs).toISOString() },
          { 'cache-control': 'no-store' },
        );
      default:
        return unrouted(request);
    }
  };

/** Before the first key there is nothing that anybody should keep. */
const keySet = (request: HttpRequest, keys: readonly unknown[]): HttpResponse =>
  documentResponse(request, preparedDocument({ keys }), keys.length === 0 ? NO_STORE['cache-control'] : KEYS);

/** 405 with `Allow` where the path exists (RFC 9110 section 15.5.6), else 404. */
function unrouted(request: HttpRequest): HttpResponse {
  const methods = ROUTES.filter(({ path }) => matches(path, request.path)).map(({ method }) => method);
  const allow = [...new Set(methods)].join(', ');
  const failure: Failure = allow === '' ? { reason: 'not_found' } : { reason: 'method_not_allowed', allow };
  const wire: WireError = wireErrors[failure.reason];
  return jsonResponse(
    wire.status,
    { error: wire.error, error_description: wire.description, trace_id: request.traceId },
    { ...NO_STORE, ...(allow === '' ? {} : { allow }) },
  );
}

/** Segment by segment; `{name}` takes any one non-empty segment. */
function matches(template: string, path: string): boolean {
  const expected = template.split('/');
  const actual = path.split('/');
  return (
    expected.length === actual.length &&
    expected.every((segment, index) => (segment.startsWith('{') ? actual[index] !== '' : segment === actual[index]))
  );
}
