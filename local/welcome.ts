// What the start prints: lines that work when pasted into a shell.
import type { CredentialsFile } from './demo-clients.ts';

export function welcome({ issuer, clients }: CredentialsFile, mtlsUrl?: string): string {
  const { client_id: id, client_secret: secret } = clients['demo-service'];
  const client = `-u '${id}:${secret}'`;
  const token = `curl -s ${client} -d grant_type=client_credentials ${issuer}/token`;
  return [
    '# A token:',
    token,
    '',
    '# A call that needs one:',
    `TOKEN=$(${token} | sed -E 's/.*"access_token":"([^"]+)".*/\\1/')`,
    `curl -i -H "Authorization: Bearer $TOKEN" ${issuer}/protected`,
    '',
    '# Revoke it, and the same call is refused:',
    `curl -i ${client} -d "token=$TOKEN" ${issuer}/revoke`,
    `curl -i -H "Authorization: Bearer $TOKEN" ${issuer}/protected`,
    '',
    ...(mtlsUrl === undefined ? [] : [`# With client certificates: ${mtlsUrl} (docs/mtls.md)`, '']),
    `m2m-auth ready on ${issuer}`,
  ].join('\n');
}
