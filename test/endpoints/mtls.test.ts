// Clients with certificates (RFC 8705) at every endpoint, and the list of certificates that serve for nothing.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { nameText } from '../../src/client-authentication/distinguished-name.ts';
import { deniedCertificateKey } from '../../src/storage/keys.ts';
import { testAuthority, type Issued, type TestAuthority } from '../client-authentication/test-certificates.ts';
import { claimsOf } from './access-token.ts';
import type { Answer, Sent } from './request.ts';
import { useService, type Registered } from './service-under-test.ts';

const service = useService({ environment: { MTLS_URL: 'https://mtls.issuer.example', RATE_LIMIT_PER_MINUTE: '0' } });
const SUBJECT = { token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_subject_dn: 'CN=billing,O=Example' };
const BOUND = { tls_client_certificate_bound_access_tokens: true };
const REFRESHING = { grant_types: ['client_credentials', 'refresh_token'] };
let authority: TestAuthority;
let own: Issued;
/** Of the same name, and so the same client's. */
let next: Issued;
let stranger: Issued;
let manager: string;
beforeAll(async () => {
  authority = await testAuthority();
  [own, next, stranger] = [await authority.issue(), await authority.issue(), await authority.issue({ commonName: 'stranger' })];
  const admin = await service.register({ scope: 'clients:manage' });
  const form = { grant_type: 'client_credentials', scope: 'clients:manage' };
  manager = (await service.send({ to: 'POST /token', basic: admin, form })).body.access_token;
});
afterAll(() => {
  authority.remove();
});
beforeEach(() => {
  service.log.clear();
});

const ask = (client: Registered, certificate: Issued | undefined, more: Partial<Sent> = {}): Promise<Answer> =>
  service.send({
    to: 'POST /token',
    form: { grant_type: 'client_credentials', client_id: client.client_id },
    ...(certificate && { certificate: certificate.pem }),
    ...more,
  });
const reasons = (): readonly unknown[] => service.log.lines().flatMap(({ reason }) => (reason === undefined ? [] : [reason]));

describe('a client with tls_client_auth', () => {
  it('gets tokens by client_id and the certificate of its connection, whichever it has of that name', async () => {
    const client = await service.register(SUBJECT);
    expect(client.client_secret).toBe('');
    for (const certificate of [own, next]) {
      const answer = await ask(client, certificate);
      expect(answer).toMatchObject({ status: 200, body: { token_type: 'Bearer' } });
      expect(claimsOf(answer.body.access_token)).toMatchObject({ client_id: client.client_id, amr: ['mtls'] });
      expect(claimsOf(answer.body.access_token)['cnf']).toBeUndefined();
    }
  });

  it('is refused like everybody else by another certificate, by none, and by what a header says', async () => {
    const client = await service.register(SUBJECT);
    const INVALID = { status: 401, body: { error: 'invalid_client', error_description: 'client authentication failed' } };
    expect(await ask(client, stranger)).toMatchObject(INVALID);
    expect(await ask(client, undefined)).toMatchObject(INVALID);
    expect(await ask({ ...client, client_id: 'c_unknown' }, own)).toMatchObject(INVALID);
    const flat = own.pem.replaceAll('\n', '');
    for (const name of [
      'x-client-cert',
      'x-amzn-mtls-clientcert',
      'x-amzn-mtls-clientcert-leaf',
      'x-ssl-cert',
      'x-forwarded-client-cert',
      'client-cert',
      'ssl-client-cert',
    ])
      for (const value of [flat, encodeURIComponent(own.pem)])
        expect(await ask(client, undefined, { headers: { [name]: value } }), name).toMatchObject(INVALID);
    expect(await ask(client, stranger, { headers: { 'x-amzn-mtls-clientcert': flat } })).toMatchObject(INVALID);
    expect(reasons()).toContain('certificate_mismatch');
  });

  it('takes no secret, and its certificate does not stand in for a wrong one', async () => {
    const client = await service.register(SUBJECT);
    const other = await service.register();
    const form = { grant_type: 'client_credentials', client_id: client.client_id, client_secret: other.client_secret };
    expect(await ask(client, own, { form })).toMatchObject({ status: 401 });
    expect(await ask(client, own, { basic: { ...client, client_secret: '' } })).toMatchObject({ status: 401 });
    expect(await ask(other, own)).toMatchObject({ status: 401 });
    expect(reasons()).toContain('method_not_registered');
  });

  it('is refused by a certificate whose time has not come or is over', async () => {
    const client = await service.register(SUBJECT);
    expect((await ask(client, await authority.issue({ expired: true }))).status).toBe(401);
    expect((await ask(client, await authority.issue({ notYet: true }))).status).toBe(401);
    expect(reasons()).toEqual(expect.arrayContaining(['certificate_unusable', 'certificate_unusable']));
  });

  it('authenticates at /introspect and /revoke too', async () => {
    const client = await service.register(SUBJECT);
    const token = (await ask(client, own)).body.access_token as string;
    const form = { token, client_id: client.client_id };
    expect(await ask(client, own, { to: 'POST /introspect', form })).toMatchObject({ status: 200, body: { active: true } });
    expect((await ask(client, stranger, { to: 'POST /revoke', form })).status).toBe(401);
    expect((await ask(client, own, { to: 'POST /revoke', form })).status).toBe(200);
    expect((await ask(client, own, { to: 'POST /introspect', form })).body).toEqual({ active: false });
  });
});

