// A certificate authority for tests on one machine: node:crypto reads X.509 and writes none, hence the library.
import 'reflect-metadata'; // what the library is built with wants it first
import { randomBytes, webcrypto } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { CommandError, TOOL } from './command.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const FILES = {
  ca: 'ca.pem',
  caKey: 'ca.key.pem',
  server: 'server.pem',
  serverKey: 'server.key.pem',
  truststore: 'truststore.pem',
} as const;

x509.cryptoProvider.set(webcrypto);

export type Wanted = {
  readonly organization: string | undefined;
  readonly commonName: string;
  readonly dns: readonly string[];
  readonly uri: readonly string[];
  readonly ip: readonly string[];
  readonly email: readonly string[];
  readonly days: number;
  readonly expired: boolean;
  readonly notYet: boolean;
  readonly selfSigned: boolean;
};

/** The authority, the certificate of the listener on this machine, and the truststore, which begins with the authority alone. */
export async function makeAuthority(folder: string, days: number): Promise<{ readonly ca: string; readonly truststore: string }> {
  const at = pathsIn(folder);
  if (existsSync(at.ca)) throw new CommandError(`There is an authority in ${folder} already.`, 'Remove that folder to begin anew.');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const keys = await newKeys();
  const name = [{ CN: ['m2m-auth test CA'] }];
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name,
    ...validity(days, 0),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  await writeKey(at.caKey, keys.privateKey);
  const listener = await newKeys();
  const server = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: [{ CN: ['localhost'] }],
    issuer: authority.subject,
    ...validity(days, 0),
    signingAlgorithm: ALGORITHM,
    publicKey: listener.publicKey,
    signingKey: keys.privateKey,
    extensions: [
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
        { type: 'ip', value: '::1' },
      ]),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    ],
  });
  await writeKey(at.serverKey, listener.privateKey);
  writeFileSync(at.server, pem(server));
  writeFileSync(at.truststore, pem(authority));
  writeFileSync(at.ca, pem(authority));
  return { ca: at.ca, truststore: at.truststore };
}

export type Issued = { readonly certificate: string; readonly key: string; readonly subject: string; readonly 'x5t#S256': string };

export async function issueCertificate(folder: string, name: string, wanted: Wanted): Promise<Issued> {
  const at = pathsIn(folder);
  if (!existsSync(at.ca)) throw new CommandError(`There is no test authority in ${folder}.`, `Make one: ${TOOL} certs ca`);
  const certificate = join(folder, `${name}.pem`);
  const key = join(folder, `${name}.key.pem`);
  const isTaken = [...Object.values(at), key].includes(certificate) || existsSync(certificate);
  if (isTaken) throw new CommandError(`There is a ${certificate} already.`, 'Choose another name.');
  const keys = await newKeys();
  const made = wanted.selfSigned ? await selfSigned(keys, wanted) : await issuedBy(at, keys, wanted);
  await writeKey(key, keys.privateKey);
  writeFileSync(certificate, pem(made));
  if (wanted.selfSigned) appendFileSync(at.truststore, pem(made));
  const thumbprint = Buffer.from(await made.getThumbprint('SHA-256')).toString('base64url');
  // RFC 4514 names the most specific part first.
  return { certificate, key, subject: subjectText(wanted), 'x5t#S256': thumbprint };
}

async function issuedBy(
  at: Readonly<Record<keyof typeof FILES, string>>,
  keys: webcrypto.CryptoKeyPair,
  wanted: Wanted,
): Promise<x509.X509Certificate> {
  const authority = new x509.X509Certificate(readFileSync(at.ca, 'utf8'));
  const der = x509.PemConverter.decodeFirst(readFileSync(at.caKey, 'utf8'));
  const signingKey = await webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']);
  return x509.X509CertificateGenerator.create({
    ...commonParts(wanted),
    subject: subjectOf(wanted),
    issuer: authority.subject,
    publicKey: keys.publicKey,
    signingKey,
  });
}

const selfSigned = (keys: webcrypto.CryptoKeyPair, wanted: Wanted): Promise<x509.X509Certificate> =>
  x509.X509CertificateGenerator.createSelfSigned({ ...commonParts(wanted), name: subjectOf(wanted), keys });

function commonParts({ dns, uri, ip, email, days, expired, notYet }: Wanted) {
  const names: x509.JsonGeneralNames = [
    ...dns.map((value) => ({ type: 'dns', value }) as const),
    ...uri.map((value) => ({ type: 'url', value }) as const),
    ...ip.map((value) => ({ type: 'ip', value }) as const),
    ...email.map((value) => ({ type: 'email', value }) as const),
  ];
  return {
    serialNumber: serial(),
    ...validity(days, expired ? -days : notYet ? 1 : 0),
    signingAlgorithm: ALGORITHM,
    extensions: [
      // It vouches for nobody: in the truststore it would otherwise be one more authority.
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
    ],
  };
}

const subjectOf = ({ organization, commonName }: Wanted): x509.JsonName => [
  ...(organization === undefined ? [] : [{ O: [organization] }]),
  { CN: [commonName] },
];

const subjectText = ({ organization, commonName }: Wanted): string =>
  [`CN=${escaped(commonName)}`, ...(organization === undefined ? [] : [`O=${escaped(organization)}`])].join(',');
const escaped = (text: string): string => text.replace(/[",+;<>\\=]|^[ #]| $/g, (character) => `\\${character}`);

/** An hour back, for clocks that differ. @param shiftDays how much later it begins and ends. */
function validity(days: number, shiftDays: number): { readonly notBefore: Date; readonly notAfter: Date } {
  const start = Date.now() + shiftDays * DAY_MS - DAY_MS / 24;
  return { notBefore: new Date(start), notAfter: new Date(start + days * DAY_MS) };
}

/** 127 random bits, positive. */
const serial = (): string => {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
};

const newKeys = (): Promise<webcrypto.CryptoKeyPair> => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

const pem = (certificate: x509.X509Certificate): string => `${certificate.toString('pem')}\n`;

async function writeKey(file: string, key: webcrypto.CryptoKey): Promise<void> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key);
  writeFileSync(file, `${x509.PemConverter.encode(der, 'PRIVATE KEY')}\n`, { mode: 0o600 });
}

const pathsIn = (folder: string): Readonly<Record<keyof typeof FILES, string>> => ({
  ca: join(folder, FILES.ca),
  caKey: join(folder, FILES.caKey),
  server: join(folder, FILES.server),
  serverKey: join(folder, FILES.serverKey),
  truststore: join(folder, FILES.truststore),
});
