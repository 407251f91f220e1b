import { hash, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificateFault, certificateFrom, certificateIds, issuedAs, serialFrom } from '../../src/client-authentication/certificate.ts';
import { nameText, parseName } from '../../src/client-authentication/distinguished-name.ts';
import { authenticateByCertificate, presentedCertificate } from '../../src/client-authentication/mtls.ts';
import { readClientMetadata } from '../../src/clients/client-metadata.ts';
import type { Client } from '../../src/clients/client.ts';
import { testAuthority, type Issued, type TestAuthority } from './test-certificates.ts';

let authority: TestAuthority;
let own: Issued;
const NAMES = {
  dns: ['Billing.Example.com'],
  uri: ['spiffe://example.org/billing'],
  ip: ['10.0.0.1', '2001:db8::1'],
  email: ['a@example.com'],
};
const now = Math.floor(Date.now() / 1000);
beforeAll(async () => {
  authority = await testAuthority();
  own = await authority.issue(NAMES);
});
afterAll(() => {
  authority.remove();
});

const clientWith = (metadata: object): Client => {
  const read = readClientMetadata({ token_endpoint_auth_method: 'tls_client_auth', ...metadata });
  if (!read.ok) throw new Error(`${read.failure.field} ${read.failure.problem}`);
  return { ...read.value, client_id: 'c', secrets: [], epoch: 1, version: 1, client_id_issued_at: 0, updated_at: 0 };
};
const outcome = (client: Client | undefined, { parsed: certificate }: Issued) =>
  authenticateByCertificate({ clientId: 'c', method: 'mtls', certificate }, { client, ip: '192.0.2.1', now });
const expected = (client: Client, issued: Issued): string => {
  const result = outcome(client, issued);
  return result.ok ? 'ok' : 'expected' in result.failure ? result.failure.expected : result.failure.reason;
};

describe('a certificate', () => {
  it('is read as OpenSSL reads it', () => {
    const x509 = new X509Certificate(own.pem);
    expect(own.parsed).toMatchObject({
      thumbprint: hash('sha256', x509.raw, 'base64url'),
      serial: x509.serialNumber.toLowerCase(),
      isAuthority: false,
      isForClients: true,
      notAfter: Date.parse(x509.validTo) / 1000,
    });
    expect(nameText(own.parsed.subject)).toBe('CN=billing,O=Example');
    expect(nameText(own.parsed.issuer)).toBe('CN=m2m-auth test CA');
    expect(own.parsed.altNames).toEqual([
      { kind: 'dns', value: 'billing.example.com' },
      { kind: 'uri', value: 'spiffe://example.org/billing' },
      { kind: 'ip', value: '10.0.0.1' },
      { kind: 'ip', value: '[2001:db8::1]' },
      { kind: 'email', value: 'a@example.com' },
    ]);
  });

  it.each(['', 'x', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', 'x'.repeat(20_000)])('is none: %.20s', (pem) => {
    expect(certificateFrom(pem)).toBeUndefined();
  });

  it('serves within its time and for TLS clients alone', () => {
    const { notBefore, notAfter } = own.parsed;
    expect([notBefore - 1, notBefore, notAfter, notAfter + 1].map((time) => certificateFault(own.parsed, time))).toEqual([
      'not_yet_valid',
      undefined,
      undefined,
      'expired',
    ]);
    expect(certificateFault({ ...own.parsed, isForClients: false }, now)).toBe('not_for_clients');
  });

  it('is found by its thumbprint, and by issuer and serial number however these are spelt', () => {
    const serial = own.parsed.serial.match(/../g)!.join(':').toUpperCase();
    expect(certificateIds(own.parsed)).toEqual([own.parsed.thumbprint, issuedAs(parseName('cn=m2m-auth test CA')!, serialFrom(serial))]);
    expect(serialFrom('00:0A')).toBe('a');
    expect(serialFrom('0')).toBe('0');
  });
});

