import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DOCUMENT_BYTES_MAX, fetchDocument } from '../../src/authorizer/issuer-document.ts';
import { Outage } from '../../src/outage.ts';
import { json, startIssuerServer, type Answer, type IssuerServer } from './issuer-server.ts';

let server: IssuerServer;
beforeAll(async () => {
  server = await startIssuerServer(json({}));
});
afterAll(() => server.close());
const read = (answer: Answer, etag?: string, timeoutMs = 2000) => {
  server.answer = answer;
  return fetchDocument({ url: `${server.url}/doc`, etag, timeoutMs });
};

describe("an issuer's document", () => {
  it('comes with its tag and ages', async () => {
    expect(
      await read(json('{"a":1}', { etag: '"x"', 'cache-control': 'public, max-age=300, stale-while-revalidate=3600', age: '7' })),
    ).toEqual({ text: '{"a":1}', etag: '"x"', maxAgeSeconds: 300 });
    expect(await read(json('{}', { 'cache-control': 'no-cache, x-max-age=9', age: 'old' }))).toEqual({
      text: '{}',
      etag: undefined,
      maxAgeSeconds: undefined,
    });
  });
  it('is not sent again while it is the same', async () => {
    const answer: Answer = (request, response) =>
      response.writeHead(request.headers['if-none-match'] === '"x"' ? 304 : 200, { age: '1' }).end();
    expect(await read(answer, '"x"')).toEqual({ text: undefined, etag: '"x"', maxAgeSeconds: undefined });
  });
  it('may arrive compressed', async () => {
    const answer: Answer = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"a":1}'));
    expect((await read(answer)).text).toBe('{"a":1}');
  });
  it.each<[string, Answer]>([
    ['a redirect', (_, response) => response.writeHead(302, { location: '/other' }).end()],
    ['not found', (_, response) => response.writeHead(404).end('{}')],
    ['an error', (_, response) => response.writeHead(500).end('{}')],
    ['not modified, though nothing was named', (_, response) => response.writeHead(304).end()],
    ['no content', (_, response) => response.writeHead(204).end()],
    ['too much', (_, response) => response.writeHead(200).end('x'.repeat(DOCUMENT_BYTES_MAX + 1))],
    [
      'too much once it is unpacked',
      (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(DOCUMENT_BYTES_MAX + 1))),
    ],
    ['no UTF-8', (_, response) => response.writeHead(200).end(Buffer.from([0x22, 0xff, 0x22]))],
    [
      'cut short',
      (request, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('{"a":', () => request.socket.destroy());
      },
    ],
    ['a closed connection', (request) => request.socket.destroy()],
  ])('that is %s is an outage', async (_, answer) => {
    await expect(read(answer)).rejects.toThrow(Outage);
    await expect(read(answer)).rejects.toMatchObject({ dependency: 'issuer:GET /doc' });
  });
  it('that does not come, or does not end, is an outage by its time limit', async () => {
    await expect(read(() => undefined, undefined, 50)).rejects.toThrow(Outage);
    await expect(read((_, response) => void response.writeHead(200).write('{'), undefined, 50)).rejects.toThrow(Outage);
  });
  it('is asked for again where a kept connection turns out dead', async () => {
    let calls = 0;
    const answer: Answer = (request, response) => {
      if (++calls === 1) request.socket.destroy();
      else response.end('{}');
    };
    expect((await read(answer)).text).toBe('{}');
  });
  it('cannot be had from an issuer that is not there', async () => {
    await expect(fetchDocument({ url: 'http://127.0.0.1:1/x', etag: undefined, timeoutMs: 1000 })).rejects.toThrow(Outage);
  });
});
