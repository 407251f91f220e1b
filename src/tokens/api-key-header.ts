/**
 * Where an API key may stand in a request: in `X-API-Key`, or in `Authorization: Bearer`, since many callers can send no other header.
 * Never in a query string or a body.
 */
import { API_KEY_PREFIX } from './api-key.ts';

/** The scheme's case does not matter (RFC 9110 section 11.1). */
const BEARER = /^bearer +(m2m_ak_.*)$/i;

/** The key, or what begins like one; undefined for every other credential. @param authorization the header's value. */
export const apiKeyInAuthorization = (authorization: string | undefined): string | undefined => BEARER.exec(authorization ?? '')?.[1];

/** Whether the value of `X-API-Key` is meant for us: others use this header too, API Gateway's usage plans among them. */
export const isApiKeyHeader = (value: string | undefined): boolean => value?.includes(API_KEY_PREFIX) ?? false;
