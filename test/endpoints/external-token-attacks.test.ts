// Every way in which a token that is none of ours could be made to serve: all of them are refused, and none is a server error.
import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { json, startIssuerServer, type Answer as ServerAnswer, type IssuerServer } from '../authorizer/issuer-server.ts';
import { externalIssuer, signed } from './external-issuers.ts';
import type { Answer } from './request.ts';
import { useService, type Registered } from './service-under-test.ts';

// Without TLS, so that issuers of this machine may be asked: everything else is as deployed.
const OWN = 'http://127.0.0.1:3999';
const service = useService({ environment: { ISSUER: OWN } });
const ADMIN = 'arn:aws:sts::111122223333:assumed-role/ops/alice';
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const SUBJECT = 'ci-of-billing';

let server: IssuerServer;
let issuer: ReturnType<typeof externalIssuer>;
let client: Registered;
let jti = 0;
/** Issuers whose metadata is in memory would hide what the next test is about: each has one of its own. */
let path = 0;
const answers = new Map<string, ServerAnswer>();
beforeAll(async () => {
  server = await startIssuerServer((request, response) =>
    (answers.get(request.url ?? '') ?? ((_, other) => other.writeHead(404).end()))(request, response),
  );
});
afterAll(() => server.close());

const serve = (one: ReturnType<typeof externalIssuer>): void => {
  for (const [url, document] of one.documents) answers.set(new URL(url).pathname, json(document));
};
const newIssuer = (): ReturnType<typeof externalIssuer> => externalIssuer(`${server.url}/issuer-${(path += 1)}`);
const addRule = (terms: object = {}): Promise<Answer> =>
  service.send({
    to: 'POST /iam/trust-rules',
    userArn: ADMIN,
    json: { issuer: issuer.url, client_id: client.client_id, conditions: [{ claim: 'sub', equals: SUBJECT }], ...terms },
  });
const claims = (more: object = {}) => {
  const now = service.now();
  return { sub: SUBJECT, aud: OWN, iat: now - 5, nbf: now - 5, exp: now + 300, jti: `jti-${(jti += 1)}`, ...more };
};
const asGrant = (assertion: string, form: object = {}): Promise<Answer> =>
  service.send({ to: 'POST /token', form: { grant_type: JWT_BEARER, assertion, ...form } });
const asClient = (assertion: string, form: object = {}): Promise<Answer> =>
  service.send({
    to: 'POST /token',
    form: { grant_type: 'client_credentials', client_assertion_type: ASSERTION_TYPE, client_assertion: assertion, ...form },
  });
const detail = () => service.log.lines().findLast(({ message }) => message === 'refused')?.['detail'] as Record<string, string>;
const INVALID_GRANT = {
  status: 400,
  body: { error: 'invalid_grant', error_description: 'the assertion is invalid, expired or used, or no trust rule takes it' },
};
const INVALID_CLIENT = { status: 401, body: { error: 'invalid_client', error_description: 'client authentication failed' } };

beforeEach(async () => {
  service.coldStart();
  client = await service.register({ scope: 'read' });
  issuer = newIssuer();
  serve(issuer);
  expect((await addRule()).status).toBe(201);
});

/** Refused by either way, in words that tell nothing. */
async function expectRefused(token: string, form: object = {}): Promise<string> {
  expect(await asClient(token, form)).toMatchObject(INVALID_CLIENT);
  expect(await asGrant(token, form)).toMatchObject(INVALID_GRANT);
  expect(service.audit().map(({ event_type }) => event_type)).toEqual(['login_failure', 'login_failure']);
  return detail()['detail'] ?? '';
}
const rsa = (): KeyObject => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

