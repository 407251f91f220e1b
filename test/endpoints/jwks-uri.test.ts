// Clients whose keys lie at an address of their own, fetched over TLS from this machine.
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { rootCertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LOOPBACK_CERTIFICATE, LOOPBACK_KEY } from '../outbound/loopback-certificate.ts';
import { testKey, type TestKey } from '../tokens/test-issuer.ts';
import { assertionForm, signedAssertion } from './assertions.ts';
import type { Answer } from './request.ts';
import { useService, type Registered } from './service-under-test.ts';

/** Without TLS: on this machine, whose own addresses it may then ask. */
const ISSUER = 'http://127.0.0.1:3000';
const service = useService({ environment: { ISSUER } });
const [first, second] = [testKey('ES256'), testKey('RS256')];
let published: readonly TestKey[];
let fetched: string[];
let publisher: Server;
let origin: string;
beforeAll(async () => {
  setDefaultCACertificates([...rootCertificates, LOOPBACK_CERTIFICATE]);
  publisher = createServer({ cert: LOOPBACK_CERTIFICATE, key: LOOPBACK_KEY }, (request, response) => {
    fetched.push(request.url ?? '');
    if (request.url === '/redirect') return void response.writeHead(302, { location: '/jwks' }).end();
    if (request.url === '/down') return void response.writeHead(503).end();
    if (request.url === '/hang') return undefined;
    if (request.url === '/html') return void response.end('<html>');
    return void response.end(JSON.stringify({ keys: published.map(({ jwk }) => jwk) }));
  });
  await new Promise<void>((done) => publisher.listen(0, '127.0.0.1', done));
  origin = `https://localhost:${(publisher.address() as AddressInfo).port}`;
});
beforeEach(() => {
  published = [first];
  fetched = [];
  service.coldStart();
});
afterAll(() => {
  publisher.closeAllConnections();
  publisher.close();
  setDefaultCACertificates(rootCertificates);
});

const register = (url: string): Promise<Registered> => service.register({ token_endpoint_auth_method: 'private_key_jwt', jwks_uri: url });
const ask = ({ client_id }: Registered, key: TestKey = first): Promise<Answer> => {
  const assertion = signedAssertion(key, { clientId: client_id, issuer: ISSUER, now: service.now() });
  return service.send({ to: 'POST /token', form: { grant_type: 'client_credentials', ...assertionForm(assertion) } });
};
const details = () => service.log.lines().flatMap(({ message, reason, detail }) => (message === 'refused' ? [[reason, detail]] : []));

describe('keys at a jwks_uri', () => {
  it('are fetched once and kept', async () => {
    const client = await register(`${origin}/jwks`);
    for (let round = 0; round < 3; round += 1) expect((await ask(client)).status).toBe(200);
    expect(fetched).toEqual(['/jwks']);
  });

  it('are fetched again when a new one signs, and what is gone serves no more', async () => {
    const client = await register(`${origin}/jwks`);
    await ask(client);
    published = [second];
    expect((await ask(client, second)).status).toBe(401);
    service.advance(30);
    expect((await ask(client, second)).status).toBe(200);
    expect((await ask(client, first)).status).toBe(401);
    expect(fetched).toHaveLength(2);
  });

  it.each([
    ['/redirect', 'redirected'],
    ['/html', 'not_a_jwks'],
  ])('that are not behind %s let nobody in', async (path, fault) => {
    const client = await register(`${origin}${path}`);
    expect(await ask(client)).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    expect(details()).toEqual([['client_keys_unavailable', expect.objectContaining({ problem: fault })]]);
    expect(fetched).toEqual([path]);
  });

  it.each(['/down', '/hang'])('that may come another time (%s) are an outage, which nobody else waits for', async (path) => {
    const client = await register(`${origin}${path}`);
    expect((await ask(client)).status).toBe(503);
    const started = performance.now();
    expect((await ask(client)).status).toBe(503);
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(fetched).toEqual([path]);
  });

  it('are not asked for by a stranger with another method, or for a client that may not act', async () => {
    const [disabled, elsewhere] = await Promise.all(
      [{ disabled: true }, { ip_ranges: ['192.0.2.0/24'] }].map((more) =>
        service.register({ token_endpoint_auth_method: 'private_key_jwt', jwks_uri: `${origin}/jwks`, ...more }),
      ),
    );
    const secret = await service.register({ jwks_uri: `${origin}/jwks` });
    for (const client of [disabled!, elsewhere!, secret]) expect((await ask(client)).status).toBe(401);
    expect(fetched).toEqual([]);
  });

  it.each(['https://169.254.169.254/latest', 'https://10.0.0.1/jwks', 'https://[fd00:ec2::254]/'])(
    'are never looked for at %s',
    async (url) => {
      expect((await ask(await register(url))).status).toBe(401);
      expect(details()).toEqual([['client_keys_unavailable', expect.objectContaining({ problem: 'address_not_public' })]]);
    },
  );

  it('are not on this machine for an issuer that is not', async () => {
    service.coldStart({ ISSUER: 'https://issuer.example' });
    const client = await register(`${origin}/jwks`);
    const assertion = signedAssertion(first, { clientId: client.client_id, issuer: 'https://issuer.example', now: service.now() });
    const form = { grant_type: 'client_credentials', ...assertionForm(assertion) };
    expect((await service.send({ to: 'POST /token', form })).status).toBe(401);
    expect(details()).toEqual([['client_keys_unavailable', expect.objectContaining({ problem: 'address_not_public' })]]);
    expect(fetched).toEqual([]);
  });
});
