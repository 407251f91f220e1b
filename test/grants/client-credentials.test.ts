import { describe, expect, it } from 'vitest';
import type { Client } from '../../src/clients/client.ts';
import { clientCredentials } from '../../src/grants/client-credentials.ts';
import { audiencesOf, defaultScopeOf } from '../../src/grants/issued-token.ts';
import { client as record } from '../storage/records.ts';

const ISSUER = 'https://issuer.example';
const client = (members: Partial<Client> = {}): Client => record({ scope: ['read', 'write', 'clients:manage'], ...members });
const decide = (parameters: Record<string, string>, known = client()) =>
  clientCredentials.decide(
    { client: known, credential: undefined, factors: ['client_secret', 'ip'] },
    new Map(Object.entries(parameters)),
    ISSUER,
  );

describe('client_credentials (RFC 6749 section 4.4)', () => {
  it('names its grant type and the parameters that it reads', () => {
    expect(clientCredentials).toMatchObject({ grantType: 'client_credentials', parameters: ['scope', 'resource'] });
  });

  it('gives everything registered but clients:manage when nothing is asked for', () => {
    const known = client();
    expect(decide({}, known)).toEqual({
      ok: true,
      value: { client: known, scope: ['read', 'write'], audience: ISSUER, amr: ['client_secret', 'ip'] },
    });
  });

  it('gives clients:manage to whom it is registered for, when asked by name', () => {
    expect(decide({ scope: 'clients:manage' })).toMatchObject({ ok: true, value: { scope: ['clients:manage'] } });
    expect(decide({ scope: 'clients:manage' }, client({ scope: ['read'] }))).toMatchObject({ failure: { reason: 'scope_not_allowed' } });
  });

  it('gives the registered default scope instead, and still more when asked', () => {
    const known = client({ default_scope: ['read'] });
    expect(decide({}, known)).toMatchObject({ value: { scope: ['read'] } });
    expect(decide({ scope: 'write' }, known)).toMatchObject({ value: { scope: ['write'] } });
  });

  it('is for the resource asked for among the registered audiences, else for the first', () => {
    const known = client({ audiences: ['https://a.example', 'https://b.example'] });
    expect(decide({}, known)).toMatchObject({ value: { audience: 'https://a.example' } });
    expect(decide({ resource: 'https://b.example' }, known)).toMatchObject({ value: { audience: 'https://b.example' } });
    expect(decide({ resource: ISSUER }, known)).toMatchObject({ ok: false, failure: { reason: 'resource_not_allowed', resource: ISSUER } });
  });

  it('judges the scope before the resource', () => {
    expect(decide({ scope: 'admin', resource: 'nowhere' })).toMatchObject({ failure: { reason: 'scope_not_allowed', scope: 'admin' } });
  });

  it('belongs to no session', () => {
    expect(decide({})).not.toHaveProperty('value.sid');
  });
});

it('a client without registered audiences has the issuer as its only one', () => {
  expect(audiencesOf(client(), ISSUER)).toEqual([ISSUER]);
  expect(audiencesOf(client({ audiences: ['https://a.example'] }), ISSUER)).toEqual(['https://a.example']);
});

it('a default scope that is registered as empty is empty', () => {
  expect(defaultScopeOf(client({ default_scope: [] }))).toEqual([]);
});
