// SECURITY 80: no spelling of a path reaches what its plain spelling does not.
import { beforeAll, describe, expect, it } from 'vitest';
import { endpointsOf } from '../e2e/endpoints.ts';
import { rawRequest, statusOf } from '../e2e/raw-connection.ts';
import { runningService } from '../e2e/running-service.ts';

const service = runningService();
const { issuer, accessToken } = endpointsOf(service);
let user: string;
let admin: string;
beforeAll(async () => {
  [user, admin] = await Promise.all([accessToken(service.demoService), accessToken(service.demoAdmin)]);
});

const SPELLINGS = [
  '//admin-only', '/./admin-only', '/protected/../admin-only', '/protected/..%2fadmin-only', '/protected/%2e%2e/admin-only', '/%2fadmin-only',
  '/admin-only/', '/admin-only//', '/admin-only;x', '/admin-only;/protected', '/protected;/../admin-only', '/ADMIN-ONLY', '/Admin-Only', '/admin%2donly',
  '/%61dmin-only', '/admin-only%00', '/admin-only%20', '/admin-only%0a', '/admin-only%23', '/admin-only%3f', '/protected%2f..%2fadmin-only',
  '/\\admin-only', '/protected\\..\\admin-only', '/v1/admin-only', '/admin-only/protected', '/protected/admin-only', '/admin-only.json',
  '/admin-only?', '/admin-only?x=/protected', '/admin-only#/protected', 'http://other.example/admin-only', '*',
]; // prettier-ignore

describe.each(SPELLINGS)('%s', (path) => {
  it('is refused to a user, and without a token', async () => {
    for (const lines of [[`authorization: Bearer ${user}`], []]) {
      const answer = await rawRequest(issuer, `GET ${path} HTTP/1.1`, lines);
      expect([400, 401, 403, 404, 405]).toContain(statusOf(answer));
      expect(answer).not.toContain('is open to you');
    }
  });
});

it('the plain spellings work for who may', async () => {
  expect(statusOf(await rawRequest(issuer, 'GET /admin-only HTTP/1.1', [`authorization: Bearer ${admin}`]))).toBe(200);
  expect(statusOf(await rawRequest(issuer, 'GET /protected HTTP/1.1', [`authorization: Bearer ${user}`]))).toBe(200);
  expect(statusOf(await rawRequest(issuer, 'GET /admin-only?x=1 HTTP/1.1', [`authorization: Bearer ${admin}`]))).toBe(200);
});

it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'TRACE'])('%s /admin-only is refused', async (method) => {
  const answer = await rawRequest(issuer, `${method} /admin-only HTTP/1.1`, [`authorization: Bearer ${user}`]);
  expect(statusOf(answer)).toBeGreaterThanOrEqual(400);
  expect(statusOf(answer)).toBeLessThan(500);
});

it('a Host of its own choice changes nothing', async () => {
  const answer = await rawRequest(issuer, 'GET /admin-only HTTP/1.1', [
    `authorization: Bearer ${user}`,
    'x-forwarded-host: other.example',
    'x-original-url: /protected',
  ]);
  expect(statusOf(answer)).toBe(403);
});
