// Everything that callers with certificates make the functions do, at each of them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { bearer, form } from './call.ts';
import type { Endpoints } from './endpoints.ts';
import { certificateFolder, overTls, type Init, type Pair } from './over-tls.ts';

export async function useCertificates(api: Endpoints, mtlsUrl: string, dataDir: string, pair: Pair): Promise<void> {
  const ca = readFileSync(join(certificateFolder(dataDir), 'ca.pem'), 'utf8');
  const over = async (path: string, init: Init = {}): Promise<{ readonly status: number; readonly body: any }> => {
    const response = await overTls(ca, pair, `${mtlsUrl}${path}`, init);
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  };
  const client = await api.register({
    scope: 'read clients:manage',
    token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_subject_dn: 'CN=billing,O=Example',
    tls_client_certificate_bound_access_tokens: true,
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const post = (path: string, fields: Readonly<Record<string, string>>) =>
    over(path, { method: 'POST', headers, body: form({ client_id: client.client_id, ...fields }).toString() });
  const { access_token, refresh_token } = (await post('/token', { grant_type: 'client_credentials', scope: 'read clients:manage' })).body;
  for (const path of ['/protected', '/sessions', '/clients'])
    expect((await over(path, { headers: bearer(access_token) })).status, path).toBe(200);
  expect((await post('/refresh', { refresh_token })).status).toBe(200);
  expect((await post('/introspect', { token: access_token })).body.active).toBe(true);
  expect((await post('/revoke', { token: access_token })).status).toBe(200);

  const { id } = (await api.manage('POST', '/denied-certificates', { certificate: pair.cert })).body;
  expect((await api.manage('GET', '/denied-certificates')).body.items).toMatchObject([{ id }]);
  expect((await post('/token', { grant_type: 'client_credentials' })).status).toBe(401);
  for (const status of [204, 404]) expect((await api.manage('DELETE', `/denied-certificates?id=${id}`)).status).toBe(status);
}
