// What a route demands of the connection: how the caller proves itself, and the certificate that it has come with.
import { serialFrom, type Certificate } from '../client-authentication/certificate.ts';
import { isSameName, parseName, valueOf } from '../client-authentication/distinguished-name.ts';
import type { Credential } from './credential.ts';
import type { RouteFault } from './denial.ts';
import type { AcceptedMethod, CertificateDemand, RouteRule } from './route-rule.ts';

export type Connection = {
  /** Whose key was proven in the TLS handshake, by the gateway's own word; undefined where it asks for none. */
  readonly certificate?: Certificate | undefined;
  /** What the caller has proven itself by; a token of its own unless said. */
  readonly by?: AcceptedMethod | undefined;
};

/** What the connection lacks under one rule; undefined when it meets the rule. */
export function connectionFault({ methods, certificate }: RouteRule, connection: Connection): RouteFault | undefined {
  const by = connection.by ?? 'jwt';
  if (methods !== undefined && chosenMethod(methods, by === 'mtls' ? undefined : by, connection) !== by)
    return { reason: 'method_not_accepted' };
  if (certificate !== undefined && !meetsDemand(certificate, connection.certificate)) return { reason: 'certificate_not_accepted' };
  return undefined;
}

/** The first of the accepted methods that the caller has come with. @param sent what it has sent in its headers. */
const chosenMethod = (
  methods: readonly AcceptedMethod[],
  sent: AcceptedMethod | undefined,
  { certificate }: Connection,
): AcceptedMethod | undefined => methods.find((method) => (method === 'mtls' ? certificate !== undefined : method === sent));

/**
 * Whether the certificate alone decides, whatever else was sent: it comes before it in the rule, or nothing else was sent.
 * @param credential undefined where what was sent is malformed: it counts for every method, so that nothing rescues it.
 */
export function isByCertificate(
  rule: RouteRule | undefined,
  credential: Credential['kind'] | 'none' | undefined,
  connection: Connection,
): boolean {
  const methods = rule?.methods ?? [];
  if (credential === undefined) return methods[0] === 'mtls' && connection.certificate !== undefined;
  const sent = credential === 'none' ? undefined : METHOD_OF[credential];
  return chosenMethod(methods, sent, connection) === 'mtls';
}
const METHOD_OF = { token: 'jwt', api_key: 'api_key' } as const satisfies Readonly<Record<Credential['kind'], AcceptedMethod>>;

function meetsDemand({ o, cn, issuer, serial }: CertificateDemand, certificate: Certificate | undefined): boolean {
  if (certificate === undefined) return false;
  if (o !== undefined && valueOf(certificate.subject, 'O') !== o) return false;
  if (cn !== undefined && valueOf(certificate.subject, 'CN') !== cn) return false;
  if (serial !== undefined && certificate.serial !== serialFrom(serial)) return false;
  const name = issuer === undefined ? certificate.issuer : parseName(issuer);
  return name !== undefined && isSameName(name, certificate.issuer);
}
