import { lookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { createServer as createPlainServer } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { rootCertificates, setDefaultCACertificates } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { DOCUMENT_BYTES_MAX, publicDocuments } from '../../src/outbound/public-document.ts';
import { isPublicAddress } from '../../src/outbound/special-addresses.ts';
import { LOOPBACK_CERTIFICATE, LOOPBACK_KEY } from './loopback-certificate.ts';

vi.mock('node:dns', async (original) => {
  const real = await original<{ lookup: typeof lookup }>();
  return { ...real, lookup: vi.fn(real.lookup) };
});

const sockets = new Set<Socket>();
let server: Server;
let port = 0;
let connections = 0;
let seen: Readonly<Record<string, unknown>> = {};
const onThisMachine = publicDocuments({ loopback: 'allowed', timeoutMs: 400 });
const elsewhere = publicDocuments({ loopback: 'refused', timeoutMs: 400 });
const url = (path = '/', host = 'localhost'): string => `https://${host}:${port}${path}`;

const ANSWERS: Readonly<Record<string, (socket: { end(text: string | Buffer): void; write(text: string): void }) => void>> = {
  '/': (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 11\r\nCache-Control: public, max-age=120\r\n\r\n{"keys":[]}'),
  '/hangs': () => undefined,
  '/hangs-in-head': (socket) => socket.write('HTTP/1.1 200 OK\r\nX-Slow: '),
  '/hangs-in-body': (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"k'),
  '/claims-more': (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n{}'),
  '/claims-nonsense': (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}'),
  '/claims-less': (socket) => socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${'x'.repeat(70_000)}`),
  '/endless': (socket) =>
    socket.end(
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'4000\r\n' + 'x'.repeat(16_384) + '\r\n'}`.repeat(1) +
        `4000\r\n${'y'.repeat(16_384)}\r\n`.repeat(6),
    ),
  '/largest': (socket) => socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${DOCUMENT_BYTES_MAX}\r\n\r\n${'x'.repeat(DOCUMENT_BYTES_MAX)}`),
  '/compressed': (socket) => {
    const body = gzipSync('x'.repeat(1_000_000));
    socket.end(Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`), body]));
  },
  '/large-head': (socket) => socket.end(`HTTP/1.1 200 OK\r\nX-Large: ${'x'.repeat(20_000)}\r\nContent-Length: 2\r\n\r\n{}`),
  '/not-http': (socket) => socket.end('SSH-2.0-OpenSSH\r\n'),
};

beforeAll(async () => {
  setDefaultCACertificates([...rootCertificates, LOOPBACK_CERTIFICATE]);
  server = createServer({ cert: LOOPBACK_CERTIFICATE, key: LOOPBACK_KEY }, (request, response) => {
    seen = request.headers;
    const path = request.url ?? '';
    const status = /^\/status\/(\d+)$/.exec(path)?.[1];
    if (status !== undefined) return void response.writeHead(Number(status), { location: url('/') }).end('{"keys":[]}');
    return ANSWERS[path]?.(request.socket);
  });
  server.on('secureConnection', (socket) => {
    connections += 1;
    sockets.add(socket);
  });
  await new Promise<void>((done) => server.listen(0, done));
  port = (server.address() as AddressInfo).port;
});
afterEach(() => {
  vi.mocked(lookup).mockClear();
  sockets.forEach((socket) => socket.destroy());
  sockets.clear();
  connections = 0;
});
afterAll(() => {
  setDefaultCACertificates(rootCertificates);
  server.close();
});