describe('tls_client_auth', () => {
  const dn = { tls_client_auth_subject_dn: 'CN=billing,O=Example' };
  it('knows the client by the whole subject', async () => {
    expect(outcome(clientWith(dn), own)).toMatchObject({ ok: true, value: { factors: ['mtls'], credential: undefined } });
    for (const other of ['CN=billing', 'O=Example,CN=billing', 'CN=Billing,O=Example', 'CN=billing,O=Example,C=DE'])
      expect(expected(clientWith({ tls_client_auth_subject_dn: other }), own), other).toBe('tls_client_auth_subject_dn');
    expect(expected(clientWith(dn), await authority.issue({ commonName: 'billing,O=Example', organization: undefined }))).not.toBe('ok');
    expect(expected(clientWith(dn), await authority.issue({ commonName: 'other', dns: ['billing'] }))).not.toBe('ok');
  });

  it.each([
    ['tls_client_auth_san_dns', 'billing.example.com'],
    ['tls_client_auth_san_dns', 'BILLING.example.com'],
    ['tls_client_auth_san_uri', 'spiffe://example.org/billing'],
    ['tls_client_auth_san_ip', '10.0.0.1'],
    ['tls_client_auth_san_ip', '2001:DB8:0::1'],
    ['tls_client_auth_san_email', 'a@example.com'],
  ])('or by %s %s', (field, value) => {
    expect(expected(clientWith({ [field]: value }), own)).toBe('ok');
  });

  it.each([
    ['tls_client_auth_san_dns', 'example.com', {}],
    ['tls_client_auth_san_dns', 'x.billing.example.com', {}],
    ['tls_client_auth_san_uri', 'spiffe://example.org/billing/', {}],
    ['tls_client_auth_san_ip', '10.0.0.2', {}],
    // Names of one kind are nothing to another.
    ['tls_client_auth_san_ip', '10.9.9.9', { dns: ['10.9.9.9'] }],
    ['tls_client_auth_san_email', 'b@example.com', { uri: ['mailto:b@example.com'] }],
    ['tls_client_auth_san_dns', 'billing', { commonName: 'billing', dns: [] }],
    ['tls_client_auth_san_dns', 'evil.example', { commonName: 'x, DNS:evil.example' }],
    ['tls_client_auth_san_dns', 'a.example', { dns: ['*.example'] }],
  ])('and not by %s %s from another name (%o)', async (field, value, more) => {
    expect(expected(clientWith({ [field]: value }), await authority.issue({ ...NAMES, ...more }))).toBe(field);
  });

  it('takes no certificate that vouches for itself, whatever name it has', async () => {
    expect(expected(clientWith(dn), await authority.issue({ selfSigned: true }))).toBe('issued_by_an_authority');
  });

  it('goes on with the next certificate of the same name', async () => {
    expect(expected(clientWith(dn), await authority.issue())).toBe('ok');
  });
});

describe('self_signed_tls_client_auth', () => {
  it('takes the registered certificates, several at once, and no others of the same name', async () => {
    const [first, second, third] = [
      await authority.issue({ selfSigned: true }),
      await authority.issue({ selfSigned: true }),
      await authority.issue({ selfSigned: true }),
    ];
    const client = clientWith({
      token_endpoint_auth_method: 'self_signed_tls_client_auth',
      tls_client_certificates: [first.pem, second.parsed.thumbprint],
    });
    expect(client.tls_client_certificates).toEqual([first.parsed.thumbprint, second.parsed.thumbprint]);
    expect([first, second, third].map((issued) => expected(client, issued))).toEqual(['ok', 'ok', 'tls_client_certificates']);
    const authorityOf = { ...first, parsed: { ...first.parsed, isAuthority: true } };
    expect(expected(client, authorityOf)).toBe('no_authority');
  });
});

describe('authentication by a certificate', () => {
  it('is for clients that are registered for it', () => {
    expect(expected(clientWith({ token_endpoint_auth_method: 'client_secret_basic' }), own)).toBe('method_not_registered');
    expect(outcome(undefined, own)).toMatchObject({ failure: { reason: 'unknown_client', method: 'mtls' } });
  });
  it('asks for the standing of the client', () => {
    const client = clientWith({ tls_client_auth_subject_dn: 'CN=billing,O=Example', ip_ranges: ['198.51.100.0/24'] });
    expect(expected(client, own)).toBe('network_not_allowed');
    expect(expected({ ...client, ip_ranges: [], disabled: true }, own)).toBe('client_disabled');
  });
  it('needs a client_id beside the certificate', () => {
    expect(presentedCertificate(own.parsed, new Map())).toBeUndefined();
    expect(presentedCertificate(own.parsed, new Map([['client_id', 'a#b']]))).toBeUndefined();
    expect(presentedCertificate(undefined, new Map([['client_id', 'a']]))).toBeUndefined();
    expect(presentedCertificate(own.parsed, new Map([['client_id', 'a']]))).toMatchObject({ clientId: 'a', method: 'mtls' });
  });
});

describe('registration', () => {
  const problem = (metadata: object): string => {
    const read = readClientMetadata(metadata as Record<string, unknown>);
    return read.ok ? 'ok' : `${read.failure.field} ${read.failure.problem}`;
  };
  it('wants exactly one name with tls_client_auth, and a certificate with self_signed_tls_client_auth', () => {
    const method = { token_endpoint_auth_method: 'tls_client_auth' };
    expect(problem(method)).toMatch(/^tls_client_auth_subject_dn must be the only one/);
    expect(problem({ ...method, tls_client_auth_subject_dn: 'CN=a', tls_client_auth_san_dns: 'a' })).toMatch(/must be the only one/);
    expect(problem({ ...method, tls_client_auth_subject_dn: 'CN=a', tls_client_certificates: [own.parsed.thumbprint] })).toMatch(
      /goes with/,
    );
    expect(problem({ tls_client_auth_san_dns: 'a' })).toBe('tls_client_auth_san_dns needs token_endpoint_auth_method tls_client_auth');
    expect(problem({ token_endpoint_auth_method: 'self_signed_tls_client_auth' })).toMatch(/^tls_client_certificates goes with/);
    expect(problem({ tls_client_certificate_bound_access_tokens: true })).toBe('ok');
  });
});