describe('what is in the token', () => {
  it('is accepted where nothing is wrong with it', async () => {
    expect((await asClient(issuer.token(claims()))).status).toBe(200);
    expect((await asGrant(issuer.token(claims()))).status).toBe(200);
  });

  const wrong: readonly (readonly [name: string, members: () => object, detail: string])[] = [
    ['another subject', () => ({ sub: 'ci-of-billing-2' }), 'claim sub'],
    ['a subject of another case', () => ({ sub: 'CI-of-billing' }), 'claim sub'],
    ['a subject with a space behind it', () => ({ sub: 'ci-of-billing ' }), 'claim sub'],
    ['the subject in a list', () => ({ sub: [SUBJECT] }), 'claim sub'],
    ['no subject', () => ({ sub: undefined }), 'claim sub'],
    ['another audience', () => ({ aud: 'https://vault.example' }), 'aud'],
    ['a list of audiences with ours', () => ({ aud: [OWN, 'https://vault.example'] }), 'aud'],
    ['our audience twice', () => ({ aud: [OWN, OWN] }), 'aud'],
    ['the token endpoint as audience', () => ({ aud: `${OWN}/token` }), 'aud'],
    ['our audience with a slash', () => ({ aud: `${OWN}/` }), 'aud'],
    ['an empty audience', () => ({ aud: [] }), 'aud'],
    ['no audience', () => ({ aud: undefined }), 'aud'],
    ['an end that is past', () => ({ exp: service.now() - 30 }), 'exp'],
    ['no end', () => ({ exp: undefined }), 'exp'],
    ['an end that is a text', () => ({ exp: String(service.now() + 60) }), 'exp'],
    ['a beginning to come', () => ({ nbf: service.now() + 31 }), 'nbf'],
    ['an issue to come', () => ({ iat: service.now() + 31 }), 'nbf'],
    ['an issue long ago', () => ({ iat: service.now() - 3631, nbf: undefined }), 'maximum_age'],
    ['no issue time and an end far away', () => ({ iat: undefined, nbf: undefined, exp: service.now() + 3631 }), 'maximum_age'],
  ];
  it.each(wrong)('is refused with %s', async (_, members, expected) => {
    expect(await expectRefused(issuer.token(claims(members())))).toMatch(new RegExp(`^${expected}:`));
  });

  it.each(['at+jwt', 'dpop+jwt', 'logout+jwt', 'secevent+jwt', 'application/at+jwt'])('is refused as a token of type %s', async (typ) => {
    expect(await expectRefused(issuer.token(claims(), { typ }))).toMatch(/^typ:/);
  });
});

describe('who has signed', () => {
  it.each<readonly [string, () => string]>([
    [
      'another key under the same kid',
      () => signed({ alg: 'RS256', kid: issuer.jwks.keys[0]!['kid'] }, { iss: issuer.url, ...claims() }, rsa()),
    ],
    [
      'a key that the header brings',
      () => {
        const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
        return signed({ alg: 'RS256', kid: 'k', jwk: publicKey.export({ format: 'jwk' }) }, { iss: issuer.url, ...claims() }, privateKey);
      },
    ],
    [
      'a key at an address in the header',
      () => signed({ alg: 'RS256', kid: 'k', jku: 'https://evil.example/jwks' }, { iss: issuer.url, ...claims() }, rsa()),
    ],
    ['nobody', () => `${Buffer.from('{"alg":"none"}').toString('base64url')}.${issuer.token(claims()).split('.')[1]!}.`],
    [
      'nobody, with something for a signature',
      () => `${Buffer.from('{"alg":"none"}').toString('base64url')}.${issuer.token(claims()).split('.')[1]!}.AA`,
    ],
    [
      'whoever knows the public key, as if it were a secret',
      () => {
        const { kid, ...jwk } = issuer.jwks.keys[0]!;
        const input = issuer.token(claims(), { alg: 'HS256' }).split('.').slice(0, 2).join('.');
        return `${input}.${createHmac('sha256', JSON.stringify(jwk)).update(input).digest('base64url')}`;
      },
    ],
  ])('%s is refused', async (_, token) => {
    const answer = await asGrant(token());
    expect(answer).toMatchObject(INVALID_GRANT);
    expect((await asClient(token())).status).toBe(401);
  });

  it('another issuer, who says it is this one, is refused', async () => {
    const evil = newIssuer();
    serve(evil);
    await addRule({ issuer: evil.url });
    expect(await expectRefused(evil.token(claims({ iss: issuer.url }), { kid: issuer.jwks.keys[0]!['kid'] }))).toMatch(/^signature:/);
    expect((await asGrant(evil.token(claims()))).status).toBe(200);
  });
  it('another issuer serves for none but its own rules', async () => {
    const other = newIssuer();
    serve(other);
    const others = await service.register({ scope: 'read' });
    await addRule({ issuer: other.url, client_id: others.client_id });
    expect((await asGrant(other.token(claims()), { client_id: client.client_id })).body).toMatchObject(INVALID_GRANT.body);
    expect((await asGrant(other.token(claims()), { client_id: others.client_id })).status).toBe(200);
  });
  it.each([
    ['a slash more', (url: string) => `${url}/`],
    ['upper case', (url: string) => url.replace('http', 'HTTP')],
    ['a dot in the path', (url: string) => url.replace('/issuer', '/./issuer')],
    ['a space in front', (url: string) => ` ${url}`],
    ['a port more', (url: string) => url.replace(/:(\d+)/, ':0$1')],
  ])('an issuer with %s is another', async (_, changed) => {
    const answer = await asGrant(issuer.token(claims({ iss: changed(issuer.url) })));
    expect(answer).toMatchObject(INVALID_GRANT);
  });
  it('one of our own tokens is no assertion', async () => {
    const { access_token } = (await service.send({ to: 'POST /token', basic: client, form: { grant_type: 'client_credentials' } })).body;
    expect(await asGrant(access_token as string)).toMatchObject(INVALID_GRANT);
    expect(await addRule({ issuer: OWN })).toMatchObject({
      status: 400,
      body: { error_description: 'issuer is this service itself: its own tokens are no assertions' },
    });
  });
});

