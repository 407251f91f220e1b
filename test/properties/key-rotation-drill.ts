/**
 * A service and its verifiers on simulated time: functions whose clocks are up to a minute off and whose rings are some seconds old, a
 * cache of five minutes before the JWKS, verifiers that keep it for two hours and ask for nothing in between, and a rotation that runs
 * when it runs, dies when it dies, and is told to rotate, retire and revoke at any time.
 */
import type { KeyRecord } from '../../src/endpoints/stores.ts';
import { createKeyRotation, type KeyRotation } from '../../src/signing/key-rotation.ts';
import { activeKey, publishedKeys } from '../../src/signing/key-state.ts';
import { PUBLISHED_KEYS_MAX, standbys } from '../../src/signing/rotation-plan.ts';
import type { Algorithm } from '../../src/tokens/algorithms.ts';
import { createRingInMemory, mortal, type RingInMemory } from '../signing/key-life-in-memory.ts';

const HOUR = 3600;
const RING_MAX_AGE = 4;
const JWKS_CACHE = 300;
const VERIFIER_CACHE = 2 * HOUR;
const CLOCK_ERROR = 60;
/** What is revoked is refused everywhere after that. */
const BOUND = 5;
const START = 1_800_000_000;

type Cached<T> = { value: T; at: number };
type Issuer = { readonly clock: number; ring: Cached<readonly KeyRecord[]> };
type Verifier = { readonly clock: number; kids: Cached<ReadonlySet<string>> };
type Token = { readonly kid: string; readonly exp: number; readonly from: number };
export type Outcome = {
  readonly tokens: number;
  readonly checks: number;
  readonly successions: number;
  readonly revocations: number;
  readonly kills: number;
  readonly refusedGood: number;
  readonly acceptedBad: number;
  readonly mostPublished: number;
  /** What is wrong with the ring after two quiet runs at the end; empty = nothing. */
  readonly wrongAtEnd: readonly string[];
};

