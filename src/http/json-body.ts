// One JSON object as a request body (RFC 7591 section 3.1), read strictly: no repeated members, bounded depth and size.
import { ok, refuse, type Result } from '../result.ts';
import { parseJsonObject, type JsonObject } from '../tokens/strict-json.ts';
import type { HttpRequest } from './message.ts';
import { BODY_MAX_BYTES, mediaTypeOf, type ParameterFailure } from './parameters.ts';

export function readJsonObject(request: HttpRequest): Result<JsonObject, ParameterFailure> {
  if (request.body.length > BODY_MAX_BYTES) return refuse({ reason: 'body_too_large', bytes: request.body.length });
  if (mediaTypeOf(request) !== 'application/json') return refuse({ reason: 'media_type_not_json' });
  const object = parseJsonObject(request.body);
  return object === undefined ? refuse({ reason: 'body_malformed' }) : ok(object);
}
