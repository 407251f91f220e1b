// SECURITY 1 to 16: no input whatsoever gives a 5xx, a hang or a crash, and the next request is served as ever.
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { basic, bearer, form, type Call } from '../e2e/call.ts';
import { endpointsOf, type TestClient } from '../e2e/endpoints.ts';
import { exchange, rawRequest, statusOf } from '../e2e/raw-connection.ts';
import { runningService } from '../e2e/running-service.ts';

const service = runningService();
const { issuer, call, token, register, managementToken } = endpointsOf(service);
const FORM = 'application/x-www-form-urlencoded';
const POSTS = ['/token', '/refresh', '/revoke', '/introspect', '/clients'] as const;
let client: TestClient;
let manager: string;
beforeAll(async () => {
  client = await register();
  manager = await managementToken();
});
const headersFor = (path: string) => (path === '/clients' ? bearer(manager) : basic(client));
const post = (path: string, body: NonNullable<Call['body']>, mediaType = FORM) =>
  call(path, { method: 'POST', body, headers: { ...headersFor(path), 'content-type': mediaType } });

/** A refusal in the form that every refusal has (SECURITY 2, 3, 4, 16). */
function expectRefusal(answer: Awaited<ReturnType<typeof post>>, what: string): void {
  expect(answer.status, what).toBeGreaterThanOrEqual(400);
  expect(answer.status, what).toBeLessThan(500);
  expect(answer.headers['content-type'], what).toMatch(/^application\/json\b/);
  expect(answer.body.error, what).toMatch(/^[a-z_]+$/);
  expect(answer.body.error_description, what).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
  expect(answer.headers['cache-control'], what).toBe('no-store');
  expect(answer.text, what).not.toMatch(/arn:|dynamodb|exception|node_modules|\\n +at |\.[tj]s:/i);
}

/** Whatever a test did, an honest caller is served right after it. */
afterEach(async () => {
  expect((await token(client)).status).toBe(200);
});

describe.each(POSTS)('POST %s', (path) => {
  it('1 MB of body is 413, whatever it holds', async () => {
    for (const [body, mediaType] of [
      ['x'.repeat(1_000_000), FORM],
      [`token=${'é'.repeat(500_000)}`, FORM],
      [JSON.stringify({ token: 'x'.repeat(1_000_000) }), 'application/json'],
      [Buffer.alloc(1_000_000, 0xff), 'application/octet-stream'],
    ] as const) {
      const answer = await post(path, body, mediaType);
      expect([answer.status, answer.body.error]).toEqual([413, 'invalid_request']);
      expectRefusal(answer, mediaType);
    }
  });

  it('10,000 parameters', async () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `p${index}`);
    expectRefusal(
      await post(
        path,
        names
          .map((name) => `${name}=1`)
          .join('&')
          .slice(0, 60_000),
      ),
      'form',
    );
    expectRefusal(await post(path, '&'.repeat(60_000)), 'separators');
    expectRefusal(await post(path, Object.fromEntries(names.slice(0, 4_000).map((name) => [name, '1'])), 'text/plain'), 'JSON as text');
  });

  it.each([
    ['invalid UTF-8', Buffer.from([0x67, 0x72, 0x61, 0x6e, 0x74, 0x3d, 0xff, 0xfe])],
    ['an overlong encoding', Buffer.from('grant_type=%C0%80')],
    ['a lone surrogate', Buffer.from('grant_type=%ED%A0%80')],
    ['a broken escape', Buffer.from('grant_type=%zz')],
    ['half an escape', Buffer.from('grant_type=%')],
    ['a byte order mark', Buffer.from('\ufeffgrant_type=client_credentials')],
    ['NUL', Buffer.from('grant_type=client_credentials%00')],
    ['line breaks', Buffer.from('grant_type=client_credentials%0d%0aset-cookie:%20a')],
    ['nothing but NULs', Buffer.alloc(1000)],
    ['names of the prototype', Buffer.from('__proto__=1&constructor=2&hasOwnProperty=3&toString=4')],
  ])('%s', async (_, body) => {
    const answer = await post(path, body);
    expectRefusal(answer, String(body.subarray(0, 20)));
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it.each([
    ['depth', `${'['.repeat(30_000)}${']'.repeat(30_000)}`],
    ['depth of objects', '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000)],
    ['depth without an end', '{"a":['.repeat(5_000)],
    ['a repeated member', '{"token":"a","token":"b","refresh_token":"c","refresh_token":"d"}'],
    ['__proto__', '{"__proto__":{"token":"x"}}'],
    ['an endless number', '{"token":1e999,"refresh_token":1e999,"scope":1e999}'],
    ['a lone surrogate', '{"token":"\\ud800","refresh_token":"\\ud800","client_name":"\\ud800","scope":7}'],
    ['a list', '["token"]'],
    ['a cut-off text', '{"token":"x'],
  ])('JSON with %s', async (_, body) => {
    const answer = await post(path, body, 'application/json');
    // A syntactically good request with an unknown token is served; everything else is refused.
    if (answer.status === 200) expect(path).toBe('/revoke');
    else expectRefusal(answer, _);
  });

  it.each([
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/xml',
    'application',
    ' ',
    'application/x-www-form-urlencodedx',
    ';',
  ])('the media type %j is refused', async (mediaType) => {
    const answer = await post(path, 'grant_type=client_credentials&token=x', mediaType);
    expect([400, 415]).toContain(answer.status);
    expectRefusal(answer, mediaType);
  });

  it('only POST, and the answer says so', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH']) {
      const answer = await call(path, { method, headers: headersFor(path), body: 'a=b' });
      expect(answer.status, method).toBe(405);
      expect(answer.headers.allow?.split(', '), method).toContain('POST');
      expectRefusal(answer, method);
    }
  });
});

