// Our ports answered from memory: what is left is what our own code costs.
import { randomBytes } from 'node:crypto';
import { createDenialBudget } from '../../src/abuse/denial-budget.ts';
import { createRefusedUntil } from '../../src/abuse/refused-until.ts';
import { createStrangers } from '../../src/abuse/strangers.ts';
import { createReportedUses } from '../../src/clients/secret-use.ts';
import type { Loaded, RateWindow, RequestStore, SecretRing, SessionStore, TokenSigner } from '../../src/endpoints/stores.ts';
import type { TokenDeps } from '../../src/endpoints/token-deps.ts';
import { demoClient, ISSUER, RING } from '../demo-client.ts';
import { newKeyPair, signerOf, type BenchAlgorithm } from './signing-key.ts';

export function inMemoryDeps(algorithm: BenchAlgorithm): TokenDeps {
  return {
    settings: { issuer: ISSUER, defaultAlgorithm: algorithm, accessTokenLifetimeSeconds: 900, audiences: new Map() },
    // A limit that is counted and judged, as in any deployment, and never reached.
    rateLimit: { perMinute: 1_000_000, burst: 0 },
    refreshGraceSeconds: 30,
    auditMode: 'standard',
    requests: inMemoryRequests(),
    sessions: NO_SESSIONS,
    signer: inMemorySigner(algorithm),
    ring: IN_MEMORY_RING,
    secretUses: { record: () => Promise.resolve() },
    reportedUses: createReportedUses(),
    strangers: createStrangers(),
    refusedUntil: createRefusedUntil(),
    denials: createDenialBudget(),
    random: randomBytes,
  };
}

function inMemoryRequests(): RequestStore {
  const client = demoClient();
  const loaded: Loaded = { client, owner: client, session: undefined, tokenRevoked: false, previousHits: 0 };
  const hits = new Map<string, number>();
  return {
    load: () => Promise.resolve(loaded),
    countCall: ({ subject, network, minute }: RateWindow) => {
      const key = `${subject}#${network}#${minute}`;
      const counted = (hits.get(key) ?? 0) + 1;
      hits.set(key, counted);
      return Promise.resolve(counted);
    },
    recordIssue: () => Promise.resolve(),
    recordDenial: () => Promise.resolve(true),
  };
}

function inMemorySigner(algorithm: BenchAlgorithm): TokenSigner {
  const sign = signerOf(algorithm, newKeyPair(algorithm).privateKey);
  const key = Promise.resolve({ kid: 'WQ7-Sb1sAzNTzC3tHUNJqTEcgz6GzEbJ4DcQZCvZ9xM', alg: algorithm });
  return { key: () => key, sign: (_kid, input) => sign(input) };
}

const IN_MEMORY_RING: SecretRing = {
  currentId: (now) => Promise.resolve(RING.currentId(now)),
  key: (id, use) => Promise.resolve(RING.derivedKey(id, use)),
};

const unused = (): never => {
  throw new Error('client_credentials without a refresh token has no session');
};
const NO_SESSIONS: SessionStore = { create: unused, rotate: unused, end: unused };
