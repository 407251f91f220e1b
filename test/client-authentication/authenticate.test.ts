import { describe, expect, it } from 'vitest';
import { admitWithoutSecret, authenticateBySecret, checkStanding } from '../../src/client-authentication/authenticate.ts';
import { digestClientSecret, formatClientSecret } from '../../src/client-authentication/secret.ts';
import type { Client } from '../../src/clients/client.ts';
import { client as record, NOW } from '../storage/records.ts';

const PEPPER = Buffer.alloc(32, 1);
const SECRET = formatClientSecret(Buffer.alloc(32, 9));
const credential = { id: 's1', pepper: 'k1', digest: digestClientSecret(PEPPER, SECRET), created_at: NOW };
const client = (members: Partial<Client> = {}): Client => record({ client_id: 'me', secrets: [credential], ...members });
const context = (known: Client | undefined, ip = '192.0.2.1', now = NOW) => ({
  client: known,
  peppers: new Map([['k1', PEPPER]]),
  ip,
  now,
});
const authenticate = (known: Client | undefined, secret = SECRET, ip?: string, now?: number) =>
  authenticateBySecret({ clientId: 'me', secret, method: 'client_secret_basic' }, context(known, ip, now));
const failure = (reason: string, more: object = {}) => ({ ok: false, failure: { reason, clientId: 'me', ...more } });

describe('authentication by secret', () => {
  it('proves the client, with the credential that did it and the factors', () => {
    const known = client();
    expect(authenticate(known)).toEqual({ ok: true, value: { client: known, credential, factors: ['client_secret'] } });
  });

  it('counts the network as a factor of a client that is limited to networks', () => {
    expect(authenticate(client({ ip_ranges: ['192.0.2.0/24'] }))).toMatchObject({ ok: true, value: { factors: ['client_secret', 'ip'] } });
  });

  it('refuses a client that does not exist', () => {
    expect(authenticate(undefined)).toMatchObject(failure('unknown_client'));
  });

  it('refuses a wrong secret, and knows a mistyped one from a wrong one', () => {
    const other = formatClientSecret(Buffer.alloc(32, 8));
    expect(authenticate(client(), other)).toMatchObject(failure('secret_mismatch', { wellFormed: true }));
    expect(authenticate(client(), 'hunter2')).toMatchObject(failure('secret_mismatch', { wellFormed: false }));
  });

  it('says for the log which credential came, and which expired one it would have been', () => {
    const expired = client({ secrets: [{ ...credential, expires_at: NOW - 60 }] });
    expect(authenticate(expired)).toEqual(
      failure('secret_mismatch', {
        wellFormed: true,
        method: 'client_secret_basic',
        liveSecrets: 0,
        secretId: credential.id,
        secretExpiredAt: NOW - 60,
      }),
    );
    expect(authenticate(client(), 'hunter2')).toEqual(
      failure('secret_mismatch', { wellFormed: false, method: 'client_secret_basic', liveSecrets: 1 }),
    );
    expect(authenticate(client({ ip_ranges: ['198.51.100.0/24'] }))).toEqual(
      failure('network_not_allowed', { ip: '192.0.2.1', allowedNetworks: '198.51.100.0/24' }),
    );
    expect(authenticate(client({ client_expires_at: NOW - 9 }))).toEqual(failure('client_expired', { endedAt: NOW - 9 }));
  });

  it('says nothing of the standing before the secret is proven', () => {
    expect(authenticate(client({ disabled: true }), 'wrong')).toMatchObject({ failure: { reason: 'secret_mismatch' } });
  });

  it.each([
    ['client_disabled', { disabled: true }],
    ['client_expired', { client_expires_at: NOW }],
    ['network_not_allowed', { ip_ranges: ['198.51.100.0/24'] }],
  ])('refuses with %s though the secret is right', (reason, members) => {
    expect(authenticate(client(members))).toMatchObject(failure(reason));
  });
});

describe('admission by the refresh token alone', () => {
  const admit = (known: Client | undefined) => admitWithoutSecret('me', context(known));

  it('proves no factor but the network', () => {
    const known = client();
    expect(admit(known)).toEqual({ ok: true, value: { client: known, credential: undefined, factors: [] } });
    expect(admit(client({ ip_ranges: ['192.0.2.1/32'] }))).toMatchObject({ ok: true, value: { factors: ['ip'] } });
  });

  it('checks everything but the secret', () => {
    expect(admit(undefined)).toMatchObject(failure('unknown_client'));
    expect(admit(client({ disabled: true }))).toMatchObject(failure('client_disabled'));
  });
});

describe('the standing of a client', () => {
  it('is good for an enabled client without limits', () => {
    expect(checkStanding(client(), '192.0.2.1', NOW)).toEqual({ ok: true, value: true });
  });

  it('ends with the second in which the client expires', () => {
    expect(checkStanding(client({ client_expires_at: NOW + 1 }), '192.0.2.1', NOW).ok).toBe(true);
    expect(checkStanding(client({ client_expires_at: NOW }), '192.0.2.1', NOW)).toMatchObject(failure('client_expired'));
  });

  it('is judged in the order disabled, expired, network', () => {
    const all = { disabled: true, client_expires_at: NOW, ip_ranges: ['198.51.100.0/24'] };
    expect(checkStanding(client(all), '192.0.2.1', NOW)).toMatchObject(failure('client_disabled'));
    expect(checkStanding(client({ ...all, disabled: false }), '192.0.2.1', NOW)).toMatchObject(failure('client_expired'));
  });

  it('does not hold from an address that cannot be read', () => {
    expect(checkStanding(client({ ip_ranges: ['0.0.0.0/0'] }), '', NOW)).toMatchObject(failure('network_not_allowed'));
  });
});
