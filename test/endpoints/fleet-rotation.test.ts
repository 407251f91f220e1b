/**
 * A fleet over months, its secrets exchanged by schedule: clients that take the new one at once, clients that wait until they are
 * warned, and clients that never do. Every run of the upkeep dies once at a call of its own, the next call each time, before or
 * after it took effect; then it runs twice.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { AuditEvent } from '../../src/audit/event.ts';
import type { UpkeepDeps } from '../../src/endpoints/upkeep.ts';
import { createClientStore } from '../../src/storage/client-store.ts';
import { useService, type Registered } from './service-under-test.ts';
import { runUpkeep, upkeepDeps } from './upkeep-run.ts';

const service = useService();
const HOUR = 3600;
const DAY = 24 * HOUR;
const DAYS = 95;
const TICK_HOURS = 12;
const TERMS = { every_days: 30, overlap_days: 14, unused_hours: 72 };

const HABITS = ['eager', 'at expiry', 'stuck'] as const;
type Member = {
  readonly habit: (typeof HABITS)[number];
  readonly id: string;
  /** The secret that it holds now. */
  secret: string;
  readonly exchanges: string[];
  /** First time that it was refused. */
  refusedAt?: number;
};
type Told = { readonly at: number; readonly event: AuditEvent };
const fleet: Member[] = [];
const told: Told[] = [];
let deaths = 0;

/** Runs on real stores; `dieAt` counts calls, odd deaths come before the call and even ones after it took effect. */
async function run(dieAt = Infinity): Promise<void> {
  let calls = 0;
  const mortal = <T extends object>(store: T): T =>
    new Proxy(store, {
      get: (target, name) => {
        const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
        return async (...args: unknown[]) => {
          calls += 1;
          if (calls > dieAt || (calls === dieAt && deaths % 2 === 1)) throw new Error('died');
          const result = await method.apply(target, args);
          const event = args.find((arg): arg is AuditEvent => typeof arg === 'object' && arg !== null && 'event_type' in arg);
          if (event !== undefined && result === true) told.push({ at: service.now(), event });
          if (calls === dieAt) throw new Error('died');
          return result;
        };
      },
    });
  const stores = Object.entries(upkeepDeps(service.engine)).map(([name, store]) => [name, mortal(store)]);
  const finished = runUpkeep(service, { deps: Object.fromEntries(stores) as UpkeepDeps });
  if (dieAt === Infinity) expect((await finished).failed).toBe(0);
  else await finished.catch(() => undefined);
}

const basic = ({ id, secret }: Member): Registered => ({ client_id: id, client_secret: secret });
const claim = (member: Member) => service.send({ to: `POST /clients/${member.id}/secrets/rotation`, basic: basic(member) });

async function live(member: Member): Promise<void> {
  const warned = told.some(({ at, event }) => at > service.now() - DAY && isWarning(event) && event.client_id === member.id);
  if (member.refusedAt === undefined && (member.habit === 'eager' || (member.habit === 'at expiry' && warned))) {
    const { status, body } = await claim(member);
    if (status === 201) {
      member.exchanges.push(body.id as string);
      member.secret = body.client_secret as string;
    } else expect(status).toBe(200);
  }
  const { status } = await service.send({ to: 'POST /token', basic: basic(member), form: { grant_type: 'client_credentials' } });
  if (status !== 200) member.refusedAt ??= service.now();
}
const isWarning = ({ event_type: type, reason }: AuditEvent): boolean => type === 'credential_expiring' && / [17]d /.test(reason);
const of = (member: Member, type: AuditEvent['event_type']): readonly Told[] =>
  told.filter(({ event }) => event.client_id === member.id && event.event_type === type);
const having = (habit: Member['habit']): readonly Member[] => fleet.filter((member) => member.habit === habit);