/** What names lead to, answered in turn. */
const namesLeadTo = (...addresses: readonly (readonly string[])[]): void => {
  let at = 0;
  const answer = (_name: string, options: LookupAllOptions, done: (error: null, addresses: LookupAddress[]) => void): void => {
    expect(options.all).toBe(true);
    const list = addresses[Math.min(at, addresses.length - 1)] ?? [];
    at += 1;
    done(
      null,
      list.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  vi.mocked(lookup).mockImplementation(answer as unknown as typeof lookup);
};

describe('a document', () => {
  it('is its bytes, and how long they may be kept', async () => {
    const document = await onThisMachine(url());
    expect(document).toEqual({ ok: true, value: { body: Buffer.from('{"keys":[]}'), maxAgeSeconds: 120 } });
    expect(seen).toMatchObject({ host: `localhost:${port}`, accept: 'application/json', 'accept-encoding': 'identity' });
    expect(Object.keys(seen).sort()).toEqual(['accept', 'accept-encoding', 'connection', 'host', 'user-agent']);
  });
  it('may be as large as the limit', async () => {
    expect(await onThisMachine(url('/largest'))).toMatchObject({ ok: true });
  });

  it.each([
    ['/status/301', 'redirected'],
    ['/status/302', 'redirected'],
    ['/status/303', 'redirected'],
    ['/status/307', 'redirected'],
    ['/status/308', 'redirected'],
    ['/status/304', 'redirected'],
    ['/status/204', 'status_unexpected'],
    ['/status/206', 'status_unexpected'],
    ['/status/401', 'status_unexpected'],
    ['/status/404', 'status_unexpected'],
    ['/claims-more', 'too_large'],
    ['/endless', 'too_large'],
    ['/compressed', 'encoded'],
    ['/large-head', 'too_large'],
  ])('behind %s is none: %s', async (path, failure) => {
    expect(await onThisMachine(url(path))).toEqual({ ok: false, failure });
    expect(connections).toBe(1);
  });

  it('that says to be shorter than it is, is as long as it says', async () => {
    expect(await onThisMachine(url('/claims-less'))).toMatchObject({ ok: true, value: { body: Buffer.from('xx') } });
  });

  it.each(['/hangs', '/hangs-in-head', '/hangs-in-body', '/claims-nonsense', '/not-http', '/status/500', '/status/503', '/status/429'])(
    'behind %s may be there another time',
    async (path) => {
      const started = performance.now();
      await expect(onThisMachine(url(path))).rejects.toMatchObject({ name: 'Outage', dependency: `outbound:GET localhost:${port}` });
      expect(performance.now() - started).toBeLessThan(2_000);
    },
  );

  it('is not asked for where nobody listens, or where a connection is taken and left', async () => {
    const silent = createTcpServer(() => undefined);
    await new Promise<void>((done) => silent.listen(0, done));
    const { port: silentPort } = silent.address() as AddressInfo;
    await expect(onThisMachine(`https://localhost:${silentPort}/`)).rejects.toMatchObject({ name: 'Outage' });
    silent.close();
    await expect(onThisMachine('https://localhost:1/')).rejects.toMatchObject({ name: 'Outage' });
  });

  it('is not taken from whoever has no certificate for the name', async () => {
    setDefaultCACertificates(rootCertificates);
    expect(await onThisMachine(url())).toEqual({ ok: false, failure: 'certificate_wrong' });
    setDefaultCACertificates([...rootCertificates, LOOPBACK_CERTIFICATE]);
    namesLeadTo(['127.0.0.1']);
    expect(await onThisMachine(url('/', 'keys.example'))).toEqual({ ok: false, failure: 'certificate_wrong' });
  });

  it('comes without TLS from this machine alone, where that is allowed', async () => {
    const plain = createPlainServer((_request, response) => response.end('{}'));
    await new Promise<void>((done) => plain.listen(0, '127.0.0.1', done));
    const { port: plainPort } = plain.address() as AddressInfo;
    expect(await onThisMachine(`http://127.0.0.1:${plainPort}/`)).toMatchObject({ ok: true });
    expect(await elsewhere(`http://127.0.0.1:${plainPort}/`)).toEqual({ ok: false, failure: 'url_not_allowed' });
    expect(await onThisMachine('http://keys.example/')).toEqual({ ok: false, failure: 'url_not_allowed' });
    plain.close();
  });
});

const INSIDE = [
  '127.0.0.1',
  '127.255.255.254',
  '0.0.0.0',
  '10.0.0.1',
  '100.64.0.1',
  '169.254.169.254',
  '169.254.170.2',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '192.0.0.8',
  '192.0.2.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '192.88.99.1',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:a9fe:a9fe',
  '::127.0.0.1',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::1',
  'fe80::1',
  'fec0::1',
  'fc00::1',
  'fd00:ec2::254',
  'ff02::1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '2002:a9fe:a9fe::1',
  '3fff::1',
  '5f00::1',
];

describe('the inside is out of reach', () => {
  it.each(INSIDE)('by a name that leads to %s', async (address) => {
    namesLeadTo([address]);
    expect(await elsewhere('https://keys.example/')).toEqual({ ok: false, failure: 'address_not_public' });
  });
  it.each(INSIDE)('by the address %s itself', async (address) => {
    const host = address.includes(':') ? `[${address}]` : address;
    expect(await elsewhere(`https://${host}/`)).toEqual({ ok: false, failure: 'address_not_public' });
    expect(lookup).not.toHaveBeenCalled();
  });
  it.each(['2130706433', '0x7f000001', '0177.0.0.1', '127.1', '0', '0xa9fea9fe', '１２７.0.0.1', '127.0.0.1.'])(
    'by %s, which is an address too',
    async (host) => {
      expect(await elsewhere(url('/', host))).toMatchObject({ ok: false });
      expect(connections).toBe(0);
    },
  );
  it('by a name that leads there besides', async () => {
    namesLeadTo(['93.184.215.14', '127.0.0.1']);
    expect(await elsewhere(url('/', 'keys.example'))).toEqual({ ok: false, failure: 'address_not_public' });
  });
  it('by a name that leads there the second time it is looked up: the socket takes what was judged', async () => {
    namesLeadTo(['192.0.2.1'], ['127.0.0.1']);
    expect(await elsewhere(url('/', 'keys.example'))).toEqual({ ok: false, failure: 'address_not_public' });
    namesLeadTo(['127.0.0.1']);
    await onThisMachine(url());
    expect(lookup).toHaveBeenCalledTimes(2);
  });
  it.each([
    'http://keys.example/',
    'ftp://keys.example/',
    'file:///etc/passwd',
    'data:application/json,{}',
    'https://user@keys.example/',
    'https://:p@keys.example/',
    'https://keys.example/#x',
    'https://',
    'keys.example',
    '',
    `https://keys.example/${'x'.repeat(1_024)}`,
    'gopher://127.0.0.1:6379/_',
  ])('by %s', async (text) => {
    expect(await elsewhere(text)).toEqual({ ok: false, failure: 'url_not_allowed' });
    expect(lookup).not.toHaveBeenCalled();
  });
  it('on this machine neither, where only the machine itself is allowed', async () => {
    for (const address of ['169.254.169.254', '10.0.0.1', '::ffff:10.0.0.1', '192.168.0.1'])
      expect(await onThisMachine(`https://${address.includes(':') ? `[${address}]` : address}/`)).toEqual({
        ok: false,
        failure: 'address_not_public',
      });
  });
  it('and the outside is not', () => {
    for (const address of [
      '93.184.215.14',
      '2606:4700::1111',
      '100.63.255.255',
      '172.32.0.1',
      '2a00:1450::1',
      '1.1.1.1',
      '223.255.255.254',
    ])
      expect(isPublicAddress(address), address).toBe(true);
    for (const text of ['', 'x', '1.1.1', '1.1.1.1/32', '2606:4700::1111%eth0', ' 1.1.1.1'])
      expect(isPublicAddress(text), text).toBe(false);
  });
});
