// The issuer as a feed authorizer sees it: JWKS and an empty revocation feed over HTTP.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';

export type IssuerDocuments = {
  readonly issuer: string;
  publish(jwk: object): void;
  stop(): void;
};

export async function serveIssuerDocuments(): Promise<IssuerDocuments> {
  let jwks: object = { keys: [] };
  let issuer = '';
  const server = createServer((request, response) => {
    const document = request.url?.startsWith('/revocations') === true ? emptyFeed(issuer) : jwks;
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'max-age=300' });
    response.end(JSON.stringify(document));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    publish(jwk) {
      jwks = { keys: [jwk] };
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const emptyFeed = (iss: string): object => ({ v: 1, iss, iat: Math.floor(Date.now() / 1000), jti: [], sid: [], clients: {}, kids: [] });
