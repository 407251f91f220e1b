// Programs in the documents run as they stand: a Lambda function that calls an API.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { block } from './pages.ts';

/** Where programs find the project's packages, and where TypeScript runs, which it does not below node_modules. */
const cache = 'node_modules/.cache';
let inside: string;
let outside: string;
beforeAll(() => {
  mkdirSync(cache, { recursive: true });
  inside = mkdtempSync(join(cache, 'docs-'));
  outside = mkdtempSync(join(tmpdir(), 'm2m-auth-docs-'));
});
afterAll(() => {
  vi.unstubAllEnvs();
  for (const folder of [inside, outside]) rmSync(folder, { recursive: true, force: true });
});

async function serve(
  answer: (request: IncomingMessage, body: string) => { status?: number; body: unknown },
): Promise<Server & { url: string }> {
  const server = createServer((request, response) => {
    void text(request).then((received) => {
      const { status = 200, body } = answer(request, received);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(server, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

function stop(server: Server): void {
  server.close();
  server.closeAllConnections();
}

describe('the Lambda function (docs/calling-from-aws.md)', () => {
  it('keeps one token for all its calls, and asks for another when it was revoked', async () => {
    const asked: string[] = [];
    let valid = '';
    const issuer = await serve((request, body) => {
      if (request.url !== '/token')
        return request.headers.authorization === `Bearer ${valid}` ? { body: { ok: true } } : { status: 401, body: {} };
      asked.push(`${request.headers.authorization} ${body}`);
      valid = `token-${asked.length}`;
      return { body: { access_token: valid, expires_in: 900 } };
    });
    const secrets = await serve(() => ({ body: { SecretString: JSON.stringify({ client_id: 'c', client_secret: 's' }) } }));
    const aws = {
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'key',
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
    };
    for (const [name, value] of Object.entries({
      ...aws,
      ISSUER: issuer.url,
      API_URL: issuer.url,
      SCOPE: 'read',
      CLIENT_SECRET_ARN: 'secret',
    }))
      vi.stubEnv(name, value);
    const program = join(inside, 'index.mjs');
    writeFileSync(program, block('docs/calling-from-aws.md', 'js', 'export async function handler'));
    const { handler } = (await import(pathToFileURL(program).href)) as { handler: () => Promise<{ status: number }> };

    expect((await Promise.all([handler(), handler(), handler()])).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(asked).toEqual(['Basic Yzpz grant_type=client_credentials&scope=read']);
    valid = 'revoked';
    expect((await handler()).status).toBe(200);
    expect(asked).toHaveLength(2);
    stop(issuer);
    stop(secrets);
  });
});
