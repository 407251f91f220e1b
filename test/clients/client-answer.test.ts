import { describe, expect, it } from 'vitest';
import { clientAnswer } from '../../src/clients/client-answer.ts';
import { client } from '../storage/records.ts';

describe('a client as the registration API shows it', () => {
  it('has RFC members in seconds and texts, ours in RFC 3339', () => {
    const shown = clientAnswer(client({ default_scope: ['read'], client_expires_at: 1_800_000_001, updated_at: 1_800_000_002 }));
    expect(shown).toMatchObject({
      client_id: 'billing-service-7Q2mXk',
      client_id_issued_at: 1_800_000_000,
      scope: 'read write',
      default_scope: 'read',
      client_expires_at: '2027-01-15T08:00:01Z',
      updated_at: '2027-01-15T08:00:02Z',
    });
  });

  it('leaves out what is not set', () => {
    const shown = clientAnswer(client());
    expect(shown).not.toHaveProperty('default_scope');
    expect(shown).not.toHaveProperty('client_expires_at');
  });

  it('never shows a digest, a pepper, the epoch or the version', () => {
    const shown = clientAnswer(client(), 'm2m_cs_x');
    expect(JSON.stringify(shown)).not.toMatch(/digest|pepper|n4bQgYhMf/);
    for (const member of ['secrets', 'epoch', 'version']) expect(shown).not.toHaveProperty(member);
  });

  it('shows the secret once, with the expiry that RFC 7591 section 3.2.1 wants beside it', () => {
    expect(clientAnswer(client(), 'm2m_cs_x')).toMatchObject({ client_secret: 'm2m_cs_x', client_secret_expires_at: 0 });
    expect(clientAnswer(client())).not.toHaveProperty('client_secret');
    expect(clientAnswer(client())).not.toHaveProperty('client_secret_expires_at');
  });

  it('lists credentials by id and times', () => {
    const secret = { pepper: 'k1', digest: 'd', created_at: 1_800_000_000 };
    const secrets = [
      { id: 's1', ...secret },
      { id: 's2', ...secret, expires_at: 1_800_000_003 },
    ];
    expect(clientAnswer(client({ secrets }))['credentials']).toEqual([
      { id: 's1', type: 'client_secret', created_at: '2027-01-15T08:00:00Z' },
      { id: 's2', type: 'client_secret', created_at: '2027-01-15T08:00:00Z', expires_at: '2027-01-15T08:00:03Z' },
    ]);
  });
});
