import { describe, expect, it } from 'vitest';
import { useService } from '../endpoints/service-under-test.ts';

const service = useService();
const ENDPOINTS = ['POST /token', 'POST /refresh', 'POST /revoke', 'POST /introspect', 'GET /clients', 'GET /health'] as const;
const PLANTED = 'pl4nted-value';

describe.each(ENDPOINTS)('%s with a bad environment', (to) => {
  const variables: Record<string, string> = {
    ISSUER: `http://${PLANTED}.example/`,
    TABLE_NAME: '',
    RING_SECRET_ARN: '',
    RATE_LIMIT_PER_MINUTE: PLANTED,
    LOCKOUT: PLANTED,
    SIGNING_KEYS: `{"${PLANTED}":1}`,
  };
  const issuing = ['POST /token', 'POST /refresh'].includes(to);
  const read =
    to === 'GET /health'
      ? ['ISSUER', 'TABLE_NAME', 'SIGNING_KEYS']
      : ['ISSUER', 'TABLE_NAME', 'RING_SECRET_ARN', 'RATE_LIMIT_PER_MINUTE', 'LOCKOUT', ...(issuing ? ['SIGNING_KEYS'] : [])];

  it.each(read)('answers 503 and logs FATAL with the name of %s and not its value', async (variable) => {
    service.coldStart({ [variable]: variables[variable]! });
    for (let at = 0; at < 2; at += 1) {
      const answer = await service.send({ to, form: 'x=y' });
      expect(answer).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' }, headers: { 'retry-after': '1' } });
      expect(answer.text).not.toContain(variable);
    }
    const fatal = service.log.lines().filter(({ level }) => level === 'FATAL');
    expect(fatal).toMatchObject([{ variable }]);
    expect(service.log.texts().join('')).not.toContain(PLANTED);
    expect(service.calls.names()).toEqual([]);
  });
});

describe('a ring that is no ring', () => {
  it.each<[string, Record<string, unknown>]>([
    ['a key under 32 bytes', { k1: PLANTED }],
    ['no key', { note: PLANTED }],
    ['a key that may not mint yet', { k1: `${PLANTED}-${'x'.repeat(32)}`, not_before: { k1: 9_999_999_999 } }],
  ])('%s: 503, and FATAL names the variable and shows no key', async (_, ring) => {
    const client = await service.register();
    const good = service.ring;
    service.ring = ring;
    service.coldStart();
    const sent = { to: 'POST /token', basic: client, form: { grant_type: 'client_credentials' } };
    expect(await service.send(sent)).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(service.log.lines().filter(({ level }) => level === 'FATAL')).toMatchObject([{ variable: 'RING_SECRET_ARN' }]);
    expect(service.log.texts().join('')).not.toContain(PLANTED);
    service.ring = good;
    service.coldStart();
    expect((await service.send(sent)).status).toBe(200);
  });

  it('a key that a session still needs and the ring has lost: 503, never a token of another key, and all is well when it is back', async () => {
    const client = await service.register({ grant_types: ['client_credentials', 'refresh_token'] });
    const { refresh_token } = (await service.send({ to: 'POST /token', basic: client, form: { grant_type: 'client_credentials' } }))
      .body as { refresh_token: string };
    const sent = { to: 'POST /refresh', basic: client, form: { refresh_token } };
    const good = service.ring;
    service.ring = { ...good, k2: 'ring-key-two-of-more-than-32-bytes-0123456789' };
    service.coldStart();
    const successor = (await service.send(sent)).body.refresh_token as string;
    expect(successor).toMatch(/^m2m_rt_k2\./);
    service.ring = good;
    service.coldStart();
    expect((await service.send(sent)).status).toBe(503);
    service.ring = { ...good, k2: 'ring-key-two-of-more-than-32-bytes-0123456789' };
    service.coldStart();
    expect((await service.send(sent)).body.refresh_token).toBe(successor);
  });
});
