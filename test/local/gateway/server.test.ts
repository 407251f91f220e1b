import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listen, type Gateway } from '../../../local/gateway/server.ts';
import type { GatewayRequest } from '../../../local/gateway/request.ts';

let gateway: Gateway;
let seen: GatewayRequest[];
const problems: string[] = [];
beforeEach(async () => {
  seen = [];
  gateway = await listen('127.0.0.1', 0, (text) => problems.push(text));
});
afterEach(() => gateway.close(0));
const open = (body = 'ok', delayMs = 0) => {
  gateway.open({
    handle: async (request) => {
      seen.push(request);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      return { status: 200, headers: [['content-type', 'text/plain']], body };
    },
  });
};
const url = (path: string) => `http://127.0.0.1:${gateway.port}${path}`;

/** What comes back for bytes that no HTTP client would send. */
const raw = (bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(gateway.port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('close', () => {
      resolve(text);
    });
    socket.on('error', reject);
  });

describe('the listening socket', () => {
  it('keeps requests that come before it is open waiting', async () => {
    const early = fetch(url('/early'));
    open();
    expect((await early).status).toBe(200);
  });
  it('refuses bodies over 10 MB with 413', async () => {
    open();
    const answer = await fetch(url('/'), { method: 'POST', body: Buffer.alloc(10 * 1024 * 1024 + 1) });
    expect([answer.status, await answer.json()]).toEqual([413, { message: 'Request Entity Too Large' }]);
    expect(seen).toEqual([]);
  });
  it('refuses headers over 10,240 bytes with 431', async () => {
    open();
    expect(await raw(`GET / HTTP/1.1\r\nhost: x\r\nx-long: ${'a'.repeat(10_240)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 .*"Request Header Fields Too Large"\}$/s,
    );
  });
  it('answers what is no HTTP with 400 and goes on', async () => {
    open();
    expect(await raw('nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect((await fetch(url('/'))).status).toBe(200);
  });
  it('sees path and query as they came, and repeated headers apart', async () => {
    open();
    await raw('GET /a%2Fb//c?x=1&x=%20 HTTP/1.1\r\nhost: x\r\nAuthorization: a\r\nauthorization: b\r\nconnection: close\r\n\r\n');
    expect(seen[0]).toMatchObject({ path: '/a%2Fb//c', query: 'x=1&x=%20', sourceIp: '127.0.0.1' });
    expect(seen[0]?.headers.get('authorization')).toEqual(['a', 'b']);
  });
  it('finishes what is under way when it closes', async () => {
    open('late', 150);
    const under = fetch(url('/'));
    await expect.poll(() => seen.length).toBe(1);
    const closed = gateway.close(5000);
    expect(await (await under).text()).toBe('late');
    await closed;
    await expect(fetch(url('/'))).rejects.toThrow();
  });
  it('survives callers that go away in the middle of a body', async () => {
    open();
    await new Promise<void>((resolve) => {
      const socket = connect(gateway.port, '127.0.0.1', () => {
        socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf', () => {
          socket.destroy();
          resolve();
        });
      });
    });
    expect((await fetch(url('/'))).status).toBe(200);
    expect(problems).toEqual([]);
  });
});
