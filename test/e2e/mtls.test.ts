// Mutual TLS against the service as it runs: real handshakes, the OAuth clients that people use, and curl.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decoded, endpointsOf, type Endpoints, type TestClient } from './endpoints.ts';
import { certificateFolder, makeCertificates, overTls, type Init, type Pair } from './over-tls.ts';
import { startService, type ServiceProcess } from './service-process.ts';

let dataDir: string;
let foreign: string;
let service: ServiceProcess;
let api: Endpoints;
let mtlsUrl: string;
let ca: string;
const pairs = new Map<string, Pair>();
const pair = (name: string): Pair => pairs.get(name)!;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'm2m-mtls-'));
  foreign = mkdtempSync(join(tmpdir(), 'm2m-foreign-'));
  const made = await makeCertificates(certificateFolder(dataDir), {
    own: {},
    stranger: { commonName: 'stranger' },
    self: { commonName: 'self', selfSigned: true },
    expired: { expired: true },
    later: { notYet: true },
  });
  for (const [name, issued] of [...made, ...(await makeCertificates(foreign, { foreign: {} }))]) pairs.set(name, issued);
  ca = readFileSync(join(certificateFolder(dataDir), 'ca.pem'), 'utf8');
  service = await startService({ dataDir, environment: { MTLS_PORT: '0' } });
  api = endpointsOf(service);
  const metadata = (await (await fetch(`${service.issuer}/.well-known/oauth-authorization-server`)).json()) as any;
  mtlsUrl = new URL(metadata.mtls_endpoint_aliases.token_endpoint).origin;
});
afterAll(async () => {
  await service.stop();
  for (const folder of [dataDir, foreign]) rmSync(folder, { recursive: true, force: true });
});

/** As `fetch`, on a connection with that certificate, or with none. */
const over = (certificate: string | undefined, url: string, init: Init = {}): Promise<Response> =>
  overTls(ca, certificate === undefined ? undefined : pair(certificate), url, init);
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const token = (certificate: string | undefined, form: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}) =>
  over(certificate, `${mtlsUrl}/token`, { method: 'POST', headers: { ...FORM, ...headers }, body: new URLSearchParams(form).toString() });
/** As OAuth clients want it. */
const fetchOver = (certificate: string) => (url: string, init: any) =>
  url.startsWith('https:')
    ? over(certificate, url, {
        method: init.method,
        headers: Object.fromEntries(new Headers(init.headers)),
        ...(init.body === undefined || init.body === null ? {} : { body: String(init.body) }),
      })
    : fetch(url, init);

const BOUND = { tls_client_certificate_bound_access_tokens: true };
const bySubject = (more: object = {}): Promise<TestClient> =>
  api.register({ token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_subject_dn: 'CN=billing,O=Example', ...BOUND, ...more });
const bySelf = (more: object = {}): Promise<TestClient> =>
  api.register({ token_endpoint_auth_method: 'self_signed_tls_client_auth', tls_client_certificates: [pair('self').cert], ...more });

describe('the listener', () => {
  it.each([undefined, 'foreign', 'expired', 'later'])('ends the connection of a caller with the certificate %s', async (certificate) => {
    await expect(over(certificate, `${mtlsUrl}/health`)).rejects.toThrow();
  });
  it.each(['own', 'self'])('serves a caller with the certificate %s', async (certificate) => {
    expect((await over(certificate, `${mtlsUrl}/health`)).status).toBe(200);
  });
});

