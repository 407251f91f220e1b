// RFC 9068, the JWT profile for access tokens; SECURITY 30, 41, 43 to 48.
import { createHmac, createPublicKey, createSign } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { decoded, endpointsOf, type TestClient } from '../e2e/endpoints.ts';
import { runningService } from '../e2e/running-service.ts';
import { forged, resigned, serviceKey, strangersJwk, withSignature } from '../e2e/signed-tokens.ts';

const service = runningService();
const api = endpointsOf(service);
const { issuer, token, accessToken, register, introspect } = api;
let client: TestClient;
let genuine: string;
beforeAll(async () => {
  client = await register({ roles: ['user'] });
  genuine = await accessToken(client);
});

describe('section 2, what it says', () => {
  it('header: typ at+jwt, an asymmetric algorithm, the key id', () => {
    expect(decoded(genuine).header).toEqual({ alg: 'RS256', typ: 'at+jwt', kid: expect.any(String) });
  });

  it('claims: issuer, client as subject, audience, times, id, scope, roles', async () => {
    const { body } = await token(client);
    const { claims } = decoded(body.access_token);
    expect(claims).toEqual({
      iss: issuer,
      sub: client.client_id,
      client_id: client.client_id,
      aud: issuer,
      iat: expect.any(Number),
      exp: Number(claims.iat) + Number(body.expires_in),
      jti: expect.any(String),
      scope: 'read write',
      roles: ['user'],
      epoch: expect.any(Number),
      sid: expect.any(String),
      amr: ['client_secret'],
    });
    expect(Math.abs(claims.iat - Date.now() / 1000)).toBeLessThan(60);
  });

  it('a token lives 15 minutes, a client may be registered for less, and for no more than an hour', async () => {
    expect((await token(client)).body.expires_in).toBe(900);
    const short = await register({ access_token_lifetime: 60 });
    const { body } = await token(short);
    expect([body.expires_in, decoded(body.access_token).claims.exp - decoded(body.access_token).claims.iat]).toEqual([60, 60]);
    const refused = await api.manage('POST', '/clients', { access_token_lifetime: 3601 });
    expect([refused.status, refused.body.error]).toEqual([400, 'invalid_client_metadata']);
  });

  it('a client that is limited to networks carries them in its tokens', async () => {
    const limited = await register({ ip_ranges: ['127.0.0.0/8'] });
    expect(decoded(await accessToken(limited)).claims.ip).toEqual(['127.0.0.0/8']);
  });
});

