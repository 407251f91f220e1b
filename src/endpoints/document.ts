// Public documents: cacheable, with an entity tag so that a poll of something unchanged costs a header (RFC 9110 section 13.1.2).
import { createHash } from 'node:crypto';
import { jsonResponse, type HttpRequest, type HttpResponse } from '../http/message.ts';

export function documentResponse(request: HttpRequest, body: unknown, cacheControl: string): HttpResponse {
  const response = jsonResponse(200, body, { 'cache-control': cacheControl, 'access-control-allow-origin': '*' });
  const etag = `"${createHash('sha256').update(response.body).digest('base64url').slice(0, 22)}"`;
  const headers = { ...response.headers, etag };
  const known = (request.headers.get('if-none-match') ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (!known.includes(etag) && !known.includes('*')) return { ...response, headers };
  return { status: 304, headers: { 'cache-control': cacheControl, 'access-control-allow-origin': '*', etag }, body: '' };
}
