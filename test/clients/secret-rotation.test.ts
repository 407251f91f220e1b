import { describe, expect, it } from 'vitest';
import type { Client, SecretDigest } from '../../src/clients/client.ts';
import { isRotating, nextRotationStep, successorState, waitingForRoom } from '../../src/clients/secret-rotation.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;
const NOW = 1_000 * DAY;
const TERMS = { every_days: 90, unused_hours: 72, overlap_days: 30, claim_hours: 0 };

const secret = (id: string, more: Partial<SecretDigest> = {}): SecretDigest => ({
  id,
  pepper: 'k1',
  digest: 'd',
  created_at: NOW - 91 * DAY,
  ...more,
});
const client = (secrets: readonly SecretDigest[], more: Partial<Client> = {}): Client => ({
  client_id: 'c',
  grant_types: ['client_credentials'],
  token_endpoint_auth_method: 'client_secret_basic',
  scope: [],
  roles: [],
  refresh_token_lifetime: 1,
  refresh_token_idle_lifetime: 0,
  refresh_client_auth: 'required',
  ip_ranges: [],
  may_introspect: 'own',
  disabled: false,
  secrets,
  epoch: 1,
  version: 1,
  client_id_issued_at: 0,
  updated_at: 0,
  secret_rotation: TERMS,
  ...more,
});
const uses = (last: Readonly<Record<string, number>>) =>
  new Map(Object.entries(last).map(([id, at]) => [id, { last_used_at: at, ip: '192.0.2.1', user_agent: 'test' }]));
const step = (of: Client, last: Readonly<Record<string, number>> = {}, now = NOW) => nextRotationStep(of, uses(last), now);

describe('opening an exchange', () => {
  it('happens at the age that the terms say, with the whole overlap from now on', () => {
    const young = secret('s', { created_at: NOW - 90 * DAY + 1 });
    expect(step(client([young]))).toBeUndefined();
    expect(step(client([secret('s')]))).toEqual({
      step: 'due',
      secretId: 's',
      endsAt: NOW + 30 * DAY,
      to: { secrets: [secret('s', { rotating_since: NOW, expires_at: NOW + 30 * DAY })] },
    });
  });

  it.each<[string, Client]>([
    ['without terms', (({ secret_rotation: _, ...rest }) => rest)(client([secret('s')]))],
    ['of a disabled client', client([secret('s')], { disabled: true })],
    ['of a client past its end', client([secret('s')], { client_expires_at: NOW })],
    ['of a secret that was given an end by hand', client([secret('s', { expires_at: NOW + DAY })])],
    ['of one whose exchange is open', client([secret('s', { rotating_since: NOW - DAY, expires_at: NOW + 29 * DAY })])],
  ])('does not happen %s', (_, of) => {
    expect(step(of)).toBeUndefined();
  });

  it.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 1],
    [5, 0],
  ])('of %s secrets of the same age happens to %s: the others wait until there is room for their successors', (count, opened) => {
    let of = client(Array.from({ length: count }, (_, index) => secret(`s${index}`)));
    for (let next = step(of); next !== undefined; next = step(of)) of = { ...of, ...next.to };
    const isOpen = ({ expires_at: end }: SecretDigest): boolean => end !== undefined;
    expect(of.secrets.filter(isOpen)).toHaveLength(opened);
    expect(waitingForRoom(of, NOW)).toEqual(of.secrets.filter((each) => !isOpen(each)).map(({ id }) => id));
  });

  it('happens once one of five has ended', () => {
    const four = ['a', 'b', 'c', 'd'].map((id) => secret(id));
    const last = secret('e', { expires_at: NOW + 1 });
    expect(step(client([...four, last]))).toBeUndefined();
    expect(step(client([...four, { ...last, expires_at: NOW }]))).toMatchObject({ step: 'due', secretId: 'a' });
  });

  it('keeps no place where a newer secret stands in already', () => {
    let of = client([secret('a'), secret('b'), secret('c'), secret('new', { created_at: NOW })]);
    for (let next = step(of); next !== undefined; next = step(of)) of = { ...of, ...next.to };
    expect(of.secrets.map(({ expires_at: end }) => end !== undefined)).toEqual([true, true, true, false]);
    expect(waitingForRoom(of, NOW)).toEqual([]);
  });

  it('is moved to a later end by longer terms, never to an earlier one', () => {
    const open = client([secret('s', { rotating_since: NOW, expires_at: NOW + 30 * DAY })]);
    const longer = step({ ...open, secret_rotation: { ...TERMS, overlap_days: 40 } });
    expect(longer).toMatchObject({ step: 'postponed', endsAt: NOW + 40 * DAY, to: { secrets: [{ expires_at: NOW + 40 * DAY }] } });
    expect(step({ ...open, secret_rotation: { ...TERMS, overlap_days: 1 } })).toBeUndefined();
  });

  it('is taken back without terms: the secret is again as it was', () => {
    const { secret_rotation: _, ...without } = client([
      secret('s', { rotating_since: NOW, expires_at: NOW + 30 * DAY, ending_announced_at: NOW }),
    ]);
    expect(step(without)).toEqual({ step: 'withdrawn', secretId: 's', to: { secrets: [secret('s')] } });
  });
});