describe('section 4, what is not believed', () => {
  const { jwk, kid } = { jwk: () => serviceKey(service).jwk, kid: () => serviceKey(service).kid };
  const header = () => decoded(genuine).header;
  const claims = () => decoded(genuine).claims;
  const hs256 = (key: string | Buffer, more: object = {}): string => {
    const input = withSignature({ ...header(), alg: 'HS256', ...more }, claims(), '').slice(0, -1);
    return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
  };
  const publicKey = (encoding: { type: 'spki' | 'pkcs1'; format: 'pem' | 'der' }): string | Buffer =>
    createPublicKey({ key: jwk(), format: 'jwk' }).export(encoding as { type: 'spki'; format: 'pem' });
  const now = () => Math.floor(Date.now() / 1000);

  const attacks: Readonly<Record<string, () => string>> = {
    'another key under our kid': () => forged(genuine),
    'an unknown kid': () => forged(genuine, { header: { kid: 'unknown' } }),
    'no kid': () => forged(genuine, { header: { kid: undefined } }),
    'a kid that is a path': () => forged(genuine, { header: { kid: '../../dev/null' } }),
    'a kid of the prototype': () => forged(genuine, { header: { kid: '__proto__' } }),
    'its own jwk in the header': () => forged(genuine, { header: { jwk: strangersJwk() } }),
    'a jku': () => forged(genuine, { header: { jku: 'http://127.0.0.1:9/jwks.json' } }),
    'an x5u and x5c': () => forged(genuine, { header: { x5u: 'http://127.0.0.1:9/', x5c: ['MIIB'] } }),
    'alg none': () => withSignature({ ...header(), alg: 'none' }, claims(), ''),
    'alg None with our signature': () => withSignature({ ...header(), alg: 'None' }, claims(), genuine.split('.')[2] ?? ''),
    'an empty signature': () => withSignature(header(), claims(), ''),
    'HS256 with the public key as PEM': () => hs256(publicKey({ type: 'spki', format: 'pem' })),
    'HS256 with the public key as DER': () => hs256(publicKey({ type: 'spki', format: 'der' })),
    'HS256 with the public key as PKCS 1': () => hs256(publicKey({ type: 'pkcs1', format: 'pem' })),
    'HS256 with the modulus': () => hs256(String(jwk().n)),
    'HS256 with the kid': () => hs256(kid()),
    'HS256 with the client secret': () => hs256(client.client_secret),
    'HS256 with an empty key': () => hs256(''),
    'RS384 declared': () => withSignature({ ...header(), alg: 'RS384' }, claims(), genuine.split('.')[2] ?? ''),
    'an unknown critical member': () => resigned(service, genuine, { header: { crit: ['exp'], exp: now() + 60 } }),
    'typ JWT': () => resigned(service, genuine, { header: { typ: 'JWT' } }),
    'no typ': () => resigned(service, genuine, { header: { typ: undefined } }),
    'another issuer': () => resigned(service, genuine, { claims: { iss: `${issuer}/` } }),
    'a list of issuers': () => resigned(service, genuine, { claims: { iss: [issuer] } }),
    'another audience': () => resigned(service, genuine, { claims: { aud: 'https://other.example' } }),
    'a list of audiences': () => resigned(service, genuine, { claims: { aud: [issuer, 'https://other.example'] } }),
    'expired a second ago': () => resigned(service, genuine, { claims: { exp: now() - 1 } }),
    'no exp': () => resigned(service, genuine, { claims: { exp: undefined } }),
    'exp as text': () => resigned(service, genuine, { claims: { exp: String(now() + 60) } }),
    'exp without end': () => resigned(service, genuine, { claims: { exp: 1e308 } }),
    'issued in two minutes': () => resigned(service, genuine, { claims: { iat: now() + 120, exp: now() + 900 } }),
    'not before in two minutes': () => resigned(service, genuine, { claims: { nbf: now() + 120 } }),
    'a key binding, shown as a plain bearer': () => resigned(service, genuine, { claims: { cnf: { jkt: 'x' } } }),
    'another network': () => resigned(service, genuine, { claims: { ip: ['192.0.2.0/24'] } }),
    'a client that does not exist': () => resigned(service, genuine, { claims: { client_id: 'nobody', sub: 'nobody', sid: undefined } }),
    'a session that does not exist': () => resigned(service, genuine, { claims: { sid: 'AAAAAAAAAAAAAAAAAAAAAA' } }),
    'an older epoch': () => resigned(service, genuine, { claims: { epoch: 0, sid: undefined } }),
    'five parts': () => `${genuine}.x.y`,
    'two parts': () => genuine.split('.').slice(0, 2).join('.'),
    padding: () => `${genuine}=`,
    'a dot at its end': () => `${genuine}.`,
    'the plain base64 alphabet': () => genuine.replace(/\.(?=[^.]*$)/, '.+/'),
    'JSON serialisation': () =>
      Buffer.from(
        JSON.stringify({ payload: genuine.split('.')[1], protected: genuine.split('.')[0], signature: genuine.split('.')[2] }),
      ).toString('base64url'),
    '6,000 dots': () => '.'.repeat(6000),
    'an encrypted token that asks for much work': () =>
      withSignature({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 2_000_000_000, p2s: 'x' }, claims(), 'x.y.z'),
    'a compressed payload': () => resigned(service, genuine, { header: { zip: 'DEF', crit: ['zip'] } }),
  };

  it.each(Object.entries(attacks))('%s', async (_, make) => {
    const text = make();
    const [sample, clients, introspected] = await Promise.all([
      api.protected(text),
      api.call('/clients', { headers: { authorization: `Bearer ${text}` } }),
      introspect(client, text),
    ]);
    expect([sample.status, clients.status]).toEqual([401, 401]);
    // Introspection judges the token alone, whatever audience, binding and network it is for.
    if (introspected.body.active === true) expect(_).toMatch(/^(?:another audience|a key binding|another network)/);
    else expect(introspected.text).toBe('{"active":false}');
  });

  it('a genuine one is believed before and after, and up to a minute of clock difference', async () => {
    expect((await api.protected(genuine)).status).toBe(200);
    expect((await api.protected(resigned(service, genuine, { claims: { iat: now() + 30 } }))).status).toBe(200);
  });

  it('duplicate members are refused, whichever would win', async () => {
    const { key } = serviceKey(service);
    const payload = JSON.stringify(claims()).replace('{', `{"scope":"read write admin",`);
    const input = `${genuine.split('.')[0] ?? ''}.${Buffer.from(payload).toString('base64url')}`;
    const text = `${input}.${createSign('sha256').update(input).sign(key).toString('base64url')}`;
    expect((await api.protected(text)).status).toBe(401);
  });
});
