import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { claimsOf } from './access-token.ts';
import type { Answer, Sent } from './request.ts';
import { useService, type Registered } from './service-under-test.ts';

const service = useService();
const BOTH_GRANTS = { grant_types: ['client_credentials', 'refresh_token'] };
let manager: Registered;
let managing: string;
beforeAll(async () => {
  manager = await service.register({ scope: 'read clients:manage' }, 'manager');
});
beforeEach(async () => {
  managing = (await tokens(manager, 'clients:manage')).access_token;
  service.calls.clear();
});

type Tokens = { readonly access_token: string; readonly refresh_token: string; readonly sid: string };
const tokens = async (basic: Registered, scope?: string, more: Partial<Sent> = {}): Promise<Tokens> => {
  const form = { grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) };
  const { body } = await service.send({ to: 'POST /token', basic, form, ...more });
  return { ...(body as Tokens), sid: claimsOf(body.access_token as string)['sid'] as string };
};
const owner = (metadata: object = {}): Promise<Registered> => service.register({ ...BOTH_GRANTS, ...metadata });
const list = (bearer: string, query = ''): Promise<Answer> => service.send({ to: 'GET /sessions', bearer, query });
const end = (bearer: string, sid: string, query = ''): Promise<Answer> => service.send({ to: `DELETE /sessions/${sid}`, bearer, query });
const endAll = (bearer: string, query = ''): Promise<Answer> => service.send({ to: 'DELETE /sessions', bearer, query });
const refresh = (basic: Registered, refresh_token: string): Promise<Answer> =>
  service.send({ to: 'POST /refresh', basic, form: { refresh_token } });
const sidsOf = ({ body }: Answer): readonly string[] => (body.items as { sid: string }[]).map(({ sid }) => sid);
const statusesOf = ({ body }: Answer): Readonly<Record<string, string>> =>
  Object.fromEntries((body.items as { sid: string; status: string }[]).map(({ sid, status }) => [sid, status]));
const itemOf = (clientId: string, sid: string) => service.engine.item({ PK: `CLIENT#${clientId}`, SK: `SESSION#${sid}` });