describe('the form media type', () => {
  it.each([FORM, 'APPLICATION/X-WWW-FORM-URLENCODED', `${FORM};charset=UTF-8`, `${FORM} ; charset=utf-8`, `${FORM};charset="utf-8";x=y`])(
    'as %j',
    async (mediaType) => {
      expect((await post('/token', 'grant_type=client_credentials', mediaType)).status).toBe(200);
    },
  );

  it('without one, a body is no form', async () => {
    const answer = await rawRequest(
      issuer,
      'POST /token HTTP/1.1',
      [`authorization: ${basic(client).authorization}`, 'content-length: 29'],
      'grant_type=client_credentials',
    );
    expect([400, 415]).toContain(statusOf(answer));
  });

  it('a chunked body is read like any other', async () => {
    const lines = [`authorization: ${basic(client).authorization}`, `content-type: ${FORM}`, 'transfer-encoding: chunked'];
    const answer = await rawRequest(issuer, 'POST /token HTTP/1.1', lines, '5\r\ngrant\r\n18\r\n_type=client_credentials\r\n0\r\n\r\n');
    expect(statusOf(answer)).toBe(200);
  });
});

describe('ids, scopes and tokens with anything in them', () => {
  const TEXTS = [
    '\0',
    '\r\n',
    '\u0007',
    'x'.repeat(3_000),
    'é',
    '😀',
    '\ud800',
    '\ufeff',
    ' ',
    '#',
    'CLIENT#demo-service',
    "' OR 1=1 --",
    '${jndi:ldap://x}',
    '../../etc/passwd',
    '__proto__',
    'a\u202eb',
  ];

  it.each(TEXTS)('%j as client_id is invalid_client', async (client_id) => {
    for (const path of ['/token', '/revoke', '/introspect', '/refresh']) {
      const fields = {
        grant_type: 'client_credentials',
        client_id,
        client_secret: client.client_secret,
        token: 'x',
        refresh_token: (await token(client)).body.refresh_token,
      };
      const answer = await call(path, { method: 'POST', body: form(fields) });
      expect([400, 401], path).toContain(answer.status);
      expectRefusal(answer, path);
    }
  });

  it.each(TEXTS)('%j as secret, scope, resource and token', async (text) => {
    expectRefusal(await token({ ...client, client_secret: text }), 'secret');
    expectRefusal(await token(client, { scope: text }), 'scope');
    expectRefusal(await token(client, { resource: text }), 'resource');
    expectRefusal(await token(client, { grant_type: text }), 'grant_type');
    expectRefusal(await token(client, { grant_type: 'refresh_token', refresh_token: text }), 'refresh_token');
    for (const [path, expected] of [
      ['/introspect', '{"active":false}'],
      ['/revoke', ''],
    ] as const) {
      const answer = await call(path, { method: 'POST', headers: basic(client), body: form({ token: text }) });
      expect([answer.status, answer.text], path).toEqual([200, expected]);
    }
  });
});

