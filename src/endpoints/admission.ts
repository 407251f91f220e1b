/**
 * The start of every authenticated request: is this caller within its limits, and what does the table say of it? One BatchGetItem
 * beside one counter write; limits are judged before any secret is compared.
 */
import type { RateLimit } from '../abuse/rate-limit.ts';
import { defaultBurst } from '../abuse/rate-limit.ts';
import { judgeRate, minuteOf, type RateVerdict } from '../abuse/rate-window.ts';
import type { RefusedUntil } from '../abuse/refused-until.ts';
import type { Strangers } from '../abuse/strangers.ts';
import { networkOf } from '../client-authentication/network.ts';
import type { Client } from '../clients/client.ts';
import { nowSeconds } from '../http/message.ts';
import { Outage } from '../outage.ts';
import { ok, refuse, type Result } from '../result.ts';
import { log } from '../telemetry/log.ts';
import { emitCounter } from '../telemetry/metrics.ts';
import type { RateFailure } from './failure.ts';
import type { Loaded, LoadRequest, RateWindow, RequestStore } from './stores.ts';
import type { Trail } from './trail.ts';

export type AdmissionDeps = {
  readonly requests: RequestStore;
  readonly strangers: Strangers;
  readonly refusedUntil: RefusedUntil;
  readonly rateLimit: RateLimit;
};
export type Admitted = Loaded & { readonly window: RateWindow };

/** @param wanted what else of the table this request needs, read in the same call. */
export async function admit(
  trail: Trail,
  clientId: string,
  wanted: Pick<LoadRequest, 'ownerId' | 'sid' | 'jti'>,
  deps: AdmissionDeps,
): Promise<Result<Admitted, RateFailure>> {
  const { request, endpoint } = trail;
  const { nowMs } = request;
  trail.clientId = clientId;
  const window: RateWindow = { endpoint, subject: clientId, network: networkOf(request.ip), minute: minuteOf(nowMs) };
  const key = `${clientId}#${window.network}`;

  // Refused a moment ago: still refused, without a call.
  const refused = deps.refusedUntil.standing(key, nowMs);
  if (refused !== undefined) return refuse(overLimit(trail, refused));

  // A network that names clients which do not exist is refused before it costs a call.
  const admission = deps.rateLimit.perMinute === 0 ? ({ way: 'together' } as const) : deps.strangers.admit(window.network, clientId, nowMs);
  if (admission.way === 'refused') return refuse({ reason: 'rate_limited', retryAfterSeconds: admission.retryAfterSeconds });

  const { loaded, hits } = await readAndCount(trail, { ...wanted, clientId, window }, admission.way, deps);
  deps.strangers.learn(window.network, clientId, loaded.client !== undefined, nowMs);

  const limit = limitOf(loaded.client, deps.rateLimit);
  if (limit.perMinute > 0 && hits !== undefined) {
    const verdict = judgeRate({ limit, previousHits: loaded.previousHits, hits, nowMs });
    if (!verdict.allowed) {
      deps.refusedUntil.remember(key, verdict, nowMs);
      return refuse(overLimit(trail, verdict));
    }
    trail.verdict = verdict;
  }
  return ok({ ...loaded, window });
}

function overLimit(trail: Trail, verdict: RateVerdict): RateFailure {
  trail.verdict = verdict;
  return { reason: 'rate_limited', retryAfterSeconds: verdict.retryAfterSeconds };
}

/** The client's own limit, or the endpoint's; a client's own without a burst gets the usual third. */
function limitOf(client: Client | undefined, usual: RateLimit): RateLimit {
  const perMinute = client?.rate_limit_per_minute;
  return perMinute === undefined ? usual : { perMinute, burst: client?.rate_limit_burst ?? defaultBurst(perMinute) };
}

type Counted = { readonly loaded: Loaded; readonly hits: number | undefined };

async function readAndCount(
  trail: Trail,
  wanted: LoadRequest & { readonly window: RateWindow },
  way: 'together' | 'read_first',
  { requests }: AdmissionDeps,
): Promise<Counted> {
  const now = nowSeconds(trail.request);
  if (way === 'read_first') {
    const loaded = await requests.load(wanted, now);
    return { loaded, hits: loaded.client === undefined ? undefined : await countOrSkip(trail, wanted.window, requests) };
  }
  const [loading, counting] = await Promise.allSettled([requests.load(wanted, now), countOrSkip(trail, wanted.window, requests)]);
  if (loading.status === 'rejected') throw loading.reason;
  if (counting.status === 'rejected') throw counting.reason;
  return { loaded: loading.value, hits: counting.value };
}

/** If the counter alone is throttled the request is served and the gap logged; a counter that is down is an outage. */
async function countOrSkip(trail: Trail, window: RateWindow, requests: RequestStore): Promise<number | undefined> {
  try {
    return await requests.countCall(window);
  } catch (error) {
    if (!(error instanceof Outage && error.throttled)) throw error;
    log('WARN', 'the rate window was not counted', {
      endpoint: trail.endpoint,
      client_id: trail.clientId,
      trace_id: trail.request.traceId,
      dependency: error.dependency,
    });
    emitCounter('rate_window_skipped', trail.request.nowMs);
    return undefined;
  }
}
