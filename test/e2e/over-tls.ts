// Requests on a TLS connection with a client certificate, which `fetch` has no word for.
import { readFileSync } from 'node:fs';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import { issueCertificate, makeAuthority, type Wanted } from '../../bin/m2m/test-authority.ts';

export type Pair = { readonly cert: string; readonly key: string; readonly thumbprint: string; readonly files: readonly [string, string] };
export type Init = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
};

const USUAL: Wanted = {
  organization: 'Example',
  commonName: 'billing',
  dns: [],
  uri: [],
  ip: [],
  email: [],
  days: 30,
  expired: false,
  notYet: false,
  selfSigned: false,
};

/** The folder of a data directory where the service looks for them. */
export const certificateFolder = (dataDir: string): string => join(dataDir, 'mtls');

export async function makeCertificates(folder: string, wanted: Readonly<Record<string, Partial<Wanted>>>): Promise<Map<string, Pair>> {
  await makeAuthority(folder, 30);
  const pairs = new Map<string, Pair>();
  for (const [name, more] of Object.entries(wanted)) {
    const { certificate, key, 'x5t#S256': thumbprint } = await issueCertificate(folder, name, { ...USUAL, ...more });
    const read = (file: string) => readFileSync(file, 'utf8');
    pairs.set(name, { cert: read(certificate), key: read(key), thumbprint, files: [certificate, key] });
  }
  return pairs;
}

/** @param ca of the listener. @param pair undefined = a caller without a certificate. */
export function overTls(
  ca: string,
  pair: Pair | undefined,
  url: string,
  { method = 'GET', headers = {}, body }: Init = {},
): Promise<Response> {
  const options: RequestOptions = { method, headers: { ...headers }, ca, agent: false, ...(pair && { cert: pair.cert, key: pair.key }) };
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(url, options, (message) => {
      const chunks: Buffer[] = [];
      message.on('data', (chunk: Buffer) => chunks.push(chunk));
      message.on('error', reject);
      message.on('end', () => {
        const status = message.statusCode ?? 0;
        const answered = new Headers(Object.entries(message.headers).map(([name, value]) => [name, String(value)]));
        resolve(new Response(status === 204 ? null : Buffer.concat(chunks), { status, headers: answered }));
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