describe('a client with self_signed_tls_client_auth', () => {
  it('changes its certificate without an outage: both are registered for a while', async () => {
    const [first, second] = [await authority.issue({ selfSigned: true }), await authority.issue({ selfSigned: true })];
    const method = { token_endpoint_auth_method: 'self_signed_tls_client_auth' };
    const client = await service.register({ ...method, tls_client_certificates: [first.pem] });
    expect([(await ask(client, first)).status, (await ask(client, second)).status]).toEqual([200, 401]);
    const change = (certificates: readonly Issued[]) =>
      service.send({
        to: `PUT /clients/${client.client_id}`,
        bearer: manager,
        json: { ...method, tls_client_certificates: certificates.map(({ pem }) => pem) },
      });
    expect((await change([first, second])).body.tls_client_certificates).toEqual([first.parsed.thumbprint, second.parsed.thumbprint]);
    expect([(await ask(client, first)).status, (await ask(client, second)).status]).toEqual([200, 200]);
    expect((await change([second])).status).toBe(200);
    expect([(await ask(client, first)).status, (await ask(client, second)).status]).toEqual([401, 200]);
  });
});

describe('a bound token', () => {
  it('names the certificate, whatever else has proven the client, and there is none without', async () => {
    for (const client of [await service.register({ ...SUBJECT, ...BOUND }), await service.register(BOUND)]) {
      const secret = client.client_secret === '' ? {} : { basic: client, form: { grant_type: 'client_credentials' } };
      const answer = await ask(client, own, secret);
      expect(claimsOf(answer.body.access_token)['cnf']).toEqual({ 'x5t#S256': own.parsed.thumbprint });
    }
    const client = await service.register(BOUND);
    const bare = await ask(client, undefined, { basic: client, form: { grant_type: 'client_credentials' } });
    expect(bare).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', error_description: expect.stringContaining('certificate') },
    });
    expect(reasons()).toContain('certificate_missing');
  });

  it('serves on connections of that certificate alone, and introspection tells which', async () => {
    const client = await service.register({ ...SUBJECT, ...BOUND, scope: 'read clients:manage' });
    const form = { grant_type: 'client_credentials', scope: 'clients:manage', client_id: client.client_id };
    const bearer = (await ask(client, own, { form })).body.access_token as string;
    for (const to of ['GET /sessions', 'GET /clients']) {
      expect((await service.send({ to, bearer, certificate: own.pem })).status, to).toBe(200);
      for (const more of [{}, { certificate: next.pem }, { headers: { 'x-amzn-mtls-clientcert': own.pem.replaceAll('\n', '') } }])
        expect(await service.send({ to, bearer, ...more }), to).toMatchObject({ status: 401, body: { error: 'invalid_token' } });
    }
    const told = await ask(client, own, { to: 'POST /introspect', form: { token: bearer, client_id: client.client_id } });
    expect(told.body).toMatchObject({ active: true, token_type: 'Bearer', cnf: { 'x5t#S256': own.parsed.thumbprint } });
  });

  it('is followed by bound ones: a session is refreshed with the certificate that it began with', async () => {
    const client = await service.register({ ...SUBJECT, ...BOUND, ...REFRESHING });
    const begun = (await ask(client, own)).body;
    const refresh = (certificate: Issued | undefined, more: object = {}) =>
      ask(client, certificate, {
        to: 'POST /refresh',
        form: { refresh_token: begun.refresh_token, client_id: client.client_id },
        ...more,
      });
    // The same client by its name, and still another certificate.
    expect(await refresh(next)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(reasons()).toContain('session_binding_unproven');
    expect((await refresh(undefined)).status).toBe(401);
    const refreshed = await refresh(own);
    expect(claimsOf(refreshed.body.access_token)).toMatchObject({ cnf: { 'x5t#S256': own.parsed.thumbprint }, sid: expect.any(String) });
    // The retry after a lost answer proves it again.
    expect((await refresh(next)).status).toBe(400);
    expect((await refresh(own)).body.refresh_token).toBe(refreshed.body.refresh_token);
  });

  it('binds sessions also where the refresh token is enough', async () => {
    const client = await service.register({ ...BOUND, ...REFRESHING, refresh_client_auth: 'none' });
    const begun = await ask(client, own, { basic: client, form: { grant_type: 'client_credentials' } });
    const refresh = (certificate: Issued | undefined, form: object = {}) =>
      ask(client, certificate, { to: 'POST /refresh', form: { refresh_token: begun.body.refresh_token, ...form } });
    expect((await refresh(undefined)).status).toBe(400);
    expect((await refresh(next)).status).toBe(400);
    expect((await refresh(own, { client_id: client.client_id })).status).toBe(200);
  });

  it('shows in the list of sessions', async () => {
    const client = await service.register({ ...SUBJECT, ...BOUND, ...REFRESHING });
    const bearer = (await ask(client, own)).body.access_token as string;
    const { items } = (await service.send({ to: 'GET /sessions', bearer, certificate: own.pem })).body;
    expect(items).toMatchObject([{ binding: { 'x5t#S256': own.parsed.thumbprint } }]);
  });
});

