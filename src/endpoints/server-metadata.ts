// RFC 8414: what this server is and does. Only what is implemented is listed, and everything follows from the configured issuer.
import { CERTIFICATE_METHODS, GRANT_TYPES, TOKEN_ENDPOINT_AUTH_METHODS } from '../clients/client.ts';
import { ALGORITHM_NAMES } from '../tokens/jwks.ts';
import { DPOP_ALGORITHMS } from '../tokens/dpop.ts';
import { JWT_BEARER } from '../grants/jwt-bearer.ts';

const WITHOUT_CERTIFICATES = TOKEN_ENDPOINT_AUTH_METHODS.filter((method) => !CERTIFICATE_METHODS.some((known) => known === method));

/** @param mtlsUrl where callers with client certificates find the service; undefined where there is no such place. */
export function serverMetadata(issuer: string, mtlsUrl?: string): Readonly<Record<string, unknown>> {
  return mtlsUrl === undefined
    ? metadata(issuer, WITHOUT_CERTIFICATES)
    : { ...metadata(issuer, TOKEN_ENDPOINT_AUTH_METHODS), ...mutualTls(mtlsUrl) };
}

/** RFC 8705 sections 3.3 and 5. */
const mutualTls = (url: string): Readonly<Record<string, unknown>> => ({
  tls_client_certificate_bound_access_tokens: true,
  mtls_endpoint_aliases: {
    token_endpoint: `${url}/token`,
    registration_endpoint: `${url}/clients`,
    revocation_endpoint: `${url}/revoke`,
    introspection_endpoint: `${url}/introspect`,
  },
});

const metadata = (issuer: string, methods: readonly string[]): Readonly<Record<string, unknown>> => ({
  issuer,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/.well-known/jwks.json`,
  registration_endpoint: `${issuer}/clients`,
  revocation_endpoint: `${issuer}/revoke`,
  introspection_endpoint: `${issuer}/introspect`,
  grant_types_supported: [...GRANT_TYPES, JWT_BEARER],
  // Required by RFC 8414 section 2, and empty: there is no authorization endpoint.
  response_types_supported: [],
  token_endpoint_auth_methods_supported: methods,
  token_endpoint_auth_signing_alg_values_supported: ALGORITHM_NAMES,
  revocation_endpoint_auth_methods_supported: methods,
  revocation_endpoint_auth_signing_alg_values_supported: ALGORITHM_NAMES,
  introspection_endpoint_auth_methods_supported: methods,
  introspection_endpoint_auth_signing_alg_values_supported: ALGORITHM_NAMES,
  // RFC 9449 section 5.1.
  dpop_signing_alg_values_supported: DPOP_ALGORITHMS,
});
