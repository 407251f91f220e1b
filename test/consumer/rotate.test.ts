// What the contract test over HTTP cannot bring about: changes between one call and the next.
import { describe, expect, it } from 'vitest';
import { formatClientSecret } from '../../src/client-authentication/secret.ts';
import type { Claimed, Issuer, SecretVersions } from '../../src/consumer/ports.ts';
import { rotate, type Step } from '../../src/consumer/rotate.ts';
import { readRotationEvent } from '../../src/consumer/rotation-event.ts';

const secretOf = (byte: number): string => formatClientSecret(Buffer.alloc(32, byte));
const kept = (byte: number, more: object = {}): string => JSON.stringify({ client_id: 'billing', client_secret: secretOf(byte), ...more });
const REFUSED: Claimed = { outcome: 'refused', status: 409, problem: 'conflict' };

type State = { readonly stages: Record<string, string[]>; readonly values: Record<string, string | undefined> };
function world(state: State, overrides: { readonly versions?: Partial<SecretVersions>; readonly issuer?: Partial<Issuer> } = {}) {
  const puts: string[] = [];
  const claims: string[] = [];
  const versions: SecretVersions = {
    stages: () => Promise.resolve(new Map(Object.entries(state.stages))),
    read: (id) => Promise.resolve(state.values[id]),
    newestFirst: () => Promise.resolve(Object.keys(state.values).map((id, index) => ({ id, createdAt: 100 - index }))),
    putPending: (_, value) => Promise.resolve(puts.push(value)).then(() => 'put' as const),
    makeCurrent: () => Promise.resolve('moved'),
    ...overrides.versions,
  };
  const issuer: Issuer = {
    tokenEndpoint: 'https://issuer.example/token',
    claim: ({ secret }, early) => {
      claims.push(`${secret} ${String(early)}`);
      return Promise.resolve(early ? REFUSED : { outcome: 'unchanged', endsAt: undefined });
    },
    tryToken: () => Promise.resolve({ outcome: 'token' }),
    ...overrides.issuer,
  };
  const run = (step: Step) => rotate({ step, versionId: 'new' }, { versions, issuer, clientId: 'billing' });
  return { run, puts, claims };
}
const ROTATING: State = { stages: { old: ['AWSCURRENT'], new: ['AWSPENDING'] }, values: { old: kept(1) } };

describe('createSecret', () => {
  it('keeps what else the value has, and says where tokens are', async () => {
    const claim = () => Promise.resolve({ outcome: 'successor', secret: secretOf(2) } as const);
    const { run, puts } = world({ ...ROTATING, values: { old: kept(1, { audience: 'a', token_endpoint: 'x' }) } }, { issuer: { claim } });
    expect(await run('createSecret')).toEqual({ ok: true, value: 'done' });
    const value = { audience: 'a', client_id: 'billing', client_secret: secretOf(2), token_endpoint: 'https://issuer.example/token' };
    expect(puts.map((text) => JSON.parse(text) as object)).toEqual([value]);
  });

  it('leaves a value that a repeat of it has put and used meanwhile', async () => {
    const reads: string[] = [];
    const read = (id: string) => Promise.resolve(reads.push(id) === 1 ? undefined : kept(id === 'old' ? 1 : 2));
    const { run, puts } = world({ ...ROTATING, values: { old: kept(1) } }, { versions: { read } });
    expect(await run('createSecret')).toEqual({ ok: true, value: 'done_before' });
    expect(puts).toEqual([]);
  });

  it.each([
    ['done_before', kept(2)],
    ['version_taken', undefined],
  ])('is %s when the version holds another value by then', async (outcome, value) => {
    let puts = 0;
    const read = (id: string) => Promise.resolve(id === 'old' ? kept(1) : puts === 0 ? undefined : value);
    const claim = () => Promise.resolve({ outcome: 'successor', secret: secretOf(3) } as const);
    const putPending = () => Promise.resolve((puts += 1)).then(() => 'taken' as const);
    expect(JSON.stringify(await world(ROTATING, { versions: { read, putPending }, issuer: { claim } }).run('createSecret'))).toContain(
      outcome,
    );
  });

  it('tries two left-over secrets at most, newest first, none twice, and none that is older than the current one', async () => {
    const values = { v6: kept(6), v5: kept(6), v4: 'nothing', v3: kept(3), v2: kept(2), old: kept(1), v0: kept(9) };
    const claims: string[] = [];
    const claim: Issuer['claim'] = ({ secret }) => Promise.resolve(claims.push(secret)).then(() => REFUSED);
    const { run } = world({ ...ROTATING, values }, { issuer: { claim } });
    expect(await run('createSecret')).toMatchObject({ failure: { reason: 'secret_refused', status: 409 } });
    expect(claims).toEqual([secretOf(1), secretOf(6), secretOf(3)]);
  });

  it('takes the successor of a left-over secret that has come of age, and not one that ends', async () => {
    const outcomes: Claimed[] = [
      REFUSED,
      { outcome: 'unchanged', endsAt: '2035-01-01T00:00:00Z' },
      { outcome: 'successor', secret: secretOf(7) },
    ];
    const claim: Issuer['claim'] = () => Promise.resolve(outcomes.shift()!);
    const { run, puts } = world({ ...ROTATING, values: { v6: kept(6), v5: kept(5), old: kept(1) } }, { issuer: { claim } });
    expect(await run('createSecret')).toEqual({ ok: true, value: 'done' });
    expect(puts.join()).toContain(secretOf(7));
  });
});

describe('finishSecret', () => {
  const pending: State = { ...ROTATING, values: { old: kept(1), new: kept(2) } };
  const moved = { makeCurrent: () => Promise.resolve('moved_meanwhile' as const) };

  it('is done before when a repeat of it has moved the label', async () => {
    let asked = 0;
    const stages = () => Promise.resolve(new Map(Object.entries((asked += 1) === 1 ? pending.stages : { new: ['AWSCURRENT'] })));
    expect(await world(pending, { versions: { ...moved, stages } }).run('finishSecret')).toEqual({ ok: true, value: 'done_before' });
  });
  it('is refused when somebody else has', async () => {
    expect(await world(pending, { versions: moved }).run('finishSecret')).toMatchObject({ failure: { reason: 'current_moved_meanwhile' } });
  });
});

describe('testSecret', () => {
  it('fails with the words of the issuer', async () => {
    const tryToken = () => Promise.resolve({ outcome: 'refused', status: 401, problem: 'invalid_client: no' } as const);
    const { run } = world({ ...ROTATING, values: { new: kept(2) } }, { issuer: { tryToken } });
    expect(await run('testSecret')).toMatchObject({ failure: { reason: 'token_refused', status: 401, problem: 'invalid_client: no' } });
  });
});

describe('the event', () => {
  it('is read', () => {
    const read = readRotationEvent({ SecretId: 'arn', ClientRequestToken: 'v', Step: 'testSecret' });
    expect(read).toEqual({ secretId: 'arn', versionId: 'v', step: 'testSecret' });
  });
  it.each([undefined, null, {}, { SecretId: 'arn', ClientRequestToken: 'v', Step: 'deleteSecret' }, { SecretId: 1, Step: 'setSecret' }])(
    'is refused: %j',
    (event) => {
      expect(() => readRotationEvent(event)).toThrow('not that of a rotation');
    },
  );
});
