// The listener that asks for client certificates: what `m2m certs ca` has made for it, in the data directory.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MutualTls } from './gateway/server.ts';
import { StartError } from './start-error.ts';

/** What certificates are made for; a name of its own, as the domain with mutual TLS has on AWS. */
export const mtlsUrlOf = (port: number): string => `https://localhost:${port}`;

export function readMutualTls(dataDir: string): MutualTls {
  const folder = join(dataDir, 'mtls');
  const read = (name: string): string => {
    try {
      return readFileSync(join(folder, name), 'utf8');
    } catch {
      throw new StartError(`MTLS_PORT is set, but there is no ${name} in ${folder}. Make one: npm run -s m2m -- certs ca`);
    }
  };
  return { certificate: read('server.pem'), key: read('server.key.pem'), truststore: read('truststore.pem') };
}