describe('a token that serves once', () => {
  const twin = async (): Promise<Registered> => {
    const other = await service.register({ scope: 'read' });
    await addRule({ client_id: other.client_id, single_use: true });
    return other;
  };
  it('is refused the second time, by the same client, another client, and the other way', async () => {
    issuer = newIssuer();
    serve(issuer);
    await addRule({ single_use: true });
    const other = await twin();
    const token = issuer.token(claims());
    expect((await asGrant(token, { client_id: client.client_id })).status).toBe(200);
    for (const { client_id } of [client, other]) expect(await expectRefusedOnce(token, client_id)).toBe('token_replayed');
  });
  async function expectRefusedOnce(token: string, client_id: string): Promise<string | undefined> {
    expect(await asGrant(token, { client_id })).toMatchObject(INVALID_GRANT);
    expect(await asClient(token, { client_id })).toMatchObject(INVALID_CLIENT);
    return detail()['cause'];
  }
  it('is used by exactly one of many at once', async () => {
    issuer = newIssuer();
    serve(issuer);
    await addRule({ single_use: true });
    const token = issuer.token(claims());
    const statuses = (await Promise.all(Array.from({ length: 8 }, () => asGrant(token)))).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([200, 400, 400, 400, 400, 400, 400, 400]);
  });
  it('is not used up by the same jti of another issuer', async () => {
    const other = newIssuer();
    serve(other);
    issuer = newIssuer();
    serve(issuer);
    await addRule({ single_use: true });
    await addRule({ issuer: other.url, single_use: true });
    expect((await asGrant(issuer.token(claims({ jti: 'same' })))).status).toBe(200);
    expect((await asGrant(other.token(claims({ jti: 'same' })))).status).toBe(200);
  });
  it('is not used up by what is refused for its scope', async () => {
    issuer = newIssuer();
    serve(issuer);
    await addRule({ single_use: true });
    const token = issuer.token(claims());
    expect((await asGrant(token, { scope: 'write' })).body.error).toBe('invalid_scope');
    expect((await asGrant(token)).status).toBe(200);
  });
  it.each([undefined, '', 7, 'x'.repeat(257)])('needs a jti: %s is none', async (value) => {
    issuer = newIssuer();
    serve(issuer);
    await addRule({ single_use: true });
    expect(await expectRefused(issuer.token(claims({ jti: value })))).toMatch(/^jti:/);
  });
});

