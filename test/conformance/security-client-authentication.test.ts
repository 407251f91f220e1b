// SECURITY 31 to 40 and 111: who is asking. One caller's mistakes are never another's.
import { beforeAll, describe, expect, it } from 'vitest';
import { basic, form, type Answer } from '../e2e/call.ts';
import { decoded, endpointsOf, type TestClient } from '../e2e/endpoints.ts';
import { runningService } from '../e2e/running-service.ts';

const service = runningService();
const api = endpointsOf(service);
const { call, token, register, manage } = api;
const GRANT = form({ grant_type: 'client_credentials' });
let client: TestClient;
beforeAll(async () => {
  client = await register();
});

/** Everything of an answer that a caller sees, without what differs from request to request. */
function visible({ status, headers, text }: Answer): object {
  const { date: _date, 'x-trace-id': traceId = '', ...others } = headers;
  return { status, headers: others, text: text.replace(String(traceId), '<trace id>') };
}

it('31: 60 interleaved requests of two clients never cross', async () => {
  const other = await register({ scope: 'other', roles: ['other'] });
  const answers = await Promise.all(
    Array.from({ length: 60 }, async (_, index) => ({
      asked: index % 2 === 0 ? client : other,
      answer: await token(index % 2 === 0 ? client : other),
    })),
  );
  for (const { asked, answer } of answers) {
    const { claims } = decoded(answer.body.access_token);
    expect([claims.client_id, claims.scope]).toEqual([asked.client_id, asked === client ? 'read write' : 'other']);
    expect(answer.body.refresh_token).toContain(`.${asked.client_id}.`);
  }
});

describe('32: HTTP Basic', () => {
  const encodedAs = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
  const send = (authorization: string | readonly string[]) => call('/token', { method: 'POST', headers: { authorization }, body: GRANT });

  it.each([
    ['no colon', () => encodedAs(client.client_id + client.client_secret)],
    ['no secret', () => encodedAs(`${client.client_id}:`)],
    ['no id', () => encodedAs(`:${client.client_secret}`)],
    ['spaces around it', () => encodedAs(` ${client.client_id}:${client.client_secret} `)],
    ['another case of the id', () => encodedAs(`${client.client_id.toUpperCase()}X:${client.client_secret}`)],
    ['a NUL after the id', () => encodedAs(`${client.client_id}\0:${client.client_secret}`)],
    ['a NUL after the secret', () => encodedAs(`${client.client_id}:${client.client_secret}\0`)],
    ['a table key for an id', () => encodedAs(`CLIENT#${client.client_id}:${client.client_secret}`)],
    ['a sort key behind the id', () => encodedAs(`${client.client_id}#CLIENT:${client.client_secret}`)],
    ['a broken escape', () => encodedAs(`${client.client_id}:%zz`)],
    ['characters that are not base64', () => ({ authorization: `${basic(client).authorization}!` })],
    ['no padding', () => ({ authorization: basic({ ...client, client_id: 'ab' }).authorization.replace(/=+$/, '') })],
    ['nothing', () => ({ authorization: 'Basic' })],
    ['another scheme', () => ({ authorization: basic(client).authorization.replace('Basic', 'Digest') })],
  ])('with %s: 401', async (_, make) => {
    const answer = await send(make().authorization);
    expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
  });

  it('twice in one request: refused, also when both are right', async () => {
    const { authorization } = basic(client);
    for (const values of [
      [authorization, authorization],
      [authorization, 'Basic eDp5'],
      ['Basic eDp5', authorization],
    ])
      expect([400, 401]).toContain((await send(values)).status);
  });
});

describe('34: an unknown client, a disabled one and a wrong secret look the same', () => {
  it('byte for byte, except for trace_id', async () => {
    const disabled = await register();
    await manage('PUT', `/clients/${disabled.client_id}`, { scope: 'read', disabled: true });
    const expired = await register({ client_expires_at: '2020-01-01T00:00:00Z' });
    const elsewhere = await register({ ip_ranges: ['192.0.2.0/24'] });
    const credentials = [
      { ...client, client_secret: 'm2m_cs_wrong' },
      { ...client, client_secret: disabled.client_secret },
      { ...client, client_id: 'nobody' },
      { client_id: 'nobody-at-all', client_secret: 'x' },
      disabled,
      expired,
      elsewhere,
    ];
    for (const path of ['/token', '/introspect', '/revoke']) {
      const body = form({ grant_type: 'client_credentials', token: 'x' });
      const answers = await Promise.all(credentials.map((each) => call(path, { method: 'POST', headers: basic(each), body })));
      expect(answers[0]?.status).toBe(401);
      for (const answer of answers) expect(visible(answer)).toEqual(visible(answers[0]!));
    }
  });
});

it('35: a failed method is not rescued by another that is right', async () => {
  const { client_id, client_secret } = client;
  const wrongBasic = basic({ client_id, client_secret: 'wrong' });
  const headers = { 'x-client-id': client_id, 'x-client-secret': client_secret };
  for (const [body, more] of [
    [form({ grant_type: 'client_credentials', client_id, client_secret }), wrongBasic],
    [GRANT, { ...wrongBasic, ...headers }],
    [form({ grant_type: 'client_credentials', client_id, client_secret: 'wrong' }), headers],
    [form({ grant_type: 'client_credentials', client_secret: 'wrong' }), basic(client)],
    [GRANT, { ...basic(client), 'x-client-id': client_id }],
    [form({ grant_type: 'client_credentials', username: client_id }), basic(client)],
  ] as const)
    expect((await call('/token', { method: 'POST', headers: more, body })).status).toBeGreaterThanOrEqual(400);
});

