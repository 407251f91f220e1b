import { expect, it } from 'vitest';
import { apiKeyAnswer } from '../../src/clients/api-key-answer.ts';
import type { ApiKey } from '../../src/clients/api-key.ts';

const NOW = 1_800_000_000;
const KEY: ApiKey = {
  id: `${'0'.repeat(24)}-billing`,
  client_id: 'billing',
  client_id_issued_at: NOW,
  status: 'active',
  scope: ['read', 'write'],
  rate_limit_per_minute: 1000,
  pepper: 'k1',
  digest: 'the-digest',
  created_at: NOW,
  idempotency: { key: 'k', body: 'b' },
};

it('shows nothing that recognises the key, and no name of ours for what is kept', () => {
  expect(apiKeyAnswer(KEY, undefined, NOW)).toEqual({
    id: KEY.id,
    client_id: 'billing',
    scope: 'read write',
    rate_limit_per_minute: 1000,
    status: 'active',
    created_at: '2027-01-15T08:00:00Z',
  });
});

it('says expired from its very end on', () => {
  expect(apiKeyAnswer({ ...KEY, expires_at: NOW + 1 }, undefined, NOW)['status']).toBe('active');
  expect(apiKeyAnswer({ ...KEY, expires_at: NOW }, undefined, NOW)['status']).toBe('expired');
});

it('tells a use of this key, and not one of a former key of the same id', () => {
  const use = { last_used_at: NOW, ip: '192.0.2.1', user_agent: 'x' };
  expect(apiKeyAnswer(KEY, use, NOW)).toMatchObject({ last_used_at: '2027-01-15T08:00:00Z', last_used_ip: '192.0.2.1' });
  expect(apiKeyAnswer(KEY, { ...use, last_used_at: NOW - 1 }, NOW)).not.toHaveProperty('last_used_at');
});