/** Mulberry32: the same schedule for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export async function drill(seed: number, algorithms: readonly Algorithm[], steps: number): Promise<Outcome> {
  const random = randomFrom(seed);
  const between = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
  const oneOf = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const clockError = (): number => between(-CLOCK_ERROR, CLOCK_ERROR);

  const world = createRingInMemory();
  const settings = {
    algorithms,
    periodSeconds: between(20, 60) * HOUR,
    templateArns: new Set(algorithms.map((alg) => `template-${alg}`)),
    isUsable: () => true,
    isCurrent: () => true,
  };
  let now = START;
  for (const alg of algorithms) {
    const arn = `template-${alg}`;
    world.records.set(arn, { kid: arn, alg, arn, jwk: {}, created_at: now, active_from: now });
  }
  const rotationOf = (ports: Pick<RingInMemory, 'store' | 'maker'>): KeyRotation => {
    const error = clockError();
    return createKeyRotation({ ...ports, settings, recordTemplateKeys: () => Promise.resolve(), clock: () => now + error });
  };

  const readRing = (): readonly KeyRecord[] => [...world.records.values()];
  const ringOf = (reader: { ring: Cached<readonly KeyRecord[]> }): readonly KeyRecord[] => {
    if (now - reader.ring.at >= RING_MAX_AGE) reader.ring = { value: readRing(), at: now };
    return reader.ring.value;
  };
  const issuers: Issuer[] = [0, 1, 2].map(() => ({ clock: clockError(), ring: { value: [], at: -Infinity } }));
  const publisher: Issuer = { clock: clockError(), ring: { value: [], at: -Infinity } };
  const jwks: Cached<ReadonlySet<string>> = { value: new Set(), at: -Infinity };
  let mostPublished = 0;
  const fetchJwks = (): ReadonlySet<string> => {
    if (now - jwks.at >= JWKS_CACHE) {
      const keys = publishedKeys(ringOf(publisher), now + publisher.clock, Infinity);
      mostPublished = Math.max(mostPublished, keys.length);
      Object.assign(jwks, { value: new Set(keys.slice(0, PUBLISHED_KEYS_MAX).map(({ kid }) => kid)), at: now });
    }
    return jwks.value;
  };
  const verifiers: Verifier[] = [0, 1, 2, 3].map(() => ({ clock: clockError(), kids: { value: new Set(), at: -Infinity } }));
  const knows = (verifier: Verifier, kid: string): boolean => {
    if (now - verifier.kids.at >= VERIFIER_CACHE) verifier.kids = { value: fetchJwks(), at: now };
    return verifier.kids.value.has(kid);
  };

  let tokens: Token[] = [];
  const thiefs: Token[] = [];
  const count = { tokens: 0, checks: 0, successions: 0, revocations: 0, kills: 0, refusedGood: 0, acceptedBad: 0 };
  const lastSigner = new Map<Algorithm, string>();
  const issue = (): void => {
    const issuer = oneOf(issuers);
    const alg = oneOf(algorithms);
    const key = activeKey(ringOf(issuer), alg, now + issuer.clock);
    if (key === undefined) throw new Error('nothing signs');
    if (lastSigner.get(alg) !== key.kid) count.successions += 1;
    lastSigner.set(alg, key.kid);
    count.tokens += 1;
    tokens.push({ kid: key.kid, from: now, exp: now + issuer.clock + between(60, HOUR) });
  };
  const verifyAll = (): void => {
    tokens = tokens.filter(({ exp }) => exp > now - CLOCK_ERROR);
    for (const verifier of verifiers) for (const token of tokens) verify(verifier, token);
    for (const verifier of verifiers) for (const token of thiefs) verify(verifier, token);
  };
  const verify = (verifier: Verifier, { kid, exp }: Token): void => {
    if (exp <= now + verifier.clock) return;
    count.checks += 1;
    const record = world.records.get(kid);
    const inFeed = record?.feed_until !== undefined && record.feed_until > now + publisher.clock;
    const revokedFor = now - (revokedAt.get(kid) ?? Infinity);
    const accepted = knows(verifier, kid) && !(inFeed && revokedFor >= BOUND);
    if (!accepted && record?.distrusted_at === undefined) count.refusedGood += 1;
    if (accepted && revokedFor >= BOUND) count.acceptedBad += 1;
  };
  const revokedAt = new Map<string, number>();
  const noteRevocations = (): void => {
    for (const { kid, distrusted_at: distrusted } of world.records.values())
      if (distrusted !== undefined && !revokedAt.has(kid)) {
        revokedAt.set(kid, now);
        count.revocations += 1;
        // Whoever has the key makes tokens for a year.
        thiefs.push({ kid, from: now, exp: now + 365 * 24 * HOUR });
      }
  };
  const operate = async (rotation: KeyRotation): Promise<unknown> => {
    const kids = [...world.records.keys()];
    switch (between(0, 19)) {
      case 0:
      case 1:
        return rotation.rotate(oneOf(algorithms));
      case 2:
        return rotation.retire(oneOf(kids));
      case 3:
        return rotation.revoke(oneOf(kids), { force: false });
      default:
        return rotation.run();
    }
  };

  await rotationOf(world).run();
  for (let step = 0; step < steps; step++) {
    now += random() < 0.3 ? between(0, 10) : between(10, 2 * HOUR);
    if (random() < 0.5) {
      const dies = random() < 0.2 ? between(0, 12) : Infinity;
      try {
        await operate(rotationOf(mortal(world, dies, oneOf(['before', 'after']))));
      } catch {
        count.kills += 1;
      }
      noteRevocations();
    }
    for (let index = 0; index < 2; index++) issue();
    verifyAll();
  }

  for (const pause of [2 * HOUR, 12 * HOUR, 12 * HOUR, 300]) {
    now += pause;
    await rotationOf(world).run();
  }
  return { ...count, mostPublished, wrongAtEnd: wrongWith(world, algorithms, now) };
}

function wrongWith({ records, kmsKeys }: RingInMemory, algorithms: readonly Algorithm[], now: number): readonly string[] {
  const ring = [...records.values()];
  const arns = new Set(ring.map(({ arn }) => arn));
  return [
    ...algorithms.filter((alg) => standbys(ring, alg, now).length === 0).map((alg) => `${alg} has no standby`),
    ...algorithms.filter((alg) => standbys(ring, alg, now).length > 2).map((alg) => `${alg} has too many standbys`),
    ...[...kmsKeys].filter(([arn, { deleted }]) => !arns.has(arn) && !deleted).map(([arn]) => `${arn} was made and forgotten`),
    ...ring
      .filter(
        ({ arn, removed_at = Infinity }) => removed_at <= now - 60 && !arn.startsWith('template') && kmsKeys.get(arn)?.deleted === false,
      )
      .map(({ kid }) => `${kid} is not given up`),
    ...ring
      .filter(
        ({ arn, distrusted_at, removed_at }) =>
          kmsKeys.get(arn)?.deleted === true && distrusted_at === undefined && removed_at === undefined,
      )
      .map(({ kid }) => `${kid} was given up too early`),
  ];
}
