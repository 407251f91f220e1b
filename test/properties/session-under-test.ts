// One session and the endpoint that refreshes it, on any store, with a clock that is told when to go on.
import { randomBytes } from 'node:crypto';
import { vi } from 'vitest';
import { createBlockedNetworks } from '../../src/abuse/blocked-networks.ts';
import { createDenialBudget } from '../../src/abuse/denial-budget.ts';
import { createRefusedUntil } from '../../src/abuse/refused-until.ts';
import { createStrangers } from '../../src/abuse/strangers.ts';
import { createReportedUses } from '../../src/clients/secret-use.ts';
import { createRefreshEndpoint } from '../../src/endpoints/refresh.ts';
import type { Rotation, RotationOutcome, SessionStore } from '../../src/endpoints/stores.ts';
import { Outage } from '../../src/outage.ts';
import { parseRing } from '../../src/signing/ring-value.ts';
import { formatRefreshToken, newHandle, sidOf } from '../../src/tokens/refresh-token.ts';
import { createRememberedTokens } from '../../src/tokens/remembered-tokens.ts';
import { NO_ASSERTIONS, NO_EXTERNAL_TOKENS } from '../endpoints/no-assertions.ts';
import { httpRequest } from '../http/http-request.ts';
import { auditEvent, NOW, session as sessionRecord } from '../storage/records.ts';
import type { TableInMemory } from './table-in-memory.ts';

export const GRACE_SECONDS = 30;
export const LIFETIME_SECONDS = 600;
export const IDLE_SECONDS = 120;
const ISSUER = 'https://issuer.example';

/** What becomes of the next commit: done as usual, its first answer lost, all answers lost, or not done at all. */
export type CommitFate = 'done' | 'answer lost' | 'all answers lost' | 'not done';

export type SessionUnderTest = {
  readonly sid: string;
  readonly firstToken: string;
  nowMs(): number;
  advance(seconds: number): void;
  /** Undefined for an outage. */
  refresh(token: string): Promise<{ readonly status: number; readonly token: string | undefined } | undefined>;
  fate(of: CommitFate): void;
  end(): Promise<boolean>;
};

export type Table = Pick<TableInMemory, 'requests' | 'sessions' | 'client'>;

export async function startSession(table: Table): Promise<SessionUnderTest> {
  let nowMs = NOW * 1000;
  let fate: CommitFate = 'done';
  vi.setSystemTime(nowMs);
  // A second key comes into use on the way.
  const ring = parseRing(JSON.stringify({ k1: 'x'.repeat(40), k2: 'y'.repeat(40), not_before: { k2: NOW + 60 } }));
  const handle = newHandle(randomBytes(32));
  const { client_id: clientId, epoch } = table.client();
  const session = sessionRecord({
    client_id: clientId,
    sid: sidOf(handle),
    audience: ISSUER,
    epoch,
    expires_at: NOW + LIFETIME_SECONDS,
    idle_expires_at: NOW + IDLE_SECONDS,
  });
  await table.sessions.create(session, auditEvent());

  const rotate = async (rotation: Rotation): Promise<RotationOutcome> => {
    if (fate === 'not done') throw new Outage('dynamodb:UpdateItem');
    const outcome = await table.sessions.rotate(rotation);
    if (fate === 'all answers lost') throw new Outage('dynamodb:UpdateItem');
    return fate === 'answer lost' ? table.sessions.rotate(rotation) : outcome;
  };
  const sessions: SessionStore = { ...table.sessions, rotate };
  const endpoint = createRefreshEndpoint({
    settings: { issuer: ISSUER, defaultAlgorithm: 'ES256', accessTokenLifetimeSeconds: 900, audiences: new Map() },
    refreshGraceSeconds: GRACE_SECONDS,
    auditMode: 'standard',
    dpopNonce: 'off',
    oneTime: NO_ASSERTIONS.oneTime,
    rateLimit: { perMinute: 0, burst: 0 },
    requests: table.requests,
    sessions,
    // What the signature is worth is tested elsewhere.
    signer: { prepare: () => undefined, key: async () => ({ kid: 'key', alg: 'ES256' }), sign: async () => new Uint8Array(64) },
    ring: { currentId: async (now) => ring.currentId(now), key: async (id, use) => ring.derivedKey(id, use) },
    secretUses: { record: () => Promise.resolve() },
    reportedUses: createReportedUses(),
    issuedTokens: { keep: () => Promise.resolve() },
    rememberedTokens: createRememberedTokens(),
    strangers: createStrangers(),
    refusedUntil: createRefusedUntil(),
    denials: createDenialBudget(),
    blockedNetworks: createBlockedNetworks(),
    lockout: undefined,
    assertions: NO_ASSERTIONS,
    external: NO_EXTERNAL_TOKENS,
    random: randomBytes,
  });

  return {
    sid: session.sid,
    firstToken: formatRefreshToken({ keyId: 'k1', clientId, generation: 1, handle }, ring.derivedKey('k1', 'refresh-token-mac')!),
    nowMs: () => nowMs,
    advance(seconds) {
      nowMs += seconds * 1000;
      vi.setSystemTime(nowMs);
    },
    async refresh(token) {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({ refresh_token: token });
      try {
        const answer = await endpoint(httpRequest({ path: '/refresh', routeKey: 'POST /refresh', headers, body, nowMs }));
        return { status: answer.status, token: (JSON.parse(answer.body) as { refresh_token?: string }).refresh_token };
      } catch (error) {
        if (error instanceof Outage) return undefined;
        throw error;
      }
    },
    fate: (of) => (fate = of),
    end: () => table.sessions.end({ clientId, sid: session.sid }, auditEvent(), Math.floor(nowMs / 1000)),
  };
}
