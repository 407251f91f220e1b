/**
 * The tokens that API keys were exchanged for, by the SHA-256 of the key. One exchange at a time for a key; a token is kept until it
 * expires, and from its half-life on exchanged anew beside the request, so that an issuer that is down for minutes is not noticed.
 * A key that was refused is refused for some seconds without asking, and so is an address that sends one such key after another.
 */
import { hash } from 'node:crypto';
import { networkOf } from '../client-authentication/network.ts';
import { ok, refuse, type Result } from '../result.ts';
import type { ApiKeyExchange, Exchanged } from './api-key-exchange.ts';
import type { ApiKeyFault } from './denial.ts';
import { createGuessers } from './guessers.ts';
import { waitAtMost } from './single-flight.ts';

const KEYS_MAX = 1_000;
const EXCHANGE_TIMEOUT_MS = 3_000;
const WAIT_WITH_TOKEN_MS = 150;
const WAIT_WITHOUT_TOKEN_MS = 2_500;
const REFUSED_FOR_MS = 5_000;
const PAUSE_AFTER_FAILURE_MS = 1_000;
/** A token that is found revoked is exchanged anew, but not at each of its key's calls. */
const YOUNG_MS = 2_000;

export type ApiKeyTokens = {
  /** @param ip the caller's address, undefined where the gateway does not tell it. */
  tokenOf(key: string, ip: string | undefined, nowMs: number): Promise<Result<string, ApiKeyFault>>;
  /** Its token was refused although it has not expired. True when there may be another by asking again. */
  forget(key: string, nowMs: number): boolean;
};

type Held = { readonly token: string; readonly sinceMs: number; readonly renewMs: number; readonly endMs: number };
type Barred = { readonly untilMs: number; readonly fault: ApiKeyFault };
type Flight = { readonly done: Promise<void>; readonly startedMs: number };

const UNAVAILABLE = { reason: 'api_key_unavailable', dependency: 'issuer:POST /token' } as const;

/** @param clock epoch milliseconds; the age of an answer is taken after waiting, which is itself time. */
export function createApiKeyTokens(exchange: ApiKeyExchange, clock: () => number): ApiKeyTokens {
  const held = new Map<string, Held>();
  const barred = new Map<string, Barred>();
  const flights = new Map<string, Flight>();
  const guessers = createGuessers();

  const learn = (digest: string, answer: Exchanged, startedMs: number): void => {
    const nowMs = clock();
    barred.delete(digest);
    if (answer.outcome === 'token') {
      // By our clock and from when we asked: never longer than the issuer means.
      const lifetimeMs = answer.lifetimeSeconds * 1000;
      keep(held, digest, { token: answer.token, sinceMs: nowMs, renewMs: startedMs + lifetimeMs / 2, endMs: startedMs + lifetimeMs });
    } else if (answer.outcome === 'refused') {
      held.delete(digest);
      keep(barred, digest, { untilMs: nowMs + REFUSED_FOR_MS, fault: { reason: 'api_key_refused' } });
    } else {
      keep(barred, digest, { untilMs: nowMs + Math.min(answer.retryAfterSeconds * 1000, REFUSED_FOR_MS), fault: UNAVAILABLE });
    }
  };

  const fly = (key: string, digest: string, nowMs: number): Promise<void> => {
    const current = flights.get(digest);
    // Lambda freezes between calls: one that should be over by its own limit is abandoned.
    if (current !== undefined && nowMs - current.startedMs < EXCHANGE_TIMEOUT_MS) return current.done;
    const done = exchange(key, EXCHANGE_TIMEOUT_MS)
      .then(
        (answer) => learn(digest, answer, nowMs),
        () => keep(barred, digest, { untilMs: clock() + PAUSE_AFTER_FAILURE_MS, fault: UNAVAILABLE }),
      )
      .finally(() => {
        if (flights.get(digest)?.done === done) flights.delete(digest);
      });
    keep(flights, digest, { done, startedMs: nowMs });
    return done;
  };

  const barOf = (digest: string): ApiKeyFault | undefined => {
    const bar = barred.get(digest);
    return bar !== undefined && clock() < bar.untilMs ? bar.fault : undefined;
  };
  const liveToken = (digest: string): Held | undefined => {
    const known = held.get(digest);
    return known !== undefined && clock() < known.endMs ? known : undefined;
  };

  /** Exchanges the key, or joins the exchange under way; what came of it in time is then known. */
  const renew = async (key: string, digest: string, network: string | undefined, nowMs: number): Promise<void> => {
    if (barOf(digest) !== undefined) return;
    await waitAtMost(fly(key, digest, nowMs), liveToken(digest) === undefined ? WAIT_WITHOUT_TOKEN_MS : WAIT_WITH_TOKEN_MS);
    if (barOf(digest)?.reason === 'api_key_refused') guessers.learn(network, nowMs);
  };

  return {
    async tokenOf(key, ip, nowMs) {
      const digest = digestOf(key);
      const known = liveToken(digest);
      if (known !== undefined && nowMs < known.renewMs) return ok(known.token);
      const network = ip === undefined ? undefined : networkOf(ip);
      if (known === undefined && guessers.isBarred(network, nowMs)) return refuse({ reason: 'api_key_refused' });
      await renew(key, digest, network, nowMs);
      const token = liveToken(digest)?.token;
      return token === undefined ? refuse(barOf(digest) ?? UNAVAILABLE) : ok(token);
    },

    forget(key, nowMs) {
      const digest = digestOf(key);
      const known = held.get(digest);
      if (known === undefined || nowMs - known.sinceMs < YOUNG_MS) return false;
      held.delete(digest);
      return true;
    },
  };
}

const digestOf = (key: string): string => hash('sha256', key, 'binary');

/** The one that was put in first goes when there are too many: whoever it was exchanges once more. */
function keep<T>(map: Map<string, T>, name: string, value: T): void {
  map.delete(name);
  const [oldest] = map.keys();
  if (map.size >= KEYS_MAX && oldest !== undefined) map.delete(oldest);
  map.set(name, value);
}
