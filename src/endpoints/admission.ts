/**
 * The start of every authenticated request: is its network let in, is this caller within its limits, may it guess at a secret, and what
 * does the table say of it? One BatchGetItem beside one counter write; all of it is judged before any secret is compared.
 */
import type { BlockedNetworks } from '../abuse/blocked-networks.ts';
import type { RateLimit } from '../abuse/rate-limit.ts';
import { defaultBurst } from '../abuse/rate-limit.ts';
import { judgeRate, minuteOf, type RateVerdict } from '../abuse/rate-window.ts';
import type { RefusedUntil } from '../abuse/refused-until.ts';
import type { Strangers } from '../abuse/strangers.ts';
import { certificateFault, certificateIds } from '../client-authentication/certificate.ts';
import { nameText } from '../client-authentication/distinguished-name.ts';
import type { CertificateFailure } from '../client-authentication/mtls.ts';
import { networkOf } from '../client-authentication/network.ts';
import type { Client } from '../clients/client.ts';
import { nowSeconds } from '../http/message.ts';
import { Outage } from '../outage.ts';
import { ok, refuse, type Result } from '../result.ts';
import { log } from '../telemetry/log.ts';
import { emitCounter } from '../telemetry/metrics.ts';
import type { BlockedFailure, LockoutFailure, RateFailure } from './failure.ts';
import { failuresToRead, learnFailures, standingLock, weighGuess, type Guess, type Lockout } from './lockout.ts';
import type { Loaded, LoadRequest, RateWindow, RequestStore } from './stores.ts';
import type { Trail } from './trail.ts';

export type AdmissionDeps = {
  readonly requests: RequestStore;
  readonly strangers: Strangers;
  readonly refusedUntil: RefusedUntil;
  readonly rateLimit: RateLimit;
  readonly blockedNetworks: BlockedNetworks;
  /** Undefined where it is switched off, and where no secret is ever compared. */
  readonly lockout: Lockout | undefined;
};
/** What else of the table the request needs, read in the same call. */
type Wanted = Pick<LoadRequest, 'ownerId' | 'sid' | 'jti' | 'certificates'> & {
  /** Of the API key that it came with. */
  readonly apiKeyId?: string;
  /** Whether a secret is going to be compared: whatever else proves a client cannot be guessed, and is never locked. */
  readonly guessing?: boolean;
};
export type Admitted = Loaded & {
  readonly window: RateWindow;
  /** Undefined where nothing is guessed at, or nobody minds. */
  readonly guess: Guess | undefined;
};
type AdmissionFailure = RateFailure | LockoutFailure | BlockedFailure | CertificateFailure;

export async function admit(
  trail: Trail,
  clientId: string,
  { apiKeyId, guessing = false, ...wanted }: Wanted,
  deps: AdmissionDeps,
): Promise<Result<Admitted, AdmissionFailure>> {
  const { request, endpoint } = trail;
  const { nowMs } = request;
  trail.clientId = clientId;
  // An API key has a limit of its own; one that does not exist is a stranger, as an unknown client is.
  const subject = apiKeyId ?? clientId;
  const window: RateWindow = { endpoint, subject, network: networkOf(request.ip), minute: minuteOf(nowMs) };
  const lockout = guessing ? deps.lockout : undefined;

  // Refused a moment ago: still refused, without a call.
  const refused = refusedByMemory(trail, window, lockout, deps);
  if (refused !== undefined) return refuse(refused);

  const way = wayOf(window, nowMs, apiKeyId !== undefined && !guessing, deps);
  if (!way.ok) return way;

  const guards = { blocks: deps.blockedNetworks.isDue(nowMs), ...failuresToRead(trail, window.network, lockout) };
  const load = { ...wanted, ...guards, ...certificatesToRead(trail, wanted), clientId, window, ...(apiKeyId && { sid: apiKeyId }) };
  const counted = await readAndCount(trail, load, way.value, deps);
  const { loaded } = counted;
  deps.strangers.learn(window.network, subject, isKnown(loaded, subject, clientId), nowMs);
  learnFailures(trail, load, loaded, lockout);

  const refusedNow = refusedByBlock(trail, window, loaded, deps) ?? refusedByRate(trail, window, counted, deps);
  return refusedNow === undefined ? mayGuess(trail, window, loaded, lockout) : refuse(refusedNow);
}

/**
 * A network that names clients which do not exist is refused before it costs a call.
 * @param forMany an authorizer exchanges its callers' API keys: one of them must not have the keys of all others refused.
 */
function wayOf(
  { network, subject }: RateWindow,
  nowMs: number,
  forMany: boolean,
  deps: AdmissionDeps,
): Result<'together' | 'read_first', RateFailure> {
  if (deps.rateLimit.perMinute === 0) return ok('together');
  const admission = deps.strangers.admit(network, subject, nowMs);
  if (admission.way !== 'refused') return ok(admission.way);
  if (forMany) return ok('read_first');
  return refuse({ reason: 'rate_limited', limit: 'unknown_clients', network, retryAfterSeconds: admission.retryAfterSeconds });
}

