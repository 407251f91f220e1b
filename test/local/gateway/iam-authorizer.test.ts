// SigV4 as API Gateway verifies it, against requests that the SDK's own signer has signed.
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import { beforeEach, describe, expect, it } from 'vitest';
import type { InvocationResult } from '../../../local/functions/environment.ts';
import { createHttpApi } from '../../../local/gateway/http-api.ts';
import { createIamAuthorizer } from '../../../local/gateway/iam-authorizer.ts';
import type { GatewayRequest } from '../../../local/gateway/request.ts';
import { requestOf } from './request.ts';

const KEYS = { accessKeyId: 'AKIA0123456789ABCDEF', secretAccessKey: 'secret-of-the-test' };
const NOW = Date.UTC(2026, 10, 21, 1, 2, 3);
const MINUTE = 60_000;
const BODY = 'grant_type=client_credentials&client_id=c';
const policy = (...resources: string[]) => ({
  name: 'p',
  policy: {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: 'execute-api:Invoke',
        Resource: resources.map((path) => `arn:aws:execute-api:us-east-1:000000000000:api/$default/${path}`),
      },
    ],
  },
});
const authorize = createIamAuthorizer({ ...KEYS, name: 'ops', policies: [policy('POST/iam/token', '*/iam/clients/*')] });

type Signing = {
  readonly keys?: typeof KEYS;
  readonly region?: string;
  readonly service?: string;
  readonly atMs?: number;
  readonly sessionToken?: string;
};
type Parts = {
  readonly method?: string;
  readonly path?: string;
  readonly query?: Record<string, string | string[]>;
  readonly headers?: Record<string, string>;
  readonly body?: string;
};

