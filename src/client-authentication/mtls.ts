/**
 * Clients that prove themselves by the certificate of their TLS connection (RFC 8705 section 2): one that an authority of the truststore
 * has issued to a registered name, or one that is registered itself.
 */
import { CERTIFICATE_METHODS, CLIENT_ID_PATTERN, type Client } from '../clients/client.ts';
import { ok, refuse, type Result } from '../result.ts';
import { checkStanding, networkFactor, notRegistered, type AuthenticatedClient, type AuthenticationFailure } from './authenticate.ts';
import { altNameOf, type Certificate, type CertificateFault, type SubjectAltName } from './certificate.ts';
import { isSameName, nameText, parseName } from './distinguished-name.ts';

/** A client id with the certificate of the connection that it came on (RFC 8705 section 2: `client_id` is needed to find the client). */
export type PresentedCertificate = { readonly clientId: string; readonly method: 'mtls'; readonly certificate: Certificate };

/** A certificate that serves for nothing, whoever comes with it. */
export type CertificateFailure =
  | { readonly reason: 'certificate_unusable'; readonly thumbprint: string; readonly fault: CertificateFault }
  | { readonly reason: 'certificate_denied'; readonly thumbprint: string; readonly issuer: string; readonly serial: string };

/** Undefined where the parameters name no client, or the connection has no certificate: then it is no authentication. */
export function presentedCertificate(
  certificate: Certificate | undefined,
  parameters: ReadonlyMap<string, string>,
): PresentedCertificate | undefined {
  const clientId = parameters.get('client_id') ?? '';
  if (certificate === undefined || !CLIENT_ID_PATTERN.test(clientId)) return undefined;
  return { clientId, method: 'mtls', certificate };
}

/** Whether the client proves itself by certificates. */
export const usesCertificates = (client: Pick<Client, 'token_endpoint_auth_method'> | undefined): boolean =>
  CERTIFICATE_METHODS.some((method) => method === client?.token_endpoint_auth_method);

/** That the certificate serves at all has been checked with the limits, before this. @param now epoch seconds. */
export function authenticateByCertificate(
  { clientId, certificate }: PresentedCertificate,
  { client, ip, now }: { readonly client: Client | undefined; readonly ip: string; readonly now: number },
): Result<AuthenticatedClient, AuthenticationFailure> {
  if (client === undefined) return refuse({ reason: 'unknown_client', clientId, method: 'mtls' });
  if (!usesCertificates(client)) return notRegistered(client, 'mtls');
  const expected =
    client.token_endpoint_auth_method === 'tls_client_auth' ? issuedName(client, certificate) : registeredItself(client, certificate);
  if (expected !== undefined) {
    const { thumbprint, subject } = certificate;
    return refuse({ reason: 'certificate_mismatch', clientId, thumbprint, subject: nameText(subject).slice(0, 256), expected });
  }
  const standing = checkStanding(client, ip, now);
  return standing.ok ? ok({ client, credential: undefined, factors: ['mtls', ...networkFactor(client)] }) : standing;
}

/** What the certificate should have been; undefined when it is. */
function issuedName(client: Client, certificate: Certificate): string | undefined {
  // Whoever vouches for itself may write any name: such a certificate is in the truststore for a client that registered it.
  if (isSameName(certificate.subject, certificate.issuer)) return 'issued_by_an_authority';
  const name = client.tls_client_auth_subject_dn;
  if (name !== undefined) {
    const parsed = parseName(name);
    return parsed !== undefined && isSameName(parsed, certificate.subject) ? undefined : 'tls_client_auth_subject_dn';
  }
  for (const [field, kind] of ALT_NAMES) {
    const value = client[field];
    if (value !== undefined) return hasAltName(certificate, kind, value) ? undefined : field;
  }
  return 'a_registered_name';
}

/** A name of one kind is never compared with one of another: `DNS:10.0.0.1` is no address. */
const ALT_NAMES = [
  ['tls_client_auth_san_dns', 'dns'],
  ['tls_client_auth_san_uri', 'uri'],
  ['tls_client_auth_san_ip', 'ip'],
  ['tls_client_auth_san_email', 'email'],
] as const satisfies readonly (readonly [keyof Client, SubjectAltName['kind']])[];

const hasAltName = ({ altNames }: Certificate, kind: SubjectAltName['kind'], text: string): boolean =>
  altNames.some((name) => name.kind === kind && name.value === altNameOf(kind, text));

function registeredItself(client: Client, { thumbprint, isAuthority }: Certificate): string | undefined {
  if (isAuthority) return 'no_authority';
  return client.tls_client_certificates?.includes(thumbprint) === true ? undefined : 'tls_client_certificates';
}