describe('listing sessions', () => {
  it('shows a client its own, with where and when each was last used, and nothing that makes a token', async () => {
    const client = await owner();
    const begun = service.now();
    const { access_token, refresh_token, sid } = await tokens(client, 'read', {
      headers: { 'user-agent': 'billing/5' },
      ip: '203.0.113.9',
    });
    service.advance(60);
    await service.send({ to: 'POST /refresh', basic: client, form: { refresh_token }, ip: '203.0.113.10' });
    const answer = await list(access_token);
    expect(answer).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store', 'content-type': 'application/json' } });
    const time = (seconds: number) => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
    expect(answer.body).toEqual({
      items: [
        {
          sid,
          client_id: client.client_id,
          scope: 'read',
          created_at: time(begun),
          last_used_at: time(begun + 60),
          expires_at: time(begun + 604_800),
          ip: '203.0.113.10',
          user_agent: 'billing/4.2',
          binding: null,
          status: 'active',
        },
      ],
      next: null,
    });
  });

  it('needs no particular scope for its own, and shows nobody else’s', async () => {
    const [one, other] = await Promise.all([owner({ scope: '' }), owner()]);
    const [mine, theirs] = await Promise.all([tokens(one), tokens(other)]);
    expect(sidsOf(await list(mine.access_token))).toEqual([mine.sid]);
    expect(sidsOf(await list(mine.access_token, `client_id=${one.client_id}`))).toEqual([mine.sid]);
    const refused = await list(mine.access_token, `client_id=${other.client_id}`);
    expect(refused).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } });
    expect(refused.headers['www-authenticate']).toContain('scope="clients:manage"');
    expect(refused.text).not.toContain(theirs.sid);
  });

  it('shows a manager any client’s by client_id, and its own without', async () => {
    const client = await owner();
    const { sid } = await tokens(client);
    expect(sidsOf(await list(managing, `client_id=${client.client_id}`))).toEqual([sid]);
    expect((await list(managing)).body).toEqual({ items: [], next: null });
    for (const id of ['c_nobody', 'a%23b', '', 'x'.repeat(65)])
      expect(await list(managing, `client_id=${id}`)).toMatchObject({ status: 404, body: { error: 'not_found' } });
  });

  it('says of each whether its refresh token would still serve', async () => {
    const client = await owner({ refresh_token_idle_lifetime: 600 });
    const [ended, older, idle] = [await tokens(client), await tokens(client), await tokens(client)];
    await end(managing, ended.sid, `client_id=${client.client_id}`);
    const mine = async () => statusesOf(await list(managing, `client_id=${client.client_id}`));
    expect(await mine()).toEqual({ [ended.sid]: 'ended', [older.sid]: 'active', [idle.sid]: 'active' });
    service.advance(599);
    await refresh(client, older.refresh_token);
    service.advance(1);
    expect(await mine()).toEqual({ [ended.sid]: 'ended', [older.sid]: 'active', [idle.sid]: 'expired' });
    await service.send({ to: 'POST /revoke', basic: client, form: { all: 'true' } });
    expect(Object.values(await mine())).toEqual(['ended', 'ended', 'ended']);
    const short = await owner({ refresh_token_lifetime: 60 });
    const { sid } = await tokens(short);
    service.advance(60);
    expect(statusesOf(await list(managing, `client_id=${short.client_id}`))).toEqual({ [sid]: 'expired' });
  });

  it('is "ended" for every session of a client that was disabled, and "expired" for one past its own end', async () => {
    const disabled = await owner();
    const { sid } = await tokens(disabled);
    await service.send({ to: `PUT /clients/${disabled.client_id}`, bearer: managing, json: { ...BOTH_GRANTS, disabled: true } });
    expect(statusesOf(await list(managing, `client_id=${disabled.client_id}`))).toEqual({ [sid]: 'ended' });
    const over = await owner({ client_expires_at: new Date((service.now() + 60) * 1000).toISOString() });
    const last = await tokens(over);
    service.advance(60);
    expect(statusesOf(await list(managing, `client_id=${over.client_id}`))).toEqual({ [last.sid]: 'expired' });
  });

  it('pages through all of them exactly once, what was used last first within a page', async () => {
    const client = await owner();
    const made: Tokens[] = [];
    for (let count = 0; count < 7; count += 1) {
      made.push(await tokens(client));
      service.advance(1);
    }
    const { access_token } = made[0]!;
    const seen: string[] = [];
    const pages: number[] = [];
    for (let query = 'limit=3'; query !== '';) {
      const page = await list(access_token, query);
      expect(page.status).toBe(200);
      const used = (page.body.items as { last_used_at: string }[]).map(({ last_used_at }) => last_used_at);
      expect(used).toEqual(used.toSorted().toReversed());
      seen.push(...sidsOf(page));
      pages.push(used.length);
      query = page.body.next === null ? '' : `limit=3&cursor=${page.body.next as string}`;
    }
    expect(pages).toEqual([3, 3, 1]);
    expect(seen.toSorted()).toEqual(made.map(({ sid }) => sid).toSorted());
  });

  it.each([
    'limit=0',
    'limit=101',
    'limit=x',
    'limit=1&limit=2',
    'cursor=x',
    'cursor=%00',
    'cursor=',
    'client_id=a&client_id=b',
    'client=x',
    'access_token=x',
  ])('refuses %s with 400', async (query) => {
    expect(await list(managing, query)).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  it('takes no cursor of another list', async () => {
    const cursor = Buffer.from('CLIENT').toString('base64url');
    expect((await list(managing, `cursor=${cursor}`)).status).toBe(400);
  });
});