describe('which client', () => {
  it('is never one that the rules do not name', async () => {
    const other = await service.register({ scope: 'read' });
    await expectRefused(issuer.token(claims()), { client_id: other.client_id });
  });
  it('is the client of the request where rules name several, and nobody where it names none', async () => {
    const other = await service.register({ scope: 'read' });
    await addRule({ client_id: other.client_id });
    const token = issuer.token(claims());
    await expectRefused(token);
    expect(detail()['cause']).toBe('rule_ambiguous');
    for (const { client_id } of [client, other]) expect((await asGrant(token, { client_id })).status).toBe(200);
  });
  it.each(['', '../x', 'a#b', `m2m_cs_${'x'.repeat(60)}`])('is none of the form %s', async (client_id) => {
    const { status } = await asGrant(issuer.token(claims()), { client_id });
    expect(status === 400 || (client_id === '' && status === 200)).toBe(true);
  });
});

describe('the request', () => {
  it('has no second credential', async () => {
    const form = { grant_type: JWT_BEARER, assertion: issuer.token(claims()) };
    expect(await service.send({ to: 'POST /token', basic: client, form })).toMatchObject({
      status: 400,
      body: { error: 'invalid_request' },
    });
    const both = { grant_type: 'client_credentials', client_assertion_type: ASSERTION_TYPE, client_assertion: issuer.token(claims()) };
    expect(await service.send({ to: 'POST /token', basic: client, form: both })).toMatchObject({
      status: 400,
      body: { error: 'invalid_request' },
    });
  });
  it('needs an assertion', async () => {
    expect(await service.send({ to: 'POST /token', form: { grant_type: JWT_BEARER } })).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', error_description: 'assertion is missing' },
    });
  });
  it.each(['', 'x', 'a.b.c', '{}', 'x'.repeat(10_000), '..'])('has a JWT for an assertion, which %s is not', async (assertion) => {
    const { status, body } = await service.send({ to: 'POST /token', form: { grant_type: JWT_BEARER, assertion } });
    expect([status, ['invalid_grant', 'invalid_request']]).toEqual([400, expect.arrayContaining([body.error])]);
  });
  it('is not for AWS principals, who sign', async () => {
    const userArn = 'arn:aws:sts::111122223333:assumed-role/billing/1';
    const form = { grant_type: JWT_BEARER, assertion: issuer.token(claims()), client_id: client.client_id };
    expect((await service.send({ to: 'POST /iam/token', userArn, form })).body.error).toBe('unsupported_grant_type');
  });
  it('refreshes nothing', async () => {
    const form = {
      grant_type: 'refresh_token',
      refresh_token: 'x',
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: issuer.token(claims()),
    };
    expect((await service.send({ to: 'POST /token', form })).status).toBeGreaterThanOrEqual(400);
  });
  it('from a network with many tokens that no rule takes is refused before it costs a call', async () => {
    const token = issuer.token(claims({ sub: 'stranger' }));
    const statuses = new Set<number>();
    for (let time = 0; time < 125; time += 1) statuses.add((await asGrant(token)).status);
    expect([...statuses]).toEqual([400, 429]);
    service.calls.clear();
    expect((await asGrant(token)).status).toBe(429);
    expect(service.calls.names()).toEqual([]);
  });
});