async function signed(
  { method = 'POST', path = '/iam/token', query = {}, headers = {}, body = BODY }: Parts = {},
  how: Signing = {},
): Promise<GatewayRequest> {
  const { keys = KEYS, region = 'us-east-1', service = 'execute-api', atMs = NOW, sessionToken } = how;
  const credentials = { ...keys, ...(sessionToken === undefined ? {} : { sessionToken }) };
  const signer = new SignatureV4({ credentials, region, service, sha256: Sha256 });
  const request = { method, protocol: 'http:', hostname: '127.0.0.1', path, query, headers: { host: '127.0.0.1:3000', ...headers }, body };
  const sent = await signer.sign(request, { signingDate: new Date(atMs) });
  return requestOf({
    method,
    path,
    query: Object.entries(query)
      .flatMap(([name, values]) => [values].flat().map((value) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`))
      .join('&'),
    headers: Object.fromEntries(Object.entries(sent.headers).map(([name, value]) => [name, [value]])),
    body,
    timeMs: NOW,
  });
}
const changed = (request: GatewayRequest, changes: Record<string, readonly string[] | undefined>): GatewayRequest => {
  const headers = new Map(request.headers);
  for (const [name, values] of Object.entries(changes))
    if (values === undefined) headers.delete(name);
    else headers.set(name, values);
  return { ...request, headers };
};
const isLetIn = async (request: GatewayRequest): Promise<boolean> => (await authorize(request, 'api')) !== undefined;

let good: GatewayRequest;
beforeEach(async () => {
  good = await signed();
});

describe('a signed request', () => {
  it('is let in, as the role in a session', async () => {
    expect(await authorize(good, 'api')).toMatchObject({
      accessKey: KEYS.accessKeyId,
      accountId: '000000000000',
      userArn: 'arn:aws:sts::000000000000:assumed-role/ops/local',
    });
  });
  it.each([
    ['with a query, repeats and reserved characters in it', { path: '/iam/clients/x', query: { limit: '100', 'a b': ['é', '1/2+3=5&'] } }],
    ['with an encoded path', { path: '/iam/clients/a%20b%2Fc' }],
    ['without a body', { method: 'GET', path: '/iam/clients/x', body: '' }],
    ['with signed headers of its own', { headers: { 'x-thing': '  a   b ', 'content-type': 'application/x-www-form-urlencoded' } }],
    ['with a body that is not ASCII', { body: 'name=ä€😀' }],
  ])('is let in %s', async (_, parts) => {
    expect(await isLetIn(await signed(parts))).toBe(true);
  });
  it('is let in with a clock that is 5 minutes wrong, and no more', async () => {
    for (const atMs of [NOW - 5 * MINUTE, NOW + 5 * MINUTE]) expect(await isLetIn(await signed({}, { atMs }))).toBe(true);
    for (const atMs of [NOW - 5 * MINUTE - 1000, NOW + 5 * MINUTE + 1000, NOW - 15 * MINUTE, NOW - 24 * 60 * MINUTE])
      expect(await isLetIn(await signed({}, { atMs }))).toBe(false);
  });
  it('is refused when it is sent again 15 minutes later', async () => {
    expect(await isLetIn({ ...good, timeMs: NOW + 15 * MINUTE })).toBe(false);
  });
  it.each<[string, Signing]>([
    ['another Region', { region: 'eu-central-1' }],
    ['another service', { service: 'sts' }],
    ['an unknown key', { keys: { ...KEYS, accessKeyId: 'AKIA0000000000000000' } }],
    ['another secret', { keys: { ...KEYS, secretAccessKey: 'guessed' } }],
    ['a session token', { sessionToken: 'token' }],
  ])('is refused when signed for or with %s', async (_, how) => {
    expect(await isLetIn(await signed({}, how))).toBe(false);
  });
});

describe('an altered request is refused', () => {
  it.each<[string, (request: GatewayRequest) => GatewayRequest]>([
    ['body', (request) => ({ ...request, body: Buffer.from(BODY.replace('client_id=c', 'client_id=d')) })],
    ['no body', (request) => ({ ...request, body: Buffer.alloc(0) })],
    ['method', (request) => ({ ...request, method: 'PUT' })],
    ['path', (request) => ({ ...request, path: '/iam/clients/x' })],
    ['query', (request) => ({ ...request, query: 'scope=admin' })],
    ['query that cannot be decoded', (request) => ({ ...request, query: 'a=%zz' })],
    ['host', (request) => changed(request, { host: ['elsewhere.example'] })],
    ['date', (request) => changed(request, { 'x-amz-date': ['20261121T010204Z'] })],
    ['digest', (request) => changed(request, { 'x-amz-content-sha256': ['0'.repeat(64)] })],
    ['unsigned x-amz header', (request) => changed(request, { 'x-amz-target': ['Other'] })],
    ['second value of a signed header', (request) => changed(request, { host: ['127.0.0.1:3000', 'elsewhere.example'] })],
  ])('%s', async (_, alter) => {
    expect(await isLetIn(alter(good))).toBe(false);
  });
  it('body and digest together', async () => {
    const other = await signed({ body: 'client_id=d' });
    const digest = other.headers.get('x-amz-content-sha256');
    expect(await isLetIn(changed({ ...good, body: other.body }, { 'x-amz-content-sha256': digest }))).toBe(false);
  });
  it('signed header', async () => {
    const request = await signed({ headers: { 'x-thing': 'a' } });
    expect(await isLetIn(changed(request, { 'x-thing': ['b'] }))).toBe(false);
    expect(await isLetIn(changed(request, { 'x-thing': undefined }))).toBe(false);
  });
});

describe('a request without a usable signature is refused', () => {
  it.each<[string, Record<string, readonly string[] | undefined>]>([
    ['no Authorization', { authorization: undefined }],
    ['a Bearer', { authorization: ['Bearer x'] }],
    ['two of them', { authorization: ['AWS4-HMAC-SHA256 Credential=a', 'AWS4-HMAC-SHA256 Credential=b'] }],
    ['no date', { 'x-amz-date': undefined }],
    ['a date that is none', { 'x-amz-date': ['20261341T010203Z'] }],
    ['no host', { host: undefined }],
  ])('%s', async (_, changes) => {
    expect(await isLetIn(changed(good, changes))).toBe(false);
  });
  it('the right one twice', async () => {
    const [authorization = ''] = good.headers.get('authorization') ?? [];
    expect(await isLetIn(changed(good, { authorization: [authorization, authorization] }))).toBe(false);
  });
  it('any changed digit of the signature', async () => {
    const [authorization = ''] = good.headers.get('authorization') ?? [];
    const last = authorization.at(-1) === '0' ? '1' : '0';
    expect(await isLetIn(changed(good, { authorization: [authorization.slice(0, -1) + last] }))).toBe(false);
    expect(await isLetIn(changed(good, { authorization: [authorization.slice(0, -1)] }))).toBe(false);
  });
  it('a host that is not among the signed headers', async () => {
    const [authorization = ''] = good.headers.get('authorization') ?? [];
    expect(await isLetIn(changed(good, { authorization: [authorization.replace('SignedHeaders=host;', 'SignedHeaders=')] }))).toBe(false);
  });
});

describe("the role's policies decide (execute-api:Invoke)", () => {
  it.each([
    ['POST', '/iam/token', true],
    ['DELETE', '/iam/clients/c_1', true],
    ['POST', '/iam/clients', false],
    ['POST', '/iam/introspect', false],
  ])('%s %s: %s', async (method, path, allowed) => {
    expect(await isLetIn(await signed({ method, path }))).toBe(allowed);
  });
  it('for this API alone', async () => {
    expect(await authorize(good, 'other')).toBeUndefined();
  });
  it('a role without policies may call nothing', async () => {
    expect(await createIamAuthorizer({ ...KEYS, name: 'ops', policies: [] })(good, 'api')).toBeUndefined();
  });
});

describe('the HTTP API', () => {
  const events: any[] = [];
  const f = {
    name: 'f',
    invoke: (event: string): Promise<InvocationResult> => {
      events.push(JSON.parse(event));
      return Promise.resolve({ ok: true, payload: { statusCode: 204 } });
    },
    warm: () => undefined,
    stop: () => Promise.resolve(),
  };
  const integration = { functionName: 'f', timeoutMs: 1000 };
  const spec = {
    apiId: 'api',
    routes: [
      { routeKey: 'POST /iam/token', integration, authorization: 'AWS_IAM' },
      { routeKey: 'POST /token', integration, authorization: 'NONE' },
    ],
  } as const;
  const api = createHttpApi(spec, new Map([['f', f]]), authorize);
  beforeEach(() => events.splice(0));

  it("refuses with API Gateway's own body, and the function is not called", async () => {
    const refused = { status: 403, headers: [['content-type', 'application/json']], body: '{"message":"Forbidden"}' };
    expect(await api.handle(changed(good, { authorization: undefined }))).toEqual(refused);
    expect(await createHttpApi(spec, new Map([['f', f]])).handle(good)).toEqual(refused);
    expect(events).toEqual([]);
  });
  it('tells the function who signed, and keeps the signature to itself', async () => {
    expect((await api.handle(good)).status).toBe(204);
    expect(events[0].requestContext.authorizer.iam.userArn).toBe('arn:aws:sts::000000000000:assumed-role/ops/local');
    expect(events[0].headers).not.toHaveProperty('authorization');
  });
  it('says nothing of it on an open route, and hands Authorization on there', async () => {
    await api.handle(await signed({ path: '/token' }));
    expect(events[0].requestContext).not.toHaveProperty('authorizer');
    expect(events[0].headers.authorization).toMatch(/^AWS4-HMAC-SHA256 /);
  });
});