async function mayGuess(
  trail: Trail,
  window: RateWindow,
  loaded: Loaded,
  lockout: Lockout | undefined,
): Promise<Result<Admitted, LockoutFailure | CertificateFailure>> {
  const denied = deniedCertificate(trail, loaded);
  if (denied !== undefined) return refuse(denied);
  const guess = lockout === undefined ? ok(undefined) : await weighGuess(trail, window.network, loaded, lockout);
  return guess.ok ? ok({ ...loaded, window, guess: guess.value }) : guess;
}

/** Whatever else proves the caller: a certificate that serves for nothing is no connection of ours. */
function unusableCertificate({ request }: Trail): CertificateFailure | undefined {
  const fault = request.certificate && certificateFault(request.certificate, nowSeconds(request));
  return request.certificate && fault && { reason: 'certificate_unusable', thumbprint: request.certificate.thumbprint, fault };
}

/** What the request's own certificate may be denied by, beside what is wanted besides. */
function certificatesToRead({ request: { certificate } }: Trail, { certificates = [] }: Wanted): Pick<LoadRequest, 'certificates'> {
  const ids = certificate === undefined ? certificates : [...certificates, ...certificateIds(certificate)];
  return ids.length === 0 ? {} : { certificates: ids };
}

/** API Gateway asks nobody whether a certificate has been revoked: an operator's list is what there is. */
function deniedCertificate({ request: { certificate } }: Trail, { deniedCertificates = [] }: Loaded): CertificateFailure | undefined {
  if (certificate === undefined || !certificateIds(certificate).some((id) => deniedCertificates.includes(id))) return undefined;
  const { thumbprint, issuer, serial } = certificate;
  return { reason: 'certificate_denied', thumbprint, issuer: nameText(issuer).slice(0, 256), serial };
}

function refusedByBlock(trail: Trail, { network }: RateWindow, { blocks }: Loaded, deps: AdmissionDeps): BlockedFailure | undefined {
  // A list that cannot be read leaves the one before in force.
  if (blocks !== undefined) deps.blockedNetworks.learn(blocks, trail.request.nowMs);
  return isShutOut(trail, deps) ? { reason: 'network_blocked', network } : undefined;
}

function refusedByMemory(
  trail: Trail,
  window: RateWindow,
  lockout: Lockout | undefined,
  deps: AdmissionDeps,
): AdmissionFailure | undefined {
  const { nowMs } = trail.request;
  if (!deps.blockedNetworks.isDue(nowMs) && isShutOut(trail, deps)) return { reason: 'network_blocked', network: window.network };
  const refused = deps.refusedUntil.standing(refusalKey(window), nowMs);
  if (refused !== undefined) return overLimit(trail, refused, window);
  const lock = lockout === undefined ? undefined : standingLock(trail, window.network, lockout);
  return lock ?? unusableCertificate(trail);
}

/** The routes of AWS principals stay open: whoever has blocked the network of all managers removes the block there. */
const isShutOut = ({ request: { iam, ip, nowMs } }: Trail, { blockedNetworks }: AdmissionDeps): boolean =>
  iam === undefined && blockedNetworks.has(ip, nowMs);

const refusalKey = ({ subject, network }: RateWindow): string => `${subject}#${network}`;

function refusedByRate(trail: Trail, window: RateWindow, { loaded, hits }: Counted, deps: AdmissionDeps): RateFailure | undefined {
  const { nowMs } = trail.request;
  const limit = limitOf(isOfApiKey(window.subject, trail.clientId) ? loaded.apiKey : loaded.client, deps.rateLimit);
  if (limit.perMinute === 0 || hits === undefined) return undefined;
  const verdict = judgeRate({ limit, previousHits: loaded.previousHits, hits, nowMs });
  trail.verdict = verdict;
  if (verdict.allowed) return undefined;
  deps.refusedUntil.remember(refusalKey(window), verdict, nowMs);
  return overLimit(trail, verdict, window);
}

function overLimit(trail: Trail, verdict: RateVerdict, { network }: RateWindow): RateFailure {
  trail.verdict = verdict;
  return { reason: 'rate_limited', limit: 'calls', callsPerMinute: verdict.quota, network, retryAfterSeconds: verdict.retryAfterSeconds };
}

type Limited = Pick<Client, 'rate_limit_per_minute' | 'rate_limit_burst'>;

/** Whether there is a client, or an API key, of the name that calls are counted by. */
const isKnown = ({ client, apiKey }: Loaded, subject: string, clientId: string): boolean =>
  client !== undefined && (!isOfApiKey(subject, clientId) || apiKey !== undefined);

/** Not by its form: an imported client may have an id that looks like a key's. */
const isOfApiKey = (subject: string, clientId: string): boolean => subject !== clientId;

/** The client's or API key's own limit, or the endpoint's; a client's own without a burst gets the usual third. */
function limitOf(subject: Limited | undefined, usual: RateLimit): RateLimit {
  const perMinute = subject?.rate_limit_per_minute;
  return perMinute === undefined ? usual : { perMinute, burst: subject?.rate_limit_burst ?? defaultBurst(perMinute) };
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
    const known = isKnown(loaded, wanted.window.subject, trail.clientId);
    return { loaded, hits: known ? await countOrSkip(trail, wanted.window, requests) : undefined };
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
