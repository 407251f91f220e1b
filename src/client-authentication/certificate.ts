/**
 * A client's X.509 certificate, as API Gateway tells it after the TLS handshake: who holds its private key, and that a certificate of the
 * truststore vouches for it, have been checked there. Validity is checked here once more, and what API Gateway does not check.
 */
import { hash, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { derElements, oidText, TAG, type DerElement } from './der.ts';
import { nameFromDer, nameKey, type DistinguishedName } from './distinguished-name.ts';

export type SubjectAltName = { readonly kind: 'dns' | 'uri' | 'ip' | 'email'; readonly value: string };

export type Certificate = {
  /** base64url of the SHA-256 of its DER: `x5t#S256` (RFC 8705 section 3.1). */
  readonly thumbprint: string;
  readonly subject: DistinguishedName;
  readonly issuer: DistinguishedName;
  /** Hexadecimal, lower case, without leading zeros. */
  readonly serial: string;
  readonly altNames: readonly SubjectAltName[];
  /** Epoch seconds, both included. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Whether it may vouch for other certificates. */
  readonly isAuthority: boolean;
  /** Whether its extended key usage, if it has one, includes TLS clients (RFC 5280 section 4.2.1.12). */
  readonly isForClients: boolean;
};

export type CertificateFault = 'not_yet_valid' | 'expired' | 'not_for_clients';

/** API Gateway's truststore takes certificates of a few kilobytes; nothing else is worth parsing. */
const PEM_LENGTH_MAX = 16_384;
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const ANY_PURPOSE = '2.5.29.37.0';
const SUBJECT_ALT_NAME = '2.5.29.17';

/** Undefined for what is not exactly one certificate. */
export function certificateFrom(pem: string): Certificate | undefined {
  if (pem.length > PEM_LENGTH_MAX) return undefined;
  try {
    const x509 = new X509Certificate(pem);
    const { issuer, subject, extensions } = namesIn(x509.raw);
    // Node's types say it is always there.
    const purposes = x509.keyUsage as readonly string[] | undefined;
    return {
      thumbprint: hash('sha256', x509.raw, 'base64url'),
      subject,
      issuer,
      serial: serialFrom(x509.serialNumber),
      altNames: extensions.flatMap(altNamesIn),
      notBefore: Math.floor(x509.validFromDate.getTime() / 1000),
      notAfter: Math.floor(x509.validToDate.getTime() / 1000),
      isAuthority: x509.ca,
      isForClients: purposes === undefined || purposes.includes(CLIENT_AUTH) || purposes.includes(ANY_PURPOSE),
    };
  } catch {
    return undefined;
  }
}

/** Why a certificate proves nothing, although its key was proven; undefined for one that does. @param now epoch seconds. */
export function certificateFault({ notBefore, notAfter, isForClients }: Certificate, now: number): CertificateFault | undefined {
  if (now < notBefore) return 'not_yet_valid';
  if (now > notAfter) return 'expired';
  return isForClients ? undefined : 'not_for_clients';
}

/** What a list of denied certificates may call it: by its thumbprint, or by issuer and serial number. */
export const certificateIds = ({ thumbprint, issuer, serial }: Certificate): readonly string[] => [thumbprint, issuedAs(issuer, serial)];

/** A serial number in any of its spellings, as a certificate has it here. */
export const serialFrom = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(':', '')
    .replace(/^0+(?=.)/, '');

/** Names an issuer's certificate as its thumbprint does: for lists that know the certificate by these two alone. */
export const issuedAs = (issuer: DistinguishedName, serial: string): string => hash('sha256', `${nameKey(issuer)}\n${serial}`, 'base64url');

/** What a subject alternative name is compared as: host names without case, addresses in their one form, the others as they are. */
export function altNameOf(kind: SubjectAltName['kind'], text: string): string {
  if (kind === 'dns') return text.toLowerCase();
  return kind === 'ip' && isIP(text) === 6 && !text.includes('%') ? new URL(`http://[${text}]`).hostname : text;
}

type Names = { readonly issuer: DistinguishedName; readonly subject: DistinguishedName; readonly extensions: readonly DerElement[] };

/** TBSCertificate (RFC 5280 section 4.1): [version], serial, algorithm, issuer, validity, subject, key, ..., [extensions]. */
function namesIn(der: Buffer): Names {
  const members = derElements(onlyIn(onlyIn(der)));
  const [, , issuer, , subject, , ...optional] = members[0]?.tag === 0xa0 ? members.slice(1) : members;
  if (issuer?.tag !== TAG.sequence || subject?.tag !== TAG.sequence) throw new TypeError('a certificate has no names');
  const extensions = optional.find(({ tag }) => tag === 0xa3);
  return {
    issuer: nameFromDer(issuer.content),
    subject: nameFromDer(subject.content),
    extensions: extensions === undefined ? [] : derElements(onlyIn(extensions.content)),
  };
}

/** The content of the first element. */
const onlyIn = (bytes: Buffer): Buffer => derElements(bytes)[0]?.content ?? Buffer.alloc(0);

/** GeneralName (RFC 5280 section 4.2.1.6). Kinds that no client is registered by are left out. */
const KIND_OF_TAG: Readonly<Record<number, SubjectAltName['kind']>> = { 0x81: 'email', 0x82: 'dns', 0x86: 'uri', 0x87: 'ip' };

function altNamesIn(extension: DerElement): readonly SubjectAltName[] {
  const members = derElements(extension.content);
  const value = members.at(-1);
  if (members[0] === undefined || value === undefined || oidText(members[0].content) !== SUBJECT_ALT_NAME) return [];
  return derElements(onlyIn(value.content)).flatMap(({ tag, content }) => {
    const kind = KIND_OF_TAG[tag];
    const text = kind === 'ip' ? ipText(content) : content.toString('latin1');
    return kind === undefined || text === undefined ? [] : [{ kind, value: altNameOf(kind, text) }];
  });
}

function ipText(bytes: Buffer): string | undefined {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return undefined;
  return Array.from({ length: 8 }, (_, group) => bytes.readUInt16BE(group * 2).toString(16)).join(':');
}
