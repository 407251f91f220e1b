/**
 * GET, POST and DELETE /blocks: networks that are shut out, for whoever manages all clients. The whole list is one item, changed by one
 * write that its version guards, so that it never holds more than its maximum.
 */
import { BLOCKS_MAX, isBlocked, liveBlocks, type Block } from '../abuse/blocked-networks.ts';
import { guessesADay } from '../abuse/lockout.ts';
import type { LockoutSettings } from '../abuse/lockout-settings.ts';
import * as events from '../audit/events.ts';
import { cidrOf } from '../client-authentication/network.ts';
import { readTime, rfc3339 } from '../clients/time.ts';
import { readJsonObject } from '../http/json-body.ts';
import { nowSeconds } from '../http/message.ts';
import { Outage } from '../outage.ts';
import { ok, refuse, type Result } from '../result.ts';
import type { Lockout } from './lockout.ts';
import type { Failure } from './failure.ts';
import { by, isUnrestricted, type Answer, type Manager } from './managed-client.ts';
import type { BlockStore } from './stores.ts';
import { factsOf, type Trail } from './trail.ts';

export type BlocksDeps = { readonly blocks: BlockStore; readonly lockout: Lockout | undefined };

const DAY_SECONDS = 24 * 60 * 60;
const DEFAULT_SECONDS = DAY_SECONDS;
const MAX_SECONDS = 365 * DAY_SECONDS;
const REASON_MAX_CHARACTERS = 100;
/** Somebody else's change between our read and our write is no reason to bother the caller, unless it happens again and again. */
const ATTEMPTS = 3;

export async function manageBlocks(trail: Trail, manager: Manager, deps: BlocksDeps): Promise<Result<Answer, Failure>> {
  if (!isUnrestricted(manager))
    return refuse({ reason: 'beyond_manager', field: 'manages_tags', problem: 'lets you manage clients alone' });
  switch (trail.request.routeKey) {
    case 'POST /blocks':
      return addBlock(trail, manager, deps);
    case 'DELETE /blocks':
      return removeBlock(trail, manager, deps);
    default:
      return listBlocks(trail, deps);
  }
}

async function listBlocks({ request }: Trail, { blocks, lockout }: BlocksDeps): Promise<Result<Answer, Failure>> {
  const items = liveBlocks((await blocks.read()).blocks, nowSeconds(request)).map(blockAnswer);
  return ok({ status: 200, body: { items, next: null, caller_address: request.ip, lockout: lockoutAnswer(lockout?.settings) } });
}

async function addBlock(trail: Trail, manager: Manager, { blocks }: BlocksDeps): Promise<Result<Answer, Failure>> {
  const wish = readWish(trail);
  if (!wish.ok) return wish;
  const { block, includeOwnAddress } = { ...wish.value, block: { ...wish.value.block, created_by: manager.name } };
  const now = nowSeconds(trail.request);
  if (!includeOwnAddress && isBlocked(trail.request.ip, [block], now)) return refuse({ reason: 'block_of_own_address' });
  const event = events.networkBlocked(factsOf(trail), { reason: `${by(manager)} ${block.cidr}` });
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const list = await blocks.read();
    const others = liveBlocks(list.blocks, now).filter((other) => !isOf(block.cidr)(other));
    if (others.length >= BLOCKS_MAX) return refuse({ reason: 'blocks_too_many' });
    if (await blocks.replace({ version: list.version, blocks: [...others, block] }, event))
      return ok({ status: 201, body: blockAnswer(block) });
  }
  throw new Outage('dynamodb:PutItem'); // the list changes all the time: the caller may try again
}

async function removeBlock(trail: Trail, manager: Manager, { blocks }: BlocksDeps): Promise<Result<Answer, Failure>> {
  const [text = '', ...repeated] = new URLSearchParams(trail.request.query).getAll('cidr');
  const cidr = repeated.length === 0 ? cidrOf(text) : undefined;
  if (cidr === undefined) return refuse({ reason: 'block_invalid', field: 'cidr', problem: NOT_A_NETWORK });
  const event = events.networkUnblocked(factsOf(trail), { reason: `${by(manager)} ${cidr}` });
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const list = await blocks.read();
    const others = liveBlocks(list.blocks, nowSeconds(trail.request)).filter((block) => !isOf(cidr)(block));
    // It was there a moment ago: whoever removed it since, it is gone.
    if (!list.blocks.some(isOf(cidr))) return attempt === 0 ? refuse({ reason: 'block_unknown' }) : REMOVED;
    if (await blocks.replace({ version: list.version, blocks: others }, event)) return REMOVED;
  }
  throw new Outage('dynamodb:PutItem'); // the list changes all the time: the caller may try again
}

/** A block of an earlier release may still be written with host bits. */
const isOf =
  (cidr: string) =>
  (block: Block): boolean =>
    cidrOf(block.cidr) === cidr;

const REMOVED = ok({ status: 204, body: undefined });
const NOT_A_NETWORK = 'must be an address or a network such as 192.0.2.0/24, no wider than /8 (IPv6: /16)';

type Wish = { readonly block: Omit<Block, 'created_by'>; readonly includeOwnAddress: boolean };

/** `{"cidr", "expires_at"?, "reason"?, "include_own_address"?}` */
function readWish({ request }: Trail): Result<Wish, Failure> {
  const body = readJsonObject(request);
  if (!body.ok) return body;
  const { cidr: network, expires_at: end, reason = '', include_own_address: includeOwnAddress = false } = body.value;
  const cidr = typeof network === 'string' ? cidrOf(network) : undefined;
  if (cidr === undefined) return refuse({ reason: 'block_invalid', field: 'cidr', problem: NOT_A_NETWORK });
  if (!isReason(reason))
    return refuse({ reason: 'block_invalid', field: 'reason', problem: `must be at most ${REASON_MAX_CHARACTERS} printable characters` });
  if (typeof includeOwnAddress !== 'boolean')
    return refuse({ reason: 'block_invalid', field: 'include_own_address', problem: 'must be true or false' });
  const now = nowSeconds(request);
  const expiresAt = readEnd(end, now);
  return expiresAt.ok ? ok({ block: { cidr, created_at: now, expires_at: expiresAt.value, reason }, includeOwnAddress }) : expiresAt;
}

const isReason = (text: unknown): text is string =>
  typeof text === 'string' && text.length <= REASON_MAX_CHARACTERS && !/\p{Cc}/u.test(text);

/** Every block ends: one that is forgotten must not keep a network out for ever. */
function readEnd(given: unknown, now: number): Result<number, Failure> {
  if (given === undefined || given === null) return ok(now + DEFAULT_SECONDS);
  const time = readTime(given);
  if (!time.ok) return refuse({ reason: 'block_invalid', field: 'expires_at', problem: time.failure });
  if (time.value > now && time.value <= now + MAX_SECONDS) return ok(time.value);
  return refuse({ reason: 'block_invalid', field: 'expires_at', problem: 'must be within a year from now' });
}

const blockAnswer = ({ created_at: createdAt, expires_at: expiresAt, ...block }: Block) => ({
  ...block,
  created_at: rfc3339(createdAt),
  expires_at: rfc3339(expiresAt),
});

const lockoutAnswer = (settings: LockoutSettings | undefined) =>
  settings === undefined
    ? null
    : {
        failures: settings.failures,
        window: settings.windowSeconds,
        first_delay: settings.firstDelaySeconds,
        max_delay: settings.maxDelaySeconds,
        guesses_a_day: guessesADay(settings),
      };