let start = 0;
beforeAll(async () => {
  start = service.now();
  for (const habit of HABITS)
    for (let count = 0; count < 2; count += 1) {
      const { client_id: id, client_secret: secret } = await service.register({ secret_rotation: TERMS });
      fleet.push({ habit, id, secret, exchanges: [] });
      // Not all of the same age.
      service.advance(5 * HOUR);
    }
  for (let tick = 0; tick < (DAYS * 24) / TICK_HOURS; tick += 1) {
    service.advance(TICK_HOURS * HOUR);
    deaths += 1;
    await run(deaths % 61);
    await Promise.all([run(), run()]);
    await run();
    if (tick % 2 === 0) for (const member of fleet) await live(member);
    service.log.clear();
  }
}, 300_000);

describe('those who take their new secret', () => {
  it.each(['eager', 'at expiry'] as const)('(%s) are never refused, and hold a secret that is no older than it may be', (habit) => {
    for (const member of having(habit)) {
      expect(member.refusedAt).toBeUndefined();
      expect(member.exchanges.length).toBeGreaterThanOrEqual(Math.floor(DAYS / (TERMS.every_days + TERMS.overlap_days)));
    }
  });

  it('at once: the former secret ends by itself for want of use, which is said a day before', () => {
    for (const member of having('eager')) {
      const ended = of(member, 'secret_ended');
      expect(ended.length).toBeGreaterThanOrEqual(member.exchanges.length - 1);
      for (const { at, event } of ended) {
        expect(event.reason).toMatch(/ unused$/);
        const [, id = ''] = event.reason.split(' ');
        const [announced, ...more] = of(member, 'secret_ending').filter(({ event: { reason } }) => reason.includes(id));
        expect(more).toEqual([]);
        expect(at - (announced?.at ?? Infinity)).toBeGreaterThanOrEqual(DAY);
        const due = of(member, 'secret_rotation_due').find(({ event: { reason } }) => reason.includes(id));
        expect(at - (due?.at ?? Infinity)).toBeGreaterThanOrEqual(TERMS.unused_hours * HOUR);
      }
    }
  });

  it('in the last week: the former secret ends all the same, unused or at its hard date', () => {
    for (const member of having('at expiry')) {
      expect(of(member, 'secret_ended').length).toBeGreaterThanOrEqual(member.exchanges.length - 1);
      expect(of(member, 'secret_ended').length).toBeGreaterThan(0);
    }
  });
});

it('those who never do are refused at the hard date, not before, and were warned of it', () => {
  for (const member of having('stuck')) {
    const [due] = of(member, 'secret_rotation_due');
    const hardDate = due!.at + TERMS.overlap_days * DAY;
    expect(due!.at - start).toBeGreaterThanOrEqual(TERMS.every_days * DAY);
    expect(member.refusedAt).toBeGreaterThanOrEqual(hardDate);
    expect(member.refusedAt).toBeLessThanOrEqual(hardDate + 2 * DAY);
    const warnings = of(member, 'credential_expiring');
    expect(warnings.map(({ event: { reason } }) => reason.split(' ')[2])).toEqual(['7d', '1d']);
    for (const { at, event } of warnings) {
      expect(at).toBeLessThan(hardDate);
      expect(event.reason).toMatch(/ successor:none$/);
    }
    expect(of(member, 'secret_ended').map(({ event: { reason } }) => reason.split(' ')[2])).toEqual(['expired']);
  }
});

it('nothing was told twice, whatever died and however often it ran', () => {
  const once = told.map(({ event: { event_type: type, reason } }) => {
    const [, id, days] = reason.split(' ');
    return type === 'credential_expiring' ? `${type} ${id} ${days}` : `${type} ${id}`;
  });
  expect(once.length).toBeGreaterThan(30);
  expect(once.filter((line, index) => once.indexOf(line) !== index)).toEqual([]);
});

it('nobody is left with more than a secret and what it was exchanged for', async () => {
  for (const member of fleet) {
    const client = await createClientStore(service.engine).read(member.id);
    const { length } = client!.secrets;
    expect(member.habit === 'stuck' ? [0] : [1, 2]).toContain(length);
  }
});
