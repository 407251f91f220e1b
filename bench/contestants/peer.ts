// npm oidc-provider with its own in-memory adapter, issuing JWT access tokens to the same client with the same algorithm.
import type { RequestListener } from 'node:http';
import { Provider } from 'oidc-provider';
import { CLIENT_ID, CLIENT_SECRET, ISSUER, SCOPE } from '../demo-client.ts';
import { newKeyPair, type BenchAlgorithm } from './signing-key.ts';

export function peer(algorithm: BenchAlgorithm): RequestListener {
  // It warns that its in-memory adapter is not for production; here it is what is wanted.
  console.warn = () => undefined;
  const provider = new Provider(ISSUER, {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
        token_endpoint_auth_method: 'client_secret_basic',
        id_token_signed_response_alg: algorithm,
        scope: SCOPE.join(' '),
      },
    ],
    scopes: SCOPE,
    jwks: { keys: [{ ...newKeyPair(algorithm).privateKey.export({ format: 'jwk' }), alg: algorithm, use: 'sig', kid: 'k1' }] },
    ttl: { ClientCredentials: 900 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      // JWT access tokens are given to named resources only (RFC 8707).
      resourceIndicators: {
        enabled: true,
        defaultResource: () => ISSUER,
        getResourceServerInfo: () => ({
          scope: SCOPE.join(' '),
          audience: ISSUER,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 900,
          jwt: { sign: { alg: algorithm } },
        }),
      },
    },
  });
  provider.proxy = true; // its issuer is https, as ours
  return provider.callback();
}
