import { beforeEach, describe, expect, it } from 'vitest';
import type { Exchanged } from '../../src/authorizer/api-key-exchange.ts';
import { createApiKeyTokens, type ApiKeyTokens } from '../../src/authorizer/api-key-tokens.ts';
import { Outage } from '../../src/outage.ts';

let nowMs: number;
let asked: string[];
let answer: (key: string) => Promise<Exchanged>;
let tokens: ApiKeyTokens;
const good = (token = `token ${asked.length}`, lifetimeSeconds = 900): Promise<Exchanged> =>
  Promise.resolve({ outcome: 'token', token, lifetimeSeconds });
const refused = (): Promise<Exchanged> => Promise.resolve({ outcome: 'refused' });
const down = (): Promise<Exchanged> => Promise.reject(new Outage('issuer:POST /token'));
const tokenOf = (key = 'key', ip: string | undefined = '203.0.113.7') => tokens.tokenOf(key, ip, nowMs);
const pass = (ms: number): void => void (nowMs += ms);
const REFUSED = { ok: false, failure: { reason: 'api_key_refused' } };
const UNAVAILABLE = { ok: false, failure: { reason: 'api_key_unavailable', dependency: 'issuer:POST /token' } };

beforeEach(() => {
  nowMs = 1_800_000_000_000;
  asked = [];
  answer = () => good();
  tokens = createApiKeyTokens(
    (key) => {
      asked.push(key);
      return answer(key);
    },
    () => nowMs,
  );
});

describe('a token for an API key', () => {
  it('is asked for once and kept', async () => {
    for (let count = 0; count < 3; count += 1) expect(await tokenOf()).toEqual({ ok: true, value: 'token 1' });
    expect(asked).toEqual(['key']);
    expect(await tokenOf('other')).toEqual({ ok: true, value: 'token 2' });
  });

  it('of many requests at once one asks', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => tokenOf()));
    expect(new Set(answers.map((each) => (each.ok ? each.value : '')))).toEqual(new Set(['token 1']));
    expect(asked).toHaveLength(1);
  });

  it('is renewed from its half-life on, and used until its end while the issuer is down', async () => {
    await tokenOf();
    pass(449_999);
    expect(await tokenOf()).toMatchObject({ value: 'token 1' });
    pass(1);
    expect(await tokenOf()).toMatchObject({ value: 'token 2' });
    answer = down;
    pass(899_999);
    expect(await tokenOf()).toMatchObject({ value: 'token 2' });
    pass(1);
    expect(await tokenOf()).toEqual(UNAVAILABLE);
    answer = () => good();
    pass(1_000);
    expect(await tokenOf()).toMatchObject({ ok: true });
  });

  it('is not waited for long while the former one serves', async () => {
    await tokenOf();
    pass(450_000);
    let arrive: (value: Exchanged) => void = () => undefined;
    answer = () => new Promise((resolve) => (arrive = resolve));
    expect(await tokenOf()).toMatchObject({ value: 'token 1' });
    arrive({ outcome: 'token', token: 'late', lifetimeSeconds: 900 });
    expect(await tokenOf()).toMatchObject({ value: 'late' });
    expect(asked).toHaveLength(2);
  });

  it('that a frozen environment has begun to ask for is asked for again', async () => {
    await tokenOf();
    pass(450_000);
    answer = () => new Promise(() => undefined);
    expect(await tokenOf()).toMatchObject({ value: 'token 1' });
    answer = () => good();
    pass(3_000);
    expect(await tokenOf()).toMatchObject({ value: 'token 3' });
  });
});

describe('a key that the issuer refuses', () => {
  it('is refused for 5 seconds without asking, then asked about again', async () => {
    answer = refused;
    expect(await tokenOf()).toEqual(REFUSED);
    pass(4_999);
    expect(await tokenOf()).toEqual(REFUSED);
    expect(asked).toHaveLength(1);
    answer = () => good();
    pass(1);
    expect(await tokenOf()).toMatchObject({ ok: true });
  });

  it('loses a token that it had', async () => {
    await tokenOf();
    answer = refused;
    pass(450_000);
    expect(await tokenOf()).toEqual(REFUSED);
    pass(5_000);
    answer = down;
    expect(await tokenOf()).toEqual(UNAVAILABLE);
  });

  it('beyond 20 in a minute from one network is not asked about, and others are', async () => {
    answer = refused;
    for (let count = 0; count < 30; count += 1) expect(await tokenOf(`guess ${count}`)).toEqual(REFUSED);
    expect(asked).toHaveLength(20);
    answer = () => good();
    expect(await tokenOf('good')).toEqual(REFUSED);
    expect(await tokenOf('good', '203.0.113.8')).toMatchObject({ ok: true });
    expect(await tokenOf('good')).toMatchObject({ ok: true });
    expect(await tokens.tokenOf('another', undefined, nowMs)).toMatchObject({ ok: true });
    pass(60_000);
    expect(await tokenOf('new')).toMatchObject({ ok: true });
  });
});

describe('an issuer that does not answer', () => {
  it('is left alone for a second for that key', async () => {
    answer = down;
    expect(await tokenOf()).toEqual(UNAVAILABLE);
    expect(await tokenOf()).toEqual(UNAVAILABLE);
    expect(asked).toHaveLength(1);
    pass(1_000);
    expect(await tokenOf()).toEqual(UNAVAILABLE);
    expect(asked).toHaveLength(2);
  });

  it('with a limit is left alone as long as it says, at most 5 seconds', async () => {
    answer = () => Promise.resolve({ outcome: 'limited', retryAfterSeconds: 3 });
    expect(await tokenOf()).toEqual(UNAVAILABLE);
    pass(2_999);
    expect(await tokenOf()).toEqual(UNAVAILABLE);
    expect(asked).toHaveLength(1);
    answer = () => Promise.resolve({ outcome: 'limited', retryAfterSeconds: 3600 });
    pass(1);
    await tokenOf();
    pass(5_000);
    await tokenOf();
    expect(asked).toHaveLength(3);
  });
});

describe('a token that was found revoked', () => {
  it('is asked for anew, but not when it is only seconds old', async () => {
    await tokenOf();
    pass(1_999);
    expect(tokens.forget('key', nowMs)).toBe(false);
    pass(1);
    expect(tokens.forget('key', nowMs)).toBe(true);
    expect(tokens.forget('key', nowMs)).toBe(false);
    expect(await tokenOf()).toMatchObject({ value: 'token 2' });
  });
});

it('remembers a bounded number of keys', async () => {
  for (let count = 0; count < 1_001; count += 1) await tokenOf(`key ${count}`);
  await tokenOf('key 1000');
  expect(asked).toHaveLength(1_001);
  await tokenOf('key 0');
  expect(asked).toHaveLength(1_002);
});
