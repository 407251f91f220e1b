// What a client's metadata says of certificates (RFC 8705 sections 2.1.2, 2.2.2 and 3.4).
import { isIP } from 'node:net';
import { altNameOf, certificateFrom } from '../client-authentication/certificate.ts';
import { parseName } from '../client-authentication/distinguished-name.ts';
import { ok, refuse, type Result } from '../result.ts';
import type { ClientMetadata } from './client.ts';
import { MAXIMUM } from './maximum-lengths.ts';

type Reader<T> = (value: unknown) => Result<T, string>;

const certificateText =
  (isValid: (text: string) => boolean, problem: string, spell: (text: string) => string = (text) => text): Reader<string> =>
  (value) => {
    if (
      typeof value !== 'string' ||
      value === '' ||
      value.length > MAXIMUM.certificateName ||
      !/^[^\p{Cc}]+$/u.test(value) ||
      !isValid(value)
    )
      return refuse(problem);
    return ok(spell(value));
  };

const HOST_NAME = /^(?=.{1,253}$)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;
const MAIL_ADDRESS = /^[\x21-\x3F\x41-\x7E]+@[\x21-\x3F\x41-\x7E]+$/;
const THUMBPRINT = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

export const isThumbprint = (value: unknown): value is string => typeof value === 'string' && THUMBPRINT.test(value);

/** A thumbprint, or the certificate itself, of which only the thumbprint is kept. */
function readThumbprint(value: unknown): Result<string, string> {
  if (isThumbprint(value)) return ok(value);
  const certificate = typeof value === 'string' && value.startsWith('-----BEGIN CERTIFICATE-----') ? certificateFrom(value) : undefined;
  if (certificate === undefined) return refuse('must be a certificate (PEM) or its x5t#S256 in base64url');
  // It has to be in the truststore of the domain, where it would vouch for whatever name its holder writes into another certificate.
  if (certificate.isAuthority) return refuse('must not be the certificate of an authority (basicConstraints CA:TRUE)');
  return ok(certificate.thumbprint);
}

function readThumbprints(value: unknown): Result<readonly string[], string> {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAXIMUM.certificates)
    return refuse(`must be a list of 1 to ${MAXIMUM.certificates} certificates`);
  const thumbprints: string[] = [];
  for (const [index, entry] of value.entries()) {
    const reading = readThumbprint(entry);
    if (!reading.ok) return refuse(`entry ${index} ${reading.failure}`);
    if (thumbprints.includes(reading.value)) return refuse(`entry ${index} is repeated`);
    thumbprints.push(reading.value);
  }
  return ok(thumbprints);
}

export const CERTIFICATE_FIELDS = {
  tls_client_auth_subject_dn: certificateText(
    (text) => parseName(text) !== undefined,
    'must be a distinguished name (RFC 4514) such as CN=billing,O=Example,C=DE',
  ),
  tls_client_auth_san_dns: certificateText(
    (text) => HOST_NAME.test(text),
    'must be a host name, without wildcard',
    (text) => altNameOf('dns', text),
  ),
  tls_client_auth_san_uri: certificateText((text) => URL.canParse(text), 'must be an absolute URI such as spiffe://example.org/billing'),
  tls_client_auth_san_ip: certificateText((text) => isIP(text) !== 0 && !text.includes('%'), 'must be an IPv4 or IPv6 address'),
  tls_client_auth_san_email: certificateText((text) => MAIL_ADDRESS.test(text), 'must be a mail address'),
  tls_client_certificates: readThumbprints,
  tls_client_certificate_bound_access_tokens: ((value) =>
    typeof value === 'boolean' ? ok(value) : refuse('must be true or false')) satisfies Reader<boolean>,
} as const;

const NAMES = [
  'tls_client_auth_subject_dn',
  'tls_client_auth_san_dns',
  'tls_client_auth_san_uri',
  'tls_client_auth_san_ip',
  'tls_client_auth_san_email',
] as const;

type Problem = { readonly field: keyof ClientMetadata; readonly problem: string };

/** What no field can say alone. "A client using the tls_client_auth method MUST use exactly one of the below" (RFC 8705 section 2.1.2). */
export function certificateProblem(metadata: ClientMetadata): Problem | undefined {
  const method = metadata.token_endpoint_auth_method;
  const names = NAMES.filter((field) => metadata[field] !== undefined);
  const [first = 'tls_client_auth_subject_dn'] = names;
  if (method === 'tls_client_auth' && names.length !== 1)
    return { field: names[1] ?? first, problem: `must be the only one of ${NAMES.join(', ')} with tls_client_auth` };
  if (method !== 'tls_client_auth' && names.length > 0)
    return { field: first, problem: 'needs token_endpoint_auth_method tls_client_auth' };
  if ((method === 'self_signed_tls_client_auth') !== (metadata.tls_client_certificates !== undefined))
    return {
      field: 'tls_client_certificates',
      problem: 'goes with token_endpoint_auth_method self_signed_tls_client_auth, which needs it',
    };
  return undefined;
}
