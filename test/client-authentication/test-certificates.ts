// Certificates as callers have them, made by the tool's own test authority.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { issueCertificate, makeAuthority, type Wanted } from '../../bin/m2m/test-authority.ts';
import { certificateFrom, type Certificate } from '../../src/client-authentication/certificate.ts';

export type Issued = { readonly pem: string; readonly parsed: Certificate };
export type TestAuthority = { issue(wanted?: Partial<Wanted>): Promise<Issued>; readonly remove: () => void };

/** Times are those of the test's clock. */
export async function testAuthority(): Promise<TestAuthority> {
  const folder = mkdtempSync(join(tmpdir(), 'm2m-certificates-'));
  await makeAuthority(folder, 3650);
  let count = 0;
  return {
    async issue(wanted = {}) {
      count += 1;
      const usual = { organization: 'Example', commonName: 'billing', dns: [], uri: [], ip: [], email: [], days: 30 };
      const made = await issueCertificate(folder, `c${count}`, { ...usual, expired: false, notYet: false, selfSigned: false, ...wanted });
      const pem = readFileSync(made.certificate, 'utf8');
      const parsed = certificateFrom(pem);
      if (parsed === undefined) throw new Error('the certificate cannot be read');
      return { pem, parsed };
    },
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
