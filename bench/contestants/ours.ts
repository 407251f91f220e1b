// Our token function with its wrapper, behind a bare node:http adapter in the place of API Gateway.
import type { RequestListener } from 'node:http';
import { createTokenEndpoint } from '../../src/endpoints/token.ts';
import { lambda } from '../../src/http/lambda.ts';
import { signOnThreadPool, type HeldKeySignature } from '../../src/signing/held-key-signature.ts';
import { httpApiEvent } from '../token-request.ts';
import { bodyOf } from './body.ts';
import { inMemoryDeps } from './our-deps.ts';
import type { BenchAlgorithm } from './signing-key.ts';

export const ourHandler = (algorithm: BenchAlgorithm, signature: HeldKeySignature): ReturnType<typeof lambda> =>
  lambda('token', () => createTokenEndpoint(inMemoryDeps(algorithm, signature)));

export function ours(algorithm: BenchAlgorithm): RequestListener {
  // A server has many requests at once, unlike an environment of Lambda.
  const handler = ourHandler(algorithm, signOnThreadPool);
  return (request, response) => {
    bodyOf(request, (body) => {
      const headers = request.headers as Record<string, string | undefined>;
      void handler(httpApiEvent({ path: '/token', headers, body }), {}).then((result) => {
        response.writeHead(result.statusCode, result.headers);
        response.end(result.body);
      });
    });
  };
}