describe('answers', () => {
  it('carry no server, no cookie, nothing that a browser could use', async () => {
    const answers = await Promise.all([
      token(client),
      call('/nowhere'),
      call('/.well-known/jwks.json'),
      call('/clients'),
      post('/introspect', 'token=x'),
    ]);
    for (const { headers } of answers) {
      expect(headers).not.toHaveProperty('server');
      expect(headers).not.toHaveProperty('x-powered-by');
      expect(headers).not.toHaveProperty('set-cookie');
      expect(headers).not.toHaveProperty('access-control-allow-credentials');
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
        'x-trace-id': expect.stringMatching(/^[0-9a-f]{32}$/),
      });
    }
  });

  it('an unknown path is 404 in JSON', async () => {
    for (const path of [
      '/',
      '/nowhere',
      '/token/',
      '/Token',
      '/TOKEN',
      '//token',
      '/token/x',
      '/%74oken',
      '/clients/a/b',
      '/.well-known',
    ]) {
      const answer = await call(path, { method: 'POST', headers: basic(client), body: form({ grant_type: 'client_credentials' }) });
      expect([answer.status, answer.body.error], path).toEqual([404, 'not_found']);
      expectRefusal(answer, path);
    }
  });

  it('trace_id is that of a valid traceparent, and any other is not repeated', async () => {
    const id = '0af7651916cd43dd8448eb211c80319c';
    const traced = await call('/nowhere', { headers: { traceparent: `00-${id}-b7ad6b7169203331-01` } });
    expect([traced.body.trace_id, traced.headers['x-trace-id']]).toEqual([id, id]);
    for (const traceparent of ['00-<script>-x-01', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`, id, 'x'.repeat(5_000)])
      expect((await call('/nowhere', { headers: { traceparent } })).body.trace_id).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('what is no HTTP at all', () => {
  it.each([
    ['headers over 10,240 bytes', 'GET /health HTTP/1.1', [`x-large: ${'x'.repeat(12_000)}`], [431]],
    ['a header without a colon', 'GET /health HTTP/1.1', ['nonsense'], [400]],
    ['a NUL in a header', 'GET /health HTTP/1.1', ['x-a: b\0c'], [400]],
    ['a NUL in the path', 'GET /health\0 HTTP/1.1', [], [400, 404]],
    ['both ways to say how long the body is', 'POST /token HTTP/1.1', ['content-length: 5', 'transfer-encoding: chunked'], [400]],
    ['two lengths', 'POST /token HTTP/1.1', ['content-length: 5', 'content-length: 6'], [400]],
    ['a negative length', 'POST /token HTTP/1.1', ['content-length: -5'], [400]],
    ['a method of its own', 'BREW /token HTTP/1.1', [], [400, 405]],
    ['another protocol', 'GET / SPDY/3', [], [400]],
    ['no request line', '\0\0\0', [], [400]],
  ])('%s', async (_, requestLine, lines, expected) => {
    expect(expected).toContain(statusOf(await rawRequest(issuer, requestLine, lines)));
  });

  it('raw bytes over 0x7f in headers and paths', async () => {
    const authorization = `Basic ${Buffer.from([0xff, 0x3a, 0xfe]).toString('base64')}`;
    expect(
      (await call('/token', { method: 'POST', headers: { authorization }, body: form({ grant_type: 'client_credentials' }) })).status,
    ).toBe(401);
    for (const line of ['GET /\xff\xfe HTTP/1.1', 'GET /clients/\xff HTTP/1.1', 'GET /protected\xff HTTP/1.1'])
      expect([400, 401, 404]).toContain(statusOf(await rawRequest(issuer, line, ['user-agent: \xff\xfe'])));
  });

  it('a caller that goes away in the middle of its body disturbs nobody', async () => {
    await Promise.all(
      Array.from({ length: 20 }, () => exchange(issuer, 'POST /token HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\ngrant', 50)),
    );
  });
});
