/**
 * RFC 7523 section 2.1: a token of an external issuer instead of client authentication. What it gives is what client_credentials gives: the
 * trust rule says which client asks.
 */
export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