describe('oauth4webapi', () => {
  /* eslint-disable-next-line @typescript-eslint/no-deprecated -- the local issuer has no TLS; its alias has */
  const http = { [oauth.allowInsecureRequests]: true };
  it.each([
    ['tls_client_auth', () => bySubject(), 'own'],
    ['self_signed_tls_client_auth', () => bySelf(BOUND), 'self'],
  ] as const)('gets a bound token by %s, and the API takes it on that connection alone', async (method, register, certificate) => {
    const client = await register();
    const issuer = new URL(service.issuer);
    const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { ...http, algorithm: 'oauth2' }));
    expect(server.token_endpoint_auth_methods_supported).toContain(method);
    const options = { ...http, [oauth.customFetch]: fetchOver(certificate) };
    const own = { client_id: client.client_id, use_mtls_endpoint_aliases: true };
    const response = await oauth.clientCredentialsGrantRequest(server, own, oauth.TlsClientAuth(), { scope: 'read' }, options);
    const answer = await oauth.processClientCredentialsResponse(server, own, response);
    expect(decoded(answer.access_token).claims).toMatchObject({ amr: ['mtls'], cnf: { 'x5t#S256': pair(certificate).thumbprint } });
    const headers = { authorization: `Bearer ${answer.access_token}` };
    expect((await over(certificate, `${mtlsUrl}/protected`, { headers })).status).toBe(200);
    expect((await over('stranger', `${mtlsUrl}/protected`, { headers })).status).toBe(401);
    expect((await fetch(`${service.issuer}/protected`, { headers })).status).toBe(401);
    const told = await oauth.introspectionRequest(server, own, oauth.TlsClientAuth(), answer.access_token, options);
    expect(await oauth.processIntrospectionResponse(server, own, told)).toMatchObject({
      active: true,
      cnf: { 'x5t#S256': expect.any(String) },
    });
  });
});

describe('openid-client', () => {
  it.each([
    ['tls_client_auth', () => bySubject({ grant_types: ['client_credentials', 'refresh_token'] }), 'own'],
    ['self_signed_tls_client_auth', () => bySelf({ grant_types: ['client_credentials', 'refresh_token'] }), 'self'],
  ] as const)('gets and refreshes tokens by %s', async (_, register, certificate) => {
    const client = await register();
    const metadata = { use_mtls_endpoint_aliases: true };
    const config = await openid.discovery(new URL(service.issuer), client.client_id, metadata, openid.TlsClientAuth(), {
      algorithm: 'oauth2',
      /* eslint-disable-next-line @typescript-eslint/no-deprecated -- as above */
      execute: [openid.allowInsecureRequests],
      [openid.customFetch]: fetchOver(certificate),
    });
    const answer = await openid.clientCredentialsGrant(config, { scope: 'read' });
    const next = await openid.refreshTokenGrant(config, answer.refresh_token!);
    expect(decoded(next.access_token).claims).toMatchObject({ client_id: client.client_id });
  });
});

describe('a caller with a good certificate', () => {
  it('is no other client, whatever it says', async () => {
    const client = await bySubject();
    const form = { grant_type: 'client_credentials', client_id: client.client_id };
    expect((await token('own', form)).status).toBe(200);
    const flat = pair('own').cert.replaceAll('\n', '');
    for (const headers of [
      {},
      { 'x-client-cert': flat },
      { 'x-amzn-mtls-clientcert': flat },
      { 'ssl-client-cert': encodeURIComponent(flat) },
    ])
      expect(await (await token('stranger', form, headers)).json()).toMatchObject({ error: 'invalid_client' });
    expect((await token('self', form)).status).toBe(401);
    const self = await bySelf();
    expect((await token('own', { grant_type: 'client_credentials', client_id: self.client_id })).status).toBe(401);
  });

  it('says nothing by headers on the listener without TLS', async () => {
    const client = await bySubject();
    const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: client.client_id });
    const flat = pair('own').cert.replaceAll('\n', '');
    const response = await fetch(`${service.issuer}/token`, { method: 'POST', body, headers: { 'x-amzn-mtls-clientcert': flat } });
    expect(response.status).toBe(401);
  });
});

describe('curl', () => {
  it('gets a token with a certificate, and none without', async () => {
    const client = await bySubject();
    const [cert, key] = pair('own').files;
    const common = [
      '-sS',
      '--cacert',
      join(dataDir, 'mtls', 'ca.pem'),
      '-d',
      'grant_type=client_credentials',
      '-d',
      `client_id=${client.client_id}`,
    ];
    const curl = (...more: string[]) => promisify(execFile)('curl', [...common, ...more, `${mtlsUrl}/token`]);
    const { stdout } = await curl('--cert', cert, '--key', key);
    expect(JSON.parse(stdout)).toMatchObject({ token_type: 'Bearer' });
    await expect(curl()).rejects.toThrow();
  });
});