describe('the issuer when it is asked', () => {
  const at = (answer: ServerAnswer, jwks?: ServerAnswer): string => {
    issuer = newIssuer();
    serve(issuer);
    answers.set(new URL(`${issuer.url}/.well-known/openid-configuration`).pathname, answer);
    if (jwks) answers.set(new URL(`${issuer.url}/.well-known/jwks`).pathname, jwks);
    return issuer.url;
  };
  const metadata = (members: object) => () =>
    at((request, response) => {
      json({ issuer: issuer.url, jwks_uri: `${issuer.url}/.well-known/jwks`, ...members })(request, response);
    });
  const redirect: ServerAnswer = (_, response) => response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end();
  const large: ServerAnswer = (_, response) => void response.writeHead(200).end(Buffer.alloc(70_000, 0x20));
  const liar: ServerAnswer = (_, response) => void response.writeHead(200, { 'content-length': '9999999' }).write('{');

  it.each<readonly [string, () => string, string]>([
    ['sends us elsewhere', () => at(redirect), 'redirected'],
    ['sends us elsewhere for its keys', () => at(json({}), redirect), 'metadata_malformed'],
    ['says it is another', metadata({ issuer: 'https://accounts.google.com' }), 'metadata_of_another_issuer'],
    [
      'says it is itself with a slash',
      () => at((q, r) => json({ issuer: `${issuer.url}/`, jwks_uri: `${issuer.url}/.well-known/jwks` })(q, r)),
      'metadata_of_another_issuer',
    ],
    ['has its keys inside', metadata({ jwks_uri: 'https://169.254.169.254/keys' }), 'address_not_public'],
    ['has its keys at a private address', metadata({ jwks_uri: 'https://10.0.0.1/keys' }), 'address_not_public'],
    ['has its keys in a file', metadata({ jwks_uri: 'file:///etc/passwd' }), 'url_not_allowed'],
    ['has its keys without TLS', metadata({ jwks_uri: 'http://keys.example/jwks' }), 'url_not_allowed'],
    ['has no keys', metadata({ jwks_uri: 7 }), 'metadata_malformed'],
    ['answers too much', () => at(large), 'too_large'],
    ['says that it answers too much', () => at(liar), 'too_large'],
    ['answers no JSON', () => at(json('<html>')), 'metadata_malformed'],
    ['is not there', () => at((_, response) => response.writeHead(404).end()), 'status_unexpected'],
  ])('refuses where it %s', async (_, prepare, expected) => {
    prepare();
    await addRule();
    expect(await expectRefused(issuer.token(claims()))).toBe(`keys: expected the keys of the issuer, found ${expected}`);
  });
  it('redirects no request for its keys', async () => {
    at((request, response) => json({ issuer: issuer.url, jwks_uri: `${issuer.url}/.well-known/jwks` })(request, response), redirect);
    await addRule();
    expect(await expectRefused(issuer.token(claims()))).toMatch(/found redirected$/);
  });
  it.each<readonly [string, ServerAnswer]>([
    ['hangs', () => undefined],
    ['fails', (_, response) => void response.writeHead(500).end()],
    ['hangs up', (request) => void request.socket.destroy()],
    ['sends a byte and no more', (_, response) => void response.writeHead(200, { 'content-length': '10' }).write('{')],
  ])('is an outage where it %s, and never a way in', async (_, answer) => {
    at(answer);
    await addRule();
    expect(await asGrant(issuer.token(claims()))).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } });
    // Nobody waits for the next one.
    const began = performance.now();
    expect((await asClient(issuer.token(claims()))).status).toBe(503);
    expect(performance.now() - began).toBeLessThan(500);
  });
  it('serves on with the keys that it has published, for an hour', async () => {
    expect((await asGrant(issuer.token(claims()))).status).toBe(200);
    for (const url of issuer.documents.keys()) answers.set(new URL(url).pathname, (_, response) => response.writeHead(500).end());
    service.advance(3599);
    expect((await asGrant(issuer.token(claims()))).status).toBe(200);
    service.advance(12);
    expect((await asGrant(issuer.token(claims()))).status).toBe(503);
  });
  it('is asked once for new keys by any number of strangers', async () => {
    await asGrant(issuer.token(claims()));
    const jwksPath = new URL(`${issuer.url}/.well-known/jwks`).pathname;
    service.advance(31);
    const before = server.asked.get(jwksPath) ?? 0;
    for (let time = 0; time < 5; time += 1) await asGrant(issuer.token(claims(), { kid: `unknown-${time}` }));
    expect((server.asked.get(jwksPath) ?? 0) - before).toBe(1);
  });
});