describe('ending one session', () => {
  it('refuses its refresh token and its access tokens at the very next call, and leaves the others alone', async () => {
    const client = await owner();
    const [doomed, kept] = [await tokens(client), await tokens(client)];
    const answer = await end(kept.access_token, doomed.sid);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(await refresh(client, doomed.refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect((await list(doomed.access_token)).status).toBe(401);
    expect((await service.send({ to: 'POST /introspect', basic: client, form: { token: doomed.access_token } })).body.active).toBe(false);
    expect((await refresh(client, kept.refresh_token)).status).toBe(200);
    expect(statusesOf(await list(kept.access_token))).toEqual({ [doomed.sid]: 'ended', [kept.sid]: 'active' });
  });

  it('is 204 again for one that has ended, without a second event', async () => {
    const client = await owner();
    const [doomed, kept] = [await tokens(client), await tokens(client)];
    await end(kept.access_token, doomed.sid);
    const first = (await itemOf(client.client_id, doomed.sid))?.['event'];
    expect((await end(kept.access_token, doomed.sid)).status).toBe(204);
    expect((await itemOf(client.client_id, doomed.sid))?.['event']).toEqual(first);
  });

  it('may be the session of the very token that asks', async () => {
    const { access_token, sid } = await tokens(await owner());
    expect((await end(access_token, sid)).status).toBe(204);
    expect((await end(access_token, sid)).status).toBe(401);
  });

  it('enters the feed and says in the audit trail who did it', async () => {
    const client = await owner();
    const { sid } = await tokens(client);
    expect((await end(managing, sid, `client_id=${client.client_id}`)).status).toBe(204);
    expect(await itemOf(client.client_id, sid)).toMatchObject({
      status: 'ended',
      feed: 'FEED',
      event: { event_type: 'session_ended', client_id: client.client_id, sid, reason: 'by:manager', outcome: 'success' },
    });
  });

  it('is 404 for an unknown one, for another client’s and for what is no sid at all, and touches nothing', async () => {
    const [one, other] = await Promise.all([owner(), owner()]);
    const [mine, theirs] = await Promise.all([tokens(one), tokens(other)]);
    for (const sid of [theirs.sid, 'A'.repeat(22), 'x', 'CLIENT', `${mine.sid}%23`, 'a'.repeat(300)]) {
      const answer = await end(mine.access_token, sid);
      expect(answer).toMatchObject({ status: 404, body: { error: 'not_found', error_description: 'there is no such session' } });
    }
    expect((await end(managing, theirs.sid)).status).toBe(404);
    expect((await end(managing, theirs.sid, `client_id=${one.client_id}`)).status).toBe(404);
    expect((await end(mine.access_token, theirs.sid, `client_id=${other.client_id}`)).status).toBe(403);
    expect(await itemOf(other.client_id, theirs.sid)).toMatchObject({ status: 'active' });
    expect((await service.engine.items()).filter(({ SK }) => SK === `SESSION#${'A'.repeat(22)}`)).toEqual([]);
  });

  it('is 404 for one that only waits to be deleted', async () => {
    const client = await owner();
    const { sid } = await tokens(client);
    const item = (await itemOf(client.client_id, sid))!;
    await service.engine.put({ ...item, purge_at: service.now() });
    expect((await end(managing, sid, `client_id=${client.client_id}`)).status).toBe(404);
    expect((await list(managing, `client_id=${client.client_id}`)).body).toEqual({ items: [], next: null });
  });

  it('refuses a parameter that it does not know, so that a misspelt client_id ends nothing', async () => {
    const { access_token, sid } = await tokens(await owner());
    expect(await end(access_token, sid, 'clientid=other')).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect(statusesOf(await list(access_token))).toEqual({ [sid]: 'active' });
  });
});

describe('ending everything of a client', () => {
  it('refuses every token and session that it had, with and without a session, and says who did it', async () => {
    const client = await owner();
    const made = [await tokens(client), await tokens(client)];
    expect((await endAll(managing, `client_id=${client.client_id}`)).status).toBe(204);
    for (const { access_token, refresh_token } of made) {
      expect((await list(access_token)).status).toBe(401);
      expect((await refresh(client, refresh_token)).status).toBe(400);
    }
    expect(Object.values(statusesOf(await list(managing, `client_id=${client.client_id}`)))).toEqual(['ended', 'ended']);
    expect(await service.engine.item({ PK: `CLIENT#${client.client_id}`, SK: 'CLIENT' })).toMatchObject({
      epoch: 2,
      feed: 'FEED',
      event: { event_type: 'client_tokens_revoked', client_id: client.client_id, reason: 'by:manager' },
    });
    expect((await list((await tokens(client)).access_token)).status).toBe(200);
  });

  it('is for managers alone, and for the client that they name', async () => {
    const client = await owner();
    const { access_token, sid } = await tokens(client);
    for (const query of ['', `client_id=${client.client_id}`, 'client_id=manager'])
      expect(await endAll(access_token, query)).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } });
    expect(await endAll(managing)).toMatchObject({ status: 400, body: { error_description: 'client_id is missing' } });
    expect((await endAll(managing, 'client_id=c_nobody')).status).toBe(404);
    expect((await endAll(managing, 'client_id=%23')).status).toBe(404);
    expect(statusesOf(await list(access_token))).toEqual({ [sid]: 'active' });
    expect((await list(managing)).status).toBe(200);
  });
});

