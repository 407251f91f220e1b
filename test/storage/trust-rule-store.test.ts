import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TrustRule } from '../../src/client-authentication/trust-rule.ts';
import { trustRuleId } from '../../src/client-authentication/trust-rule-id.ts';
import { Outage } from '../../src/outage.ts';
import { trustRuleKey } from '../../src/storage/keys.ts';
import { putItem } from '../../src/storage/table.ts';
import { createTrustRuleStore } from '../../src/storage/trust-rule-store.ts';
import { startEngine, type Engine } from './engine.ts';
import { auditEvent, NOW } from './records.ts';

let engine: Engine;
beforeAll(async () => void (engine = await startEngine()));
afterAll(() => engine.close());

const ISSUER = 'https://idp.example.com';
let made = 0;
const ruleOf = (client_id: string, issuer = ISSUER): TrustRule => ({
  id: trustRuleId(issuer, client_id, Buffer.from([0, 0, 0, 0, 0, (made += 1)])),
  client_id,
  issuer,
  kind: 'oidc',
  audience: 'https://issuer.example',
  conditions: [{ claim: ['a.b', 'c'], one_of: ['x', 7, true] }],
  scope: ['read', 'write'],
  maximum_lifetime: 60,
  maximum_age: 3600,
  single_use: false,
  client_id_issued_at: NOW,
  created_at: NOW,
  created_by: 'manager',
});

describe('trust rules', () => {
  it('are read back as they were, by issuer and by client', async () => {
    const store = createTrustRuleStore(engine);
    const [one, other, elsewhere] = [ruleOf('c_one'), ruleOf('c_one_more'), ruleOf('c_one', 'https://other.example.com')];
    for (const rule of [one, other, elsewhere]) expect(await store.create(rule, auditEvent())).toBe(true);
    expect(await store.read(one.id)).toEqual(one);
    expect((await store.ofIssuer(ISSUER, undefined)).map(({ id }) => id)).toEqual([one.id, other.id]);
    // One client's id may begin another's.
    expect(await store.ofIssuer(ISSUER, 'c_one')).toEqual([one]);
    expect(await store.ofIssuer('https://idp.example.co', undefined)).toEqual([]);
  });
  it('are made once, also where the answer was lost', async () => {
    const store = createTrustRuleStore(engine);
    const [rule, event] = [ruleOf('c_twice'), auditEvent({ event_id: 'e-1' })];
    expect(await store.create(rule, event)).toBe(true);
    expect(await store.create(rule, event)).toBe(true);
    expect(await store.create(rule, auditEvent({ event_id: 'e-2' }))).toBe(false);
  });
  it('of another issuer under the same digest are none of this one', async () => {
    const store = createTrustRuleStore(engine);
    const rule = { ...ruleOf('c_digest'), issuer: 'https://collision.example.com' };
    await store.create(rule, auditEvent());
    expect((await store.ofIssuer(ISSUER, 'c_digest')).map(({ id }) => id)).toEqual([]);
  });
  it('that are removed stay removed', async () => {
    const store = createTrustRuleStore(engine);
    const rule = ruleOf('c_removed');
    await store.create(rule, auditEvent());
    for (let time = 0; time < 2; time += 1) expect(await store.remove(rule.id, auditEvent({ event_id: `e-${time}` }), NOW)).toBe(true);
    expect((await engine.item({ ...trustRuleKey(rule.id) }))?.['event']).toMatchObject({ event_id: 'e-0' });
    expect(await store.ofIssuer(ISSUER, 'c_removed')).toEqual([]);
    expect(await store.create(rule, auditEvent({ event_id: 'e-3' }))).toBe(false);
    expect(await store.remove(ruleOf('c_never').id, auditEvent(), NOW)).toBe(false);
  });
  it.each(['', '{}', 'null', '{"issuer":"https://idp.example.com","client_id":"c","conditions":[]}', '{"a":1,"a":2}'])(
    'that cannot be read are an outage and never a decision: %s',
    async (terms) => {
      const store = createTrustRuleStore(engine);
      const { id } = ruleOf('c_unreadable');
      const attributes = { status: 'active', terms, client_id_issued_at: NOW, created_at: NOW, created_by: 'x' };
      await putItem(engine, { Item: { ...trustRuleKey(id), ...attributes } });
      await expect(store.read(id)).rejects.toThrow(Outage);
      await expect(store.ofIssuer(ISSUER, 'c_unreadable')).rejects.toThrow(Outage);
    },
  );
});
