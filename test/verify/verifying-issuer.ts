// An issuer over real HTTP for verifiers under test: its keys, its feed, and how it fails.
import { feedId } from '../../src/authorizer/feed-document.ts';
import type { AccessTokenClaims } from '../../src/tokens/access-token.ts';
import { json, startIssuerServer, type Answer, type IssuerServer } from '../authorizer/issuer-server.ts';
import { accessToken, AUDIENCE, testKey } from '../tokens/test-issuer.ts';

export type VerifyingIssuer = {
  readonly server: IssuerServer;
  readonly documents: Answer;
  readonly revoked: string[];
  /** A token of it, good for the audience of tests. */
  readonly token: (claims?: Partial<AccessTokenClaims>) => string;
  readonly options: { readonly issuer: string; readonly audience: string };
};

export async function startVerifyingIssuer(): Promise<VerifyingIssuer> {
  const key = testKey('ES256');
  const revoked: string[] = [];
  const now = (): number => Math.floor(Date.now() / 1000);
  const documents: Answer = (request, response) => {
    const feed = { v: 1, iss: server.url, iat: now(), jti: revoked.map(feedId), sid: [], clients: {}, kids: [] };
    json(request.url?.startsWith('/revocations') === true ? feed : { keys: [key.jwk] })(request, response);
  };
  const server = await startIssuerServer(documents);
  return {
    server,
    documents,
    revoked,
    token: (claims = {}) => accessToken(key, { iss: server.url, iat: now(), exp: now() + 900, ...claims }),
    options: { issuer: server.url, audience: AUDIENCE },
  };
}