describe('who may ask (RFC 6750)', () => {
  const ROUTES = ['GET /sessions', 'DELETE /sessions', `DELETE /sessions/${'A'.repeat(22)}`];

  it.each(ROUTES)('%s asks for a token when there is none, and costs no call', async (to) => {
    const answer = await service.send({ to });
    expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_token' } });
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="m2m-auth"');
    expect(service.calls.names()).toEqual([]);
  });

  it.each(ROUTES)('%s refuses what is no token, or has been changed, without a call', async (to) => {
    for (const bearer of ['garbage', `${managing.slice(0, -4)}AAAA`]) {
      const answer = await service.send({ to, bearer });
      expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_token' } });
      expect(answer.headers['www-authenticate']).toContain('error="invalid_token"');
    }
    expect(service.calls.names()).toEqual([]);
  });

  it('refuses a token for another audience, and one from a network that it is not for', async () => {
    const other = await owner({ audiences: ['https://other.example'] });
    expect((await list((await tokens(other)).access_token)).status).toBe(401);
    const bound = await owner({ ip_ranges: ['203.0.113.0/24'] });
    const { access_token } = await tokens(bound);
    expect((await list(access_token)).status).toBe(200);
    expect((await service.send({ to: 'GET /sessions', bearer: access_token, ip: '198.51.100.1' })).status).toBe(401);
  });

  it('answers another method with 405 and the ones it knows', async () => {
    expect(await service.send({ to: 'POST /sessions' })).toMatchObject({ status: 405, headers: { allow: 'GET, DELETE' } });
    expect(await service.send({ to: 'GET /sessions/x' })).toMatchObject({ status: 405, headers: { allow: 'DELETE' } });
  });

  it('limits callers as an endpoint of its own', async () => {
    const client = await owner({ rate_limit_per_minute: 2, rate_limit_burst: 0 });
    const { access_token } = await tokens(client);
    expect((await list(access_token)).headers['ratelimit-policy']).toBe('"sessions";q=2;w=60');
    await list(access_token);
    expect(await list(access_token)).toMatchObject({ status: 429, body: { error: 'slow_down' } });
  });
});

describe('below /iam', () => {
  const OPERATOR = 'arn:aws:sts::111122223333:assumed-role/operators/alice';
  const asOperator = (to: string, query = '', userArn = OPERATOR): Promise<Answer> => service.send({ to, query, userArn });

  it('an administrator sees and ends the sessions of the client that it names, and the audit trail says who it was', async () => {
    const client = await owner();
    const { sid } = await tokens(client);
    const query = `client_id=${client.client_id}`;
    expect(statusesOf(await asOperator('GET /iam/sessions', query))).toEqual({ [sid]: 'active' });
    expect((await asOperator(`DELETE /iam/sessions/${sid}`, query)).status).toBe(204);
    expect(await itemOf(client.client_id, sid)).toMatchObject({ event: { event_type: 'session_ended', reason: `by:${OPERATOR}` } });
    expect((await asOperator('DELETE /iam/sessions', query)).status).toBe(204);
    const stored = await service.engine.item({ PK: `CLIENT#${client.client_id}`, SK: 'CLIENT' });
    expect(stored).toMatchObject({ epoch: 2, event: { event_type: 'client_tokens_revoked', reason: `by:${OPERATOR}` } });
  });

  it.each(['GET /iam/sessions', 'DELETE /iam/sessions', `DELETE /iam/sessions/${'A'.repeat(22)}`])(
    '%s needs the name of a client, because a principal has no sessions of its own',
    async (to) => {
      expect(await asOperator(to)).toMatchObject({ status: 400, body: { error_description: 'client_id is missing' } });
      expect((await asOperator(to, 'client_id=c_nobody')).status).toBe(404);
    },
  );

  it('a principal that is not among the administrators is refused, and so is nobody', async () => {
    service.coldStart({ ADMINISTRATORS: '["arn:aws:iam::111122223333:role/others"]' }, 'sessions');
    const refused = { status: 403, body: { error: 'access_denied' } };
    expect(await asOperator('GET /iam/sessions', 'client_id=manager')).toMatchObject(refused);
    expect(await asOperator('DELETE /iam/sessions', 'client_id=manager', '')).toMatchObject(refused);
    expect((await asOperator('GET /iam/sessions', 'client_id=manager', OPERATOR.replace('operators', 'others'))).status).toBe(200);
    delete process.env['ADMINISTRATORS'];
    service.coldStart();
  });
});