describe('a denied certificate', () => {
  const deny = (json: object, more: Partial<Sent> = {}): Promise<Answer> =>
    service.send({ to: 'POST /denied-certificates', bearer: manager, json, ...more });
  const allow = (id: string): Promise<Answer> =>
    service.send({ to: 'DELETE /denied-certificates', bearer: manager, query: new URLSearchParams({ id }).toString() });
  const list = async (): Promise<readonly Record<string, unknown>[]> =>
    (await service.send({ to: 'GET /denied-certificates', bearer: manager })).body.items;

  it.each([
    ['itself', ({ pem }: Issued) => ({ certificate: pem })],
    ['its thumbprint', ({ parsed }: Issued) => ({ 'x5t#S256': parsed.thumbprint })],
    ['issuer and serial number', ({ parsed }: Issued) => ({ issuer: nameText(parsed.issuer), serial: parsed.serial.toUpperCase() })],
  ])('by %s serves for nothing at once, and its tokens neither', async (_, named) => {
    const client = await service.register({ ...SUBJECT, ...BOUND });
    const lost = await authority.issue();
    const bearer = (await ask(client, lost)).body.access_token as string;
    const denied = await deny({ ...named(lost), reason: 'lost' });
    expect(denied).toMatchObject({ status: 201, body: { id: expect.stringMatching(/^[\w-]{43}$/), reason: 'lost' } });
    expect((await ask(client, lost)).status).toBe(401);
    expect(reasons()).toContain('certificate_denied');
    const refused = await service.send({ to: 'GET /sessions', bearer, certificate: lost.pem });
    expect(refused).toMatchObject({
      status: 401,
      body: { error: 'invalid_token' },
      headers: { 'www-authenticate': expect.stringMatching(/^Bearer /) },
    });
    // Any other way of proving oneself on its connection is refused as well.
    const other = await service.register();
    expect((await ask(other, lost, { basic: other, form: { grant_type: 'client_credentials' } })).status).toBe(401);
    expect((await ask(client, own)).status).toBe(200);

    const id = denied.body.id as string;
    expect(await list()).toContainEqual(expect.objectContaining({ id, reason: 'lost' }));
    expect(await service.engine.item(deniedCertificateKey(id))).toMatchObject({
      feed: 'FEED',
      event: { event_type: 'certificate_denied' },
    });
    expect((await allow(id)).status).toBe(204);
    expect(await service.engine.item(deniedCertificateKey(id))).toMatchObject({ event: { event_type: 'certificate_allowed' } });
    expect((await ask(client, lost)).status).toBe(200);
    expect((await list()).map((item) => item['id'])).not.toContain(id);
    expect((await allow(id)).status).toBe(404);
  });

  it('makes the tokens that are bound to it inactive, for whoever introspects them', async () => {
    const client = await service.register({ ...SUBJECT, ...BOUND });
    const server = await service.register({ may_introspect: 'any' });
    const lost = await authority.issue();
    const token = (await ask(client, lost)).body.access_token as string;
    const look = () => service.send({ to: 'POST /introspect', basic: server, form: { token } });
    expect((await look()).body.active).toBe(true);
    await deny({ 'x5t#S256': lost.parsed.thumbprint });
    expect((await look()).body).toEqual({ active: false });
  });

  it('is in the feed, by digest, until its own end', async () => {
    const lost = await authority.issue();
    const { body } = await deny({ certificate: lost.pem });
    expect(Date.parse(body.expires_at)).toBe(lost.parsed.notAfter * 1000);
    service.coldStart();
    const feed = (await service.send({ to: 'GET /revocations' })).body;
    expect(feed.certs.length).toBeGreaterThan(0);
    expect(JSON.stringify(feed)).not.toContain(lost.parsed.thumbprint);
    const page = (await service.send({ to: 'GET /revocations', query: 'since=0' })).body;
    expect(Object.values(page.until).flatMap((lists: any) => lists.certs ?? [])).toEqual(expect.arrayContaining(feed.certs));
  });

  it('serves again after the end of its denial, whatever DynamoDB has left in the table', async () => {
    const client = await service.register(SUBJECT);
    const lost = await authority.issue();
    const end = new Date((service.now() + 60) * 1000).toISOString();
    expect((await deny({ certificate: lost.pem, expires_at: end })).status).toBe(201);
    expect((await ask(client, lost)).status).toBe(401);
    service.advance(61);
    expect((await ask(client, lost)).status).toBe(200);
  });

  it.each([
    [{}, 'certificate'],
    [{ certificate: 'x' }, 'certificate'],
    [{ certificate: 7 }, 'certificate'],
    [{ 'x5t#S256': 'short' }, 'x5t#S256'],
    [{ issuer: 'CN=a' }, 'serial'],
    [{ serial: '0a' }, 'issuer'],
    [{ issuer: 'nobody', serial: '0a' }, 'issuer'],
    [{ issuer: 'CN=a', serial: 'xyz' }, 'serial'],
    [{ issuer: 'CN=a', serial: '0a', certificate: 'x' }, 'certificate'],
    [{ issuer: 'CN=a', serial: '0a', reason: 'x'.repeat(101) }, 'reason'],
    [{ issuer: 'CN=a', serial: '0a', expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
  ])('cannot be named by %o', async (json, field) => {
    const refused = await deny(json);
    expect(refused).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', error_description: expect.stringContaining(`${field} must`) },
    });
  });

  it('is for managers of all clients alone', async () => {
    const some = await service.register({ scope: 'clients:manage', manages_tags: ['a'] });
    const form = { grant_type: 'client_credentials', scope: 'clients:manage' };
    const bearer = (await service.send({ to: 'POST /token', basic: some, form })).body.access_token as string;
    expect((await deny({ 'x5t#S256': own.parsed.thumbprint }, { bearer })).status).toBe(403);
  });
});

describe('the metadata', () => {
  it('says where callers with certificates go, and nothing of it where there is no such place', async () => {
    const read = async () => (await service.send({ to: 'GET /.well-known/oauth-authorization-server' })).body;
    expect(await read()).toMatchObject({
      token_endpoint_auth_methods_supported: expect.arrayContaining(['tls_client_auth', 'self_signed_tls_client_auth']),
      tls_client_certificate_bound_access_tokens: true,
      mtls_endpoint_aliases: {
        token_endpoint: 'https://mtls.issuer.example/token',
        revocation_endpoint: 'https://mtls.issuer.example/revoke',
        introspection_endpoint: 'https://mtls.issuer.example/introspect',
      },
    });
    service.coldStart({ MTLS_URL: 'off' }, 'jwks');
    const without = await read();
    expect(JSON.stringify(without)).not.toMatch(/mtls|tls_client/);
    expect(without.token_endpoint_auth_methods_supported).toContain('client_secret_basic');
  });
});
