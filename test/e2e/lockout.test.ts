// Lockout as it is deployed: the real local service, its own knob untouched, and callers from networks of 127.0.0.0/8.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Answer } from './call.ts';
import { endpointsOf, type Endpoints, type TestClient } from './endpoints.ts';
import { startService, type ServiceProcess } from './service-process.ts';

let service: ServiceProcess;
let api: Endpoints;
beforeAll(async () => {
  service = await startService({ environment: { RATE_LIMIT_PER_MINUTE: '1000' } });
  api = endpointsOf(service);
});
afterAll(() => service.stop());

const from = (client: TestClient, address: string): Promise<Answer> => api.token(client, {}, { from: address });
const wrong = (client: TestClient): TestClient => ({ ...client, client_secret: 'wrong' });
const statuses = (answers: readonly Answer[]): readonly number[] => answers.map(({ status }) => status);

it('an attack from 20 networks at once leaves the owner alone, and each network with a delay', async () => {
  const client = await api.register();
  const answered: number[] = [];
  const attack = Promise.all(
    Array.from({ length: 20 }, async (_, network) => {
      const all: Answer[] = [];
      for (let guess = 0; guess < 15; guess += 1) all.push(await from(wrong(client), `127.9.${network}.1`));
      answered.push(all.filter(({ status }) => status === 401).length);
      expect(all.at(-1)).toMatchObject({ status: 429, body: { error: 'slow_down' } });
      expect(Number(all.at(-1)!.headers['retry-after'])).toBeGreaterThan(20);
    }),
  );
  const owner: Answer[] = [];
  for (let call = 0; call < 20; call += 1) owner.push(await from(client, '127.0.0.1'));
  await attack;
  expect(statuses(owner)).toEqual(Array(20).fill(200));
  expect(answered).toEqual(Array(20).fill(5));
});

it('parallel guesses from one network are slowed as others are', async () => {
  const client = await api.register();
  const guesses = await Promise.all(Array.from({ length: 30 }, () => from(wrong(client), '127.8.0.1')));
  // How many were judged before the first delay began depends on the machine. Each doubles the delay; an environment may still hold the one before.
  const judged = statuses(guesses).filter((status) => status === 401).length;
  expect(judged).toBeGreaterThanOrEqual(5);
  const refused = await from(wrong(client), '127.8.0.1');
  expect(refused.status).toBe(429);
  const delay = Math.min(30 * 60, 30 * 2 ** (judged - 5));
  expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(delay);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
});

it('an owner behind the address of a guesser is served, by every secret of the right client alone', async () => {
  const [client, other] = [await api.register(), await api.register()];
  expect((await from(client, '127.7.0.1')).status).toBe(200);
  for (let guess = 0; guess < 8; guess += 1) await from(wrong(client), '127.7.0.1');
  expect(statuses([await from(client, '127.7.0.1'), await from(wrong(client), '127.7.0.1'), await from(other, '127.7.0.1')])).toEqual([
    200, 429, 200,
  ]);
});

it('a blocked network is shut out of everything, and let in again', async () => {
  const client = await api.register();
  expect((await api.manage('POST', '/blocks', { cidr: '127.6.0.0/16' })).status).toBe(201);
  await expect.poll(async () => (await from(client, '127.6.0.1')).status, { timeout: 8000 }).toBe(403);
  expect((await from(client, '127.0.0.1')).status).toBe(200);
  expect((await api.manage('DELETE', '/blocks?cidr=127.6.0.0%2F16')).status).toBe(204);
  await expect.poll(async () => (await from(client, '127.6.0.1')).status, { timeout: 8000 }).toBe(200);
});