describe('ending a former secret for want of use', () => {
  const SINCE = NOW - 20 * DAY;
  const former = (more: Partial<SecretDigest> = {}) => secret('old', { rotating_since: SINCE, expires_at: SINCE + 30 * DAY, ...more });
  const successor = secret('new', { created_at: SINCE, successor_of: 'old' });
  const USED = SINCE + DAY;
  // A use within 5 minutes of another is not written.
  const IDLE = USED + 5 * 60;

  it('is announced a day before, then done', () => {
    const pair = client([former(), successor]);
    const last = { old: USED, new: USED };
    expect(step(pair, last, IDLE + 48 * HOUR - 1)).toBeUndefined();
    const announced = step(pair, last, IDLE + 48 * HOUR);
    expect(announced).toMatchObject({ step: 'ending', secretId: 'old', endsAt: IDLE + 72 * HOUR });
    const after = { ...pair, ...announced?.to };
    expect(step(after, last, IDLE + 72 * HOUR - 1)).toBeUndefined();
    expect(step(after, last, IDLE + 72 * HOUR)).toEqual({ step: 'unused', secretId: 'old', to: { secrets: [successor] } });
  });

  it('that comes late is still announced a day before', () => {
    const late = IDLE + 100 * HOUR;
    const pair = client([former(), successor]);
    const announced = step(pair, { old: USED, new: USED }, late);
    expect(announced).toMatchObject({ step: 'ending', endsAt: late + DAY });
    expect(step({ ...pair, ...announced?.to }, { old: USED, new: USED }, late + DAY - 1)).toBeUndefined();
  });

  it('begins anew when the secret is used after it was announced', () => {
    const at = IDLE + 48 * HOUR;
    const pair = client([former({ ending_announced_at: at }), successor]);
    const last = { old: at + HOUR, new: USED };
    expect(step(pair, last, IDLE + 72 * HOUR)).toBeUndefined();
    expect(step(pair, last, at + HOUR + 300 + 48 * HOUR)).toMatchObject({ step: 'ending' });
  });

  it.each<[string, Client, Readonly<Record<string, number>>]>([
    ['while there is no successor', client([former()]), { old: USED }],
    ['while nobody uses the successor', client([former(), successor]), { old: USED }],
    ['when the only successor has ended', client([former(), { ...successor, expires_at: NOW - 1 }]), { old: USED, new: USED }],
    ["for another secret's successor", client([former(), { ...successor, successor_of: 'other' }]), { old: USED, new: USED }],
    ['for one of a manager that is older', client([former(), secret('hand', { created_at: 0 })]), { hand: USED }],
    ['for one of a manager that ends', client([former(), secret('hand', { created_at: SINCE, expires_at: NOW + DAY })]), { hand: USED }],
    [
      'for one of a manager that serves only some networks',
      client([former(), secret('hand', { created_at: SINCE, ip_ranges: ['192.0.2.0/24'] })]),
      { hand: USED },
    ],
  ])('does not happen %s', (_, of, last) => {
    expect(['unused', 'ending']).not.toContain(step(of, last, NOW - 1)?.step);
  });

  it('goes by one that a manager has added just as well', () => {
    const hand = secret('hand', { created_at: SINCE });
    expect(step(client([former(), hand]), { old: USED, hand: USED })).toMatchObject({ step: 'ending', secretId: 'old' });
  });
});

it('a secret past its end is taken from the record, whatever gave it that end, and its key stays spent', () => {
  const ended = secret('s', { created_at: NOW - HOUR, expires_at: NOW, idempotency: { key: 'k', body: 'b' } });
  const { secret_rotation: _, ...without } = client([ended, secret('t', { created_at: NOW })]);
  expect(step(without)).toEqual({
    step: 'expired',
    secretId: 's',
    to: { secrets: [secret('t', { created_at: NOW })], spent_keys: [{ key: 'k', until: NOW + 23 * HOUR }] },
  });
});

it('tells what there is to go over to', () => {
  const old = secret('old', { rotating_since: NOW });
  const pair = client([old, secret('new', { successor_of: 'old' })]);
  expect(successorState(client([old]), old, uses({}), NOW)).toBe('none');
  expect(successorState(pair, old, uses({ old: NOW }), NOW)).toBe('unused');
  expect(successorState(pair, old, uses({ new: NOW }), NOW)).toBe('in_use');
  expect([isRotating(pair), isRotating(client([secret('s')]))]).toEqual([true, false]);
});
