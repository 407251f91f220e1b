// Public documents: cacheable, with an entity tag so that a poll of something unchanged costs a header (RFC 9110 section 13.1.2).
import { createHash } from 'node:crypto';
import type { HttpRequest, HttpResponse } from '../http/message.ts';

/** A document as it is sent, with the entity tag of its text. */
export type PreparedDocument = { readonly text: string; readonly etag: string };

export function preparedDocument(body: unknown): PreparedDocument {
  const text = JSON.stringify(body);
  return { text, etag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"` };
}

export function documentResponse(request: HttpRequest, { text, etag }: PreparedDocument, cacheControl: string): HttpResponse {
  const headers = { 'cache-control': cacheControl, 'access-control-allow-origin': '*', etag };
  const known = (request.headers.get('if-none-match') ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known.includes(etag) || known.includes('*')) return { status: 304, headers, body: '' };
  return { status: 200, headers: { 'content-type': 'application/json', ...headers }, body: text };
}
