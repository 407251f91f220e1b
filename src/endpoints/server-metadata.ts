// RFC 8414: what this server is and does. Only what is implemented is listed, and everything follows from the configured issuer.
import { GRANT_TYPES, TOKEN_ENDPOINT_AUTH_METHODS } from '../clients/client.ts';

export const serverMetadata = (issuer: string): Readonly<Record<string, unknown>> => ({
  issuer,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/.well-known/jwks.json`,
  registration_endpoint: `${issuer}/clients`,
  revocation_endpoint: `${issuer}/revoke`,
  introspection_endpoint: `${issuer}/introspect`,
  grant_types_supported: GRANT_TYPES,
  // Required by RFC 8414 section 2, and empty: there is no authorization endpoint.
  response_types_supported: [],
  token_endpoint_auth_methods_supported: TOKEN_ENDPOINT_AUTH_METHODS,
  revocation_endpoint_auth_methods_supported: TOKEN_ENDPOINT_AUTH_METHODS,
  introspection_endpoint_auth_methods_supported: TOKEN_ENDPOINT_AUTH_METHODS,
});
