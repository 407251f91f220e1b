// Child process: makes tokens as fast as it can, in one of several ways. `node slice-process.ts <algorithm>`
import { ourHandler } from '../contestants/ours.ts';
import { peer } from '../contestants/peer.ts';
import { isBenchAlgorithm, newKeyPair, type BenchAlgorithm } from '../contestants/signing-key.ts';
import { signOnTheSpot, signOnThreadPool, type HeldKeySignature } from '../../src/signing/held-key-signature.ts';
import { httpApiEvent, TOKEN_REQUEST } from '../token-request.ts';
import { callWithoutNetwork } from './call-without-network.ts';
import type { InProcessName, InProcessRequest, InProcessSlice } from './slice.ts';

const [, , algorithm] = process.argv;
if (!isBenchAlgorithm(algorithm)) throw new Error('usage: slice-process.ts <algorithm>');
const ways = waysOf(algorithm);

process.on('message', ({ name, concurrency, seconds }: InProcessRequest) => {
  void slice(ways[name], concurrency, seconds).then((answer) => process.send?.(answer));
});
process.once('disconnect', () => process.exit());
process.send?.({ ready: true });

function waysOf(algorithm: BenchAlgorithm): Readonly<Record<InProcessName, () => Promise<unknown>>> {
  const headers = { authorization: TOKEN_REQUEST.authorization, 'user-agent': 'bench', host: 'auth.example.com' };
  const listener = peer(algorithm);
  const { privateKey } = newKeyPair(algorithm);
  // As long as the signing input of the tokens that the others make.
  const signingInput = Buffer.alloc(420, 'x');
  const ours = (signature: HeldKeySignature) => {
    const handler = ourHandler(algorithm, signature);
    return async (): Promise<void> => {
      const result = await handler(httpApiEvent({ path: '/token', headers, body: TOKEN_REQUEST.body }), {});
      if (result.statusCode !== 200) throw new Error(`m2m-auth answered ${result.statusCode}: ${result.body}`);
    };
  };
  return {
    'm2m-auth on the spot': ours(signOnTheSpot),
    'm2m-auth on the thread pool': ours(signOnThreadPool),
    'oidc-provider': async () => {
      const { status, body } = await callWithoutNetwork(listener, '/token', headers, TOKEN_REQUEST.body);
      if (status !== 200) throw new Error(`oidc-provider answered ${status}: ${body}`);
    },
    'signature on the spot': () => signOnTheSpot(algorithm, privateKey, signingInput),
    'signature on the thread pool': () => signOnThreadPool(algorithm, privateKey, signingInput),
  };
}

async function slice(makeToken: () => Promise<unknown>, concurrency: number, seconds: number): Promise<InProcessSlice> {
  let made = 0;
  const processorBefore = process.cpuUsage();
  const startedMs = performance.now();
  const endMs = startedMs + seconds * 1000;
  const maker = async (): Promise<void> => {
    while (performance.now() < endMs) {
      await makeToken();
      made += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, maker));
  const { user, system } = process.cpuUsage(processorBefore);
  return { perSecond: (made * 1000) / (performance.now() - startedMs), processorUs: (user + system) / made };
}
