// Our ports answered from memory: what is left is what our own code costs.
import { randomBytes } from 'node:crypto';
import { createBlockedNetworks } from '../../src/abuse/blocked-networks.ts';
import { createDenialBudget } from '../../src/abuse/denial-budget.ts';
import { createRefusedUntil } from '../../src/abuse/refused-until.ts';
import { createStrangers } from '../../src/abuse/strangers.ts';
import { createReportedUses } from '../../src/clients/secret-use.ts';
import type { KeyRecord, Loaded, RateWindow, RequestStore, SecretRing, SessionStore, TokenSigner } from '../../src/endpoints/stores.ts';
import type { TokenDeps } from '../../src/endpoints/token-deps.ts';
import { createDelegatedSigner } from '../../src/signing/delegated-signer.ts';
import type { HeldKeySignature } from '../../src/signing/held-key-signature.ts';
import { createKeyRing } from '../../src/signing/key-ring.ts';
import { publicMembers } from '../../src/tokens/jwk.ts';
import { createRememberedTokens } from '../../src/tokens/remembered-tokens.ts';
import { demoClient, ISSUER, RING } from '../demo-client.ts';
import { WRAPPING_KEY_ARN } from '../function-environment.ts';
import { newKeyPair, type BenchAlgorithm } from './signing-key.ts';

export function inMemoryDeps(algorithm: BenchAlgorithm, signature: HeldKeySignature): TokenDeps {
  return {
    settings: { issuer: ISSUER, defaultAlgorithm: algorithm, accessTokenLifetimeSeconds: 900, audiences: new Map() },
    // A limit that is counted and judged, as in any deployment, and never reached.
    rateLimit: { perMinute: 1_000_000, burst: 0 },
    refreshGraceSeconds: 30,
    auditMode: 'standard',
    dpopNonce: 'off',
    oneTime: { spend: unused },
    requests: inMemoryRequests(),
    sessions: NO_SESSIONS,
    signer: inMemorySigner(algorithm, signature),
    ring: IN_MEMORY_RING,
    secretUses: { record: () => Promise.resolve() },
    reportedUses: createReportedUses(),
    issuedTokens: { keep: unused },
    rememberedTokens: createRememberedTokens(),
    strangers: createStrangers(),
    refusedUntil: createRefusedUntil(),
    denials: createDenialBudget(),
    blockedNetworks: createBlockedNetworks(),
    assertions: { issuer: ISSUER, oneTime: { spend: unused }, jwks: { keys: unused }, random: randomBytes },
    external: { trustRules: { ofIssuer: unused }, issuers: { jwksUri: unused }, jwks: { keys: unused } },
    lockout: undefined, // what it reads comes with the read that is answered from memory here
    random: randomBytes,
  };
}

function inMemoryRequests(): RequestStore {
  const client = demoClient();
  const loaded: Loaded = {
    client,
    owner: client,
    session: undefined,
    tokenRevoked: false,
    previousHits: 0,
    apiKey: undefined,
    failures: { ofClient: undefined, ofNetwork: undefined },
    blocks: undefined,
    issuedToken: undefined,
  };
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
    countQuota: () => Promise.reject(new Error('the client has no quota')),
    countBeyondQuota: () => Promise.reject(new Error('the client has no quota')),
    recordDenial: () => Promise.resolve(true),
  };
}

/** Delegated mode, as it is when its key has been unwrapped. */
function inMemorySigner(algorithm: BenchAlgorithm, signature: HeldKeySignature): TokenSigner {
  const { publicKey, privateKey: key } = newKeyPair(algorithm);
  const record: KeyRecord = {
    kid: 'WQ7-Sb1sAzNTzC3tHUNJqTEcgz6GzEbJ4DcQZCvZ9xM',
    alg: algorithm,
    arn: WRAPPING_KEY_ARN,
    jwk: publicMembers(publicKey.export({ format: 'jwk' })) ?? {},
    created_at: 0,
    active_from: 0,
    wrapped: { ciphertext: '', wrapping_key: WRAPPING_KEY_ARN, issuer: ISSUER },
  };
  const held = { alg: algorithm, key };
  const privateKeys = { held: () => held, unwrap: () => Promise.resolve(held), keepOnly: () => undefined };
  const ring = createKeyRing({ records: { readAll: () => Promise.resolve([record]) } });
  return createDelegatedSigner({ ring, privateKeys, kmsSigner: { prepare: unused, key: unused, sign: unused }, signature });
}

const IN_MEMORY_RING: SecretRing = {
  currentId: (now) => Promise.resolve(RING.currentId(now)),
  key: (id, use) => Promise.resolve(RING.derivedKey(id, use)),
};

const unused = (): never => {
  throw new Error('client_credentials without a refresh token has no session');
};
const NO_SESSIONS: SessionStore = { create: unused, rotate: unused, end: unused };
