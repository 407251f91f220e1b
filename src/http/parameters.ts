/**
 * Request parameters of the OAuth endpoints, from `application/x-www-form-urlencoded` (RFC 6749 appendix B) or JSON.
 * "Parameters sent without a value MUST be treated as if they were omitted ... unrecognized request parameters [ignored] ...
 * parameters MUST NOT be included more than once" (RFC 6749 section 3.2).
 */
import { ok, refuse, type Result } from '../result.ts';
import { parseJsonObject } from '../tokens/strict-json.ts';
import type { HttpRequest } from './message.ts';

export type Parameters = ReadonlyMap<string, string>;

/** Largest body that is looked at; API Gateway itself lets 10 MB through. */
export const BODY_MAX_BYTES = 64 * 1024;
const PARAMETERS_MAX = 64;

export type ParameterFailure =
  | { readonly reason: 'body_too_large'; readonly bytes: number }
  | { readonly reason: 'media_type_unsupported' }
  | { readonly reason: 'media_type_not_json' }
  | { readonly reason: 'body_malformed' }
  | { readonly reason: 'parameter_repeated' }
  | { readonly reason: 'parameters_too_many' }
  | { readonly reason: 'parameters_in_query' };

/** @param accepts which media types this endpoint takes; an empty body needs none. */
export function readParameters(request: HttpRequest, accepts: { readonly json: boolean }): Result<Parameters, ParameterFailure> {
  // RFC 6749 section 2.3.1: credentials "MUST NOT be included in the request URI"; nothing else belongs there either.
  if (request.query !== '') return refuse({ reason: 'parameters_in_query' });
  if (request.body.length > BODY_MAX_BYTES) return refuse({ reason: 'body_too_large', bytes: request.body.length });
  if (request.body.length === 0) return ok(new Map());
  const mediaType = mediaTypeOf(request);
  if (mediaType === 'application/json' && accepts.json) return readJson(request.body);
  if (mediaType === 'application/x-www-form-urlencoded') return readForm(request.body);
  return refuse({ reason: 'media_type_unsupported' });
}

/** Type and subtype in lower case, without parameters (RFC 9110 section 8.3.1). */
export const mediaTypeOf = (request: HttpRequest): string =>
  (request.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';

function readForm(body: Uint8Array): Result<Parameters, ParameterFailure> {
  const text = decodeUtf8(body);
  if (text === undefined) return refuse({ reason: 'body_malformed' });
  const pairs = text.split('&', PARAMETERS_MAX + 1);
  if (pairs.length > PARAMETERS_MAX) return refuse({ reason: 'parameters_too_many' });
  const parameters = new Map<string, string>();
  for (const pair of pairs) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decodeFormComponent(equals === -1 ? pair : pair.slice(0, equals));
    const value = decodeFormComponent(equals === -1 ? '' : pair.slice(equals + 1));
    if (name === undefined || value === undefined) return refuse({ reason: 'body_malformed' });
    if (parameters.has(name)) return refuse({ reason: 'parameter_repeated' });
    parameters.set(name, value);
  }
  return ok(withoutEmpty(parameters));
}

/** JSON for the endpoints that take it: one flat object of strings (and `true`/`false`, which forms spell as text). */
function readJson(body: Uint8Array): Result<Parameters, ParameterFailure> {
  const object = parseJsonObject(body);
  if (object === undefined) return refuse({ reason: 'body_malformed' });
  const entries = Object.entries(object);
  if (entries.length > PARAMETERS_MAX) return refuse({ reason: 'parameters_too_many' });
  const parameters = new Map<string, string>();
  for (const [name, value] of entries) {
    if (typeof value === 'string' || typeof value === 'boolean') parameters.set(name, String(value));
    else if (value !== null) return refuse({ reason: 'body_malformed' });
  }
  return ok(withoutEmpty(parameters));
}

const withoutEmpty = (parameters: ReadonlyMap<string, string>): Parameters => new Map([...parameters].filter(([, value]) => value !== ''));

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined; // "characters ... encoded using UTF-8" (RFC 6749 appendix B): anything else is not a form
  }
}

/** RFC 6749 appendix B: `+` is a space, `%hh` a byte of UTF-8; undefined for a broken escape or invalid UTF-8. */
export function decodeFormComponent(text: string): string | undefined {
  if (!text.includes('%') && !text.includes('+')) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
