// Dynamic client registration (RFC 7591) with the libraries that people use; a manager's access token is the initial access token.
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { describe, expect, it } from 'vitest';
import { endpointsOf } from './endpoints.ts';
import { runningService } from './running-service.ts';

const service = runningService();
const api = endpointsOf(service);
/* eslint-disable @typescript-eslint/no-deprecated -- marked so that nobody uses it by accident; a local service has no TLS */
const http = { [oauth.allowInsecureRequests]: true };
const execute = [openid.allowInsecureRequests];
/* eslint-enable @typescript-eslint/no-deprecated */

const METADATA = { client_name: 'Registered by a library', scope: 'read write', grant_types: ['client_credentials', 'refresh_token'] };

describe('oauth4webapi', () => {
  const discover = async () => {
    const issuer = new URL(service.issuer);
    return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { ...http, algorithm: 'oauth2' }));
  };
  const register = async (metadata: Partial<oauth.Client>, initialAccessToken?: string) => {
    const options = { ...http, ...(initialAccessToken === undefined ? {} : { initialAccessToken }) };
    return oauth.processDynamicClientRegistrationResponse(
      await oauth.dynamicClientRegistrationRequest(await discover(), metadata, options),
    );
  };

  it.each(['client_secret_basic', 'client_secret_post'])('registers a client of %s that gets a token at once', async (method) => {
    const client = await register({ ...METADATA, token_endpoint_auth_method: method }, await api.managementToken());
    expect(client).toMatchObject({ ...METADATA, token_endpoint_auth_method: method, client_secret_expires_at: 0 });
    const auth = (method === 'client_secret_basic' ? oauth.ClientSecretBasic : oauth.ClientSecretPost)(client['client_secret'] as string);
    const server = await discover();
    const answer = await oauth.clientCredentialsGrantRequest(server, client, auth, {}, http);
    expect(await oauth.processClientCredentialsResponse(server, client, answer)).toMatchObject({ scope: 'read write', expires_in: 900 });
  });

  it('reads our refusals: no initial access token, one that does not manage, metadata that is wrong', async () => {
    await expect(register(METADATA)).rejects.toThrow(oauth.WWWAuthenticateChallengeError);
    const plain = await api.accessToken(await api.register());
    await expect(register(METADATA, plain)).rejects.toMatchObject({ cause: [{ parameters: { error: 'insufficient_scope' } }] });
    await expect(register({ ...METADATA, grant_types: ['implicit'] }, await api.managementToken())).rejects.toMatchObject({
      status: 400,
      error: 'invalid_client_metadata',
      error_description: 'grant_types entry 0 must be one of client_credentials, refresh_token',
    });
  });
});

describe('openid-client', () => {
  it('registers a client and works with it from there', async () => {
    const config = await openid.dynamicClientRegistration(new URL(service.issuer), METADATA, undefined, {
      initialAccessToken: await api.managementToken(),
      algorithm: 'oauth2',
      execute,
    });
    expect(config.clientMetadata()).toMatchObject(METADATA);
    const granted = await openid.clientCredentialsGrant(config, { scope: 'read' });
    const refreshed = await openid.refreshTokenGrant(config, granted.refresh_token ?? '');
    expect(refreshed.access_token).not.toBe(granted.access_token);
  });

  it('works for a manager of tags as far as its authority goes', async () => {
    const manager = await api.register({
      grant_types: ['client_credentials'],
      scope: 'read write clients:manage',
      manages_tags: ['team:billing'],
    });
    const initialAccessToken = await api.accessToken(manager, { scope: 'clients:manage' });
    const register = (metadata: object) =>
      openid.dynamicClientRegistration(new URL(service.issuer), { ...METADATA, ...metadata }, undefined, {
        initialAccessToken,
        algorithm: 'oauth2',
        execute,
      });
    const config = await register({ tags: ['team:billing'] });
    expect((await openid.clientCredentialsGrant(config)).scope).toBe('read write');
    await expect(register({ tags: ['team:orders'] })).rejects.toMatchObject({ error: 'access_denied', status: 403 });
    await expect(register({ tags: ['team:billing'], scope: 'admin' })).rejects.toMatchObject({ error: 'access_denied', status: 403 });
  });
});
