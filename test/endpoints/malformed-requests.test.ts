// What no endpoint understands: a clean 4xx as JSON, without a single AWS call and without an echo.
import { beforeAll, describe, expect, it } from 'vitest';
import type { Answer, Sent } from './request.ts';
import { useService, type Registered } from './service-under-test.ts';

const service = useService();
let client: Registered;
beforeAll(async () => {
  client = await service.register({ grant_types: ['client_credentials', 'refresh_token'] });
  // One good request each, so that nothing is fetched for the first time below.
  for (const to of ['POST /token', 'POST /refresh', 'POST /revoke', 'POST /introspect']) {
    await service.send({ to, basic: client, form: { grant_type: 'client_credentials', token: 'x', refresh_token: 'x' } });
  }
});

const expectRefusal = (answer: Answer): void => {
  expect([400, 401, 413, 415]).toContain(answer.status);
  expect(answer.headers).toMatchObject({
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  expect(Object.keys(answer.body as object)).toEqual(['error', 'error_description', 'trace_id']);
  expect(answer.body.error).toMatch(/^[a-z_]+$/);
  expect(answer.body.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  if (answer.status === 401) expect(answer.headers['www-authenticate']).toMatch(/^(Basic|Bearer) realm=/);
};

const good = () => `client_id=${client.client_id}&client_secret=${client.client_secret}`;
const REQUESTS: readonly (readonly [string, number, () => Omit<Sent, 'to'>])[] = [
  ['a repeated parameter', 400, () => ({ form: `${good()}&grant_type=client_credentials&grant_type=client_credentials&token=x&refresh_token=x` })],
  ['10,000 parameters', 400, () => ({ form: Array.from({ length: 10_000 }, (_, at) => `a${at}=`).join('&').slice(0, 65_000) })],
  ['a broken escape', 400, () => ({ form: `${good()}&token=%zz` })],
  ['invalid UTF-8', 400, () => ({ headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: Buffer.from('746f6b656e3dff', 'hex') })],
  ['a body of 1 MB', 413, () => ({ form: `token=${'a'.repeat(1_000_000)}` })],
  ['XML', 415, () => ({ headers: { 'content-type': 'application/xml' }, body: '<a/>' })],
  ['parameters in the URI', 400, () => ({ basic: client, form: 'token=x&refresh_token=x&grant_type=client_credentials', query: 'grant_type=client_credentials' })],
  ['credentials in the URI', 400, () => ({ form: 'grant_type=client_credentials', query: good() })],
  ['two methods at once', 400, () => ({ basic: client, form: `${good()}&grant_type=client_credentials&token=x&refresh_token=x` })],
  ['a client_id that is another\u2019s', 400, () => ({ basic: client, form: 'client_id=other&grant_type=client_credentials&token=x&refresh_token=x' })],
  ['two Authorization headers, joined', 401, () => ({ headers: { authorization: 'Basic bWU6eA==, Basic bWU6eA==' }, form: 'grant_type=client_credentials&token=x&refresh_token=x' })],
  ['control characters in the id', 401, () => ({ form: 'client_id=a%0d%0ab&client_secret=x&grant_type=client_credentials&token=x&refresh_token=x' })],
  ['an id of 3,000 characters', 401, () => ({ form: `client_id=${'a'.repeat(3000)}&client_secret=x&grant_type=client_credentials&token=x&refresh_token=x` })],
  ['an empty secret', 401, () => ({ headers: { authorization: `Basic ${Buffer.from(`${client.client_id}:`).toString('base64')}` }, form: 'grant_type=client_credentials&token=x&refresh_token=x' })],
]; // prettier-ignore

describe.each(['POST /token', 'POST /refresh', 'POST /revoke', 'POST /introspect'])('%s', (to) => {
  it.each(REQUESTS)('refuses %s with %i', async (_, status, request) => {
    const answer = await service.send({ to, ...request() });
    expectRefusal(answer);
    expect(answer.status).toBe(status);
    expect(service.calls.names()).toEqual([]);
  });

  it('refuses a request without anything', async () => {
    expectRefusal(await service.send({ to }));
    expect(service.calls.names()).toEqual([]);
  });

  it('refuses with JSON whatever the caller accepts', async () => {
    expectRefusal(await service.send({ to, headers: { accept: 'text/html' }, form: 'x=y' }));
  });

  it('never repeats what was sent', async () => {
    const planted = 'pl4nted"\\<script>\r\nx-injected: 1';
    const answer = await service.send({
      to,
      form: { grant_type: planted, client_id: planted, client_secret: planted, token: planted, scope: planted, [planted]: planted },
    });
    expectRefusal(answer);
    expect(answer.text + JSON.stringify(answer.headers)).not.toContain('pl4nted');
  });
});

const NOT_JSON = [
  '', '{', '[]', '"x"', 'null', '1', '{"refresh_token":"a","refresh_token":"b"}', '{"__proto__":{"x":1}}', '{"refresh_token":7}', '{"refresh_token":["a"]}',
  `{"refresh_token":${'['.repeat(30_000)}`, '{"refresh_token":1e999}', '{"refresh_token":"\\ud800"}', '\ufeff{}',
]; // prettier-ignore
describe.each(['POST /refresh', 'POST /revoke'])('%s in JSON', (to) => {
  it.each(NOT_JSON)('refuses %s', async (body) => {
    const answer = await service.send({ to, headers: { 'content-type': 'application/json' }, body });
    expectRefusal(answer);
    expect(service.calls.names()).toEqual([]);
  });
});

it.each(['POST /token', 'POST /introspect'])('%s takes no JSON', async (to) => {
  const answer = await service.send({ to, json: { grant_type: 'client_credentials', token: 'x', ...client } });
  expect(answer).toMatchObject({ status: 415, body: { error: 'invalid_request' } });
});

describe('a refresh token that is none of ours', () => {
  const handle = 'A'.repeat(43);
  it.each([
    ['garbage', 'garbage'],
    ['a JWT', 'eyJhbGciOiJub25lIn0.e30.x'],
    ['a forged MAC', `m2m_rt_k1.someone.1.${handle}.${handle}`],
    ['a key id that nobody has', `m2m_rt_k99.someone.1.${handle}.${handle}`],
    ['a megabyte less a bit', 'x'.repeat(60_000)],
    ['emoji', '\u{1f600}'],
    ['NUL', '\0'],
  ])('is refused without a call of the table: %s', async (_, refresh_token) => {
    for (const sent of [{ to: 'POST /refresh' }, { to: 'POST /refresh', basic: client }, { to: 'POST /token', basic: client }]) {
      const answer = await service.send({ ...sent, form: { grant_type: 'refresh_token', refresh_token } });
      expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    }
    expect(service.calls.names().filter((call) => call !== 'GetSecretValue')).toEqual([]);
    expect(service.audit()).toHaveLength(3);
  });

  it('an unknown key id is looked up once in 30 s at most, whoever names it', async () => {
    service.advance(60);
    for (let at = 0; at < 5; at += 1)
      await service.send({ to: 'POST /refresh', form: { refresh_token: `m2m_rt_k98.someone.1.${handle}.${handle}` } });
    expect(service.calls.names()).toEqual(['GetSecretValue']);
  });
});