it('37: an empty secret never works, in any method', async () => {
  const { client_id } = client;
  for (const [body, headers] of [
    [form({ grant_type: 'client_credentials', client_id, client_secret: '' }), {}],
    [form({ grant_type: 'client_credentials', client_id }), {}],
    [form({ username: client_id, password: '' }), {}],
    [undefined, { 'x-client-id': client_id, 'x-client-secret': '' }],
    [undefined, { 'x-client-id': client_id }],
    [GRANT, basic({ client_id, client_secret: '' })],
  ] as const) {
    const answer = await call('/token', { method: 'POST', headers, ...(body && { body }) });
    expect([400, 401]).toContain(answer.status);
  }
});

it('40: after 50 wrong secrets at once the right one still works', async () => {
  const wrong = await Promise.all(Array.from({ length: 50 }, (_, index) => token({ ...client, client_secret: `m2m_cs_${index}` })));
  expect(wrong.map(({ status }) => status).filter((status) => status !== 401 && status !== 429)).toEqual([]);
  expect((await token(client)).status).toBe(200);
});

describe.skipIf(process.platform !== 'linux')('111: networks, by the address of the connection alone', () => {
  const FORGED = {
    'x-forwarded-for': '127.0.0.7',
    'x-real-ip': '127.0.0.7',
    'true-client-ip': '127.0.0.7',
    'cf-connecting-ip': '127.0.0.7',
    'client-ip': '127.0.0.7',
    forwarded: 'for=127.0.0.7',
    via: '1.1 127.0.0.7',
  };

  it('a client limited to a network gets tokens from there, and no header brings it there', async () => {
    const limited = await register({ ip_ranges: ['127.0.0.7/32'] });
    expect((await token(limited, {}, { from: '127.0.0.7' })).status).toBe(200);
    expect((await token(limited)).status).toBe(401);
    expect((await token(limited, {}, { headers: FORGED })).status).toBe(401);
    expect((await token(limited, {}, { from: '127.0.0.8', headers: FORGED })).status).toBe(401);
  });

  it('its tokens are good from there alone', async () => {
    const limited = await register({ ip_ranges: ['127.0.0.7/32'] });
    const { access_token } = (await token(limited, {}, { from: '127.0.0.7' })).body;
    const headers = { authorization: `Bearer ${String(access_token)}` };
    expect((await call('/protected', { headers, from: '127.0.0.7' })).status).toBe(200);
    expect((await call('/protected', { headers })).status).toBe(401);
    expect((await call('/protected', { headers: { ...headers, ...FORGED } })).status).toBe(401);
  });
});

describe('110: API keys', () => {
  const exchange = (headers: Readonly<Record<string, string>>, body: Readonly<Record<string, string>> = {}, query = '') =>
    call(`/token${query}`, { method: 'POST', headers, body: form({ grant_type: 'client_credentials', ...body }) });
  let made: { id: string; api_key: string };
  beforeAll(async () => {
    made = (await manage('POST', `/clients/${client.client_id}/api-keys`, { scope: 'read' })).body;
  });

  it('have a prefix, an id and 256 bits, and are shown once', async () => {
    expect(made.api_key).toMatch(new RegExp(`^m2m_ak_${made.id}_[A-Za-z0-9_-]{43}[A-Za-z0-9_-]{6}$`));
    for (const path of [`/clients/${client.client_id}/api-keys`, `/clients/${client.client_id}`])
      expect((await manage('GET', path)).text).not.toContain('m2m_ak_');
  });

  it('serve in a header alone, by themselves alone, at /token and at protected routes', async () => {
    const headers = { 'x-api-key': made.api_key };
    const authorization = `Bearer ${made.api_key}`;
    expect([(await exchange(headers)).status, (await exchange({ authorization })).status]).toEqual([200, 200]);
    for (const taken of [headers, { authorization }]) expect((await call('/protected', { headers: taken })).status).toBe(200);
    for (const refused of [
      await exchange({ ...headers, authorization }),
      await exchange({ ...headers, ...basic(client) }),
      await exchange(headers, { client_secret: client.client_secret }),
      await exchange({}, {}, `?api_key=${made.api_key}`),
    ])
      expect(refused.status).toBe(400);
    expect((await exchange({}, { api_key: made.api_key })).status).toBe(401);
    const bearer = `Bearer ${await api.accessToken(client)}`;
    expect((await call('/protected', { headers: { ...headers, authorization: bearer } })).status).toBe(401);
    expect((await call(`/protected?x-api-key=${made.api_key}`)).status).toBe(401);
  });

  it('that are wrong in whatever way look the same', async () => {
    const other = (await manage('POST', `/clients/${(await register()).client_id}/api-keys`)).body as { id: string; api_key: string };
    const wrong = [made.api_key.slice(0, -1), made.api_key.replace(made.id, other.id), made.api_key.replace(client.client_id, 'nobody')];
    const answers = await Promise.all(wrong.map((key) => exchange({ 'x-api-key': key })));
    expect(new Set(answers.map((answer) => JSON.stringify(visible(answer)))).size).toBe(1);
    expect(answers[0]!.status).toBe(401);
  });
});
