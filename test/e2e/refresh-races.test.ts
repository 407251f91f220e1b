// One session, many callers at once: one successor, no branch, nobody honest locked out (DESIGN 5, SECURITY 52, 53).
import { beforeAll, expect, it } from 'vitest';
import { eventsOf } from './audit-trail.ts';
import { decoded, endpointsOf, expectOk, type TestClient } from './endpoints.ts';
import { runningService } from './running-service.ts';

const service = runningService();
const api = endpointsOf(service);
const { token, refresh, revoke, register } = api;
const CALLERS = 50;
let client: TestClient;
beforeAll(async () => {
  client = await register();
});
const at = <T>(times: number, act: () => Promise<T>): Promise<readonly T[]> => Promise.all(Array.from({ length: times }, act));
const distinct = (texts: readonly string[]): number => new Set(texts).size;

it('50 callers with one refresh token get one and the same successor, round after round', async () => {
  let current: string = expectOk(await token(client)).body.refresh_token;
  for (let round = 0; round < 6; round += 1) {
    const answers = await at(CALLERS, () => refresh(client, current));
    expect(distinct(answers.map(({ status }) => String(status)))).toBe(1);
    expect(answers[0]?.status).toBe(200);
    const successors = answers.map(({ body }) => body.refresh_token as string);
    expect(distinct(successors)).toBe(1);
    expect(distinct(answers.map(({ body }) => decoded(body.access_token).claims.jti))).toBe(CALLERS);
    expect(successors[0]).not.toBe(current);
    current = successors[0]!;
  }
  expect(eventsOf(service, client.client_id).some(({ event_type }) => event_type === 'refresh_token_reuse')).toBe(false);
});

it('many sessions refreshed at once, each by several callers: no session meets another', async () => {
  const sessions = await at(10, async () => expectOk(await token(client)).body);
  const answers = await Promise.all(sessions.map(({ refresh_token }) => at(5, () => refresh(client, refresh_token))));
  expect(answers.flat().every(({ status }) => status === 200)).toBe(true);
  for (const ofOne of answers) expect(distinct(ofOne.map(({ body }) => body.refresh_token))).toBe(1);
  expect(distinct(answers.flat().map(({ body }) => body.refresh_token))).toBe(10);
});

it('a thief who comes with an older generation ends the session and its access tokens, once and for everybody', async () => {
  const victim = await register();
  const first = expectOk(await token(victim)).body;
  const second = expectOk(await refresh(victim, first.refresh_token)).body;
  const third = expectOk(await refresh(victim, second.refresh_token)).body;
  const answers = await at(20, () => refresh(victim, first.refresh_token));
  expect(answers.every(({ status, body }) => status === 400 && body.error === 'invalid_grant')).toBe(true);
  for (const { access_token } of [first, second, third]) expect((await api.protected(access_token)).status).toBe(401);
  for (const { refresh_token } of [second, third]) expect((await refresh(victim, refresh_token)).status).toBe(400);
  const reuse = eventsOf(service, victim.client_id).filter(({ event_type }) => event_type === 'refresh_token_reuse');
  expect(reuse.length).toBeGreaterThan(0);
  expect(reuse[0]).toMatchObject({
    sid: decoded(first.access_token).claims.sid,
    outcome: 'failure',
    reason: 'refresh_token_reused',
    ip: '127.0.0.1',
  });
});

it('the thief and the owner at the same time: nothing of the session is left alive', async () => {
  const first = expectOk(await token(client)).body;
  const second = expectOk(await refresh(client, first.refresh_token)).body;
  const third = expectOk(await refresh(client, second.refresh_token)).body;
  const answers = await Promise.all([
    ...Array.from({ length: 10 }, () => refresh(client, third.refresh_token)),
    ...Array.from({ length: 10 }, () => refresh(client, first.refresh_token)),
  ]);
  expect(answers.every(({ status }) => status === 200 || status === 400)).toBe(true);
  const alive = await Promise.all(answers.filter(({ status }) => status === 200).map(({ body }) => api.protected(body.access_token)));
  expect(alive.every(({ status }) => status === 401)).toBe(true);
  for (const { body } of answers.filter(({ status }) => status === 200))
    expect((await refresh(client, body.refresh_token)).status).toBe(400);
});

it('a revocation that races with refreshes leaves nothing alive', async () => {
  for (let round = 0; round < 4; round += 1) {
    const { refresh_token } = expectOk(await token(client)).body;
    const [revoked, ...answers] = await Promise.all([
      revoke(client, { token: refresh_token }),
      ...Array.from({ length: 12 }, () => refresh(client, refresh_token)),
    ]);
    expect(revoked.status).toBe(200);
    for (const { status, body } of answers) {
      expect([200, 400]).toContain(status);
      if (status !== 200) continue;
      expect((await api.protected(body.access_token)).status).toBe(401);
      expect((await refresh(client, body.refresh_token)).status).toBe(400);
    }
  }
});
