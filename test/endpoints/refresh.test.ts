import { SignCommand } from '@aws-sdk/client-kms';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { claimsOf, verified } from './access-token.ts';
import type { Answer, Sent } from './request.ts';
import { ISSUER, useService, type Registered } from './service-under-test.ts';

const service = useService();
const GRANT = { grant_type: 'client_credentials' };
const BOTH = { grant_types: ['client_credentials', 'refresh_token'] };
type Tokens = { readonly access_token: string; readonly refresh_token: string };

let client: Registered;
beforeAll(async () => {
  client = await service.register({ ...BOTH, scope: 'read write' });
});
let first: Tokens;
beforeEach(async () => {
  first = await start(client);
  service.log.clear();
});

const start = async (of: Registered, form: Record<string, string> = {}): Promise<Tokens> =>
  (await service.send({ to: 'POST /token', basic: of, form: { ...GRANT, ...form } })).body as Tokens;
const refresh = (refresh_token: string, more: Omit<Partial<Sent>, 'form'> & { form?: Record<string, string> } = {}): Promise<Answer> =>
  service.send({ to: 'POST /refresh', basic: client, ...more, form: { refresh_token, ...more.form } });
const refreshed = async (refresh_token: string): Promise<Tokens> => (await refresh(refresh_token)).body as Tokens;
/** In the form of ECDSA's, as KMS answers it: DER of r = 1 and s = 1. */
const SIGNATURE = Uint8Array.from([0x30, 6, 2, 1, 1, 2, 1, 1]);
const INVALID = { status: 400, body: { error: 'invalid_grant' } };

describe('rotation', () => {
  it('gives a new access token of the session and the next refresh token', async () => {
    const answer = await refresh(first.refresh_token);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ token_type: 'Bearer', expires_in: 900, scope: 'read write' });
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache' });
    const { access_token, refresh_token } = answer.body as Tokens;
    expect(refresh_token.split('.')).toEqual(
      first.refresh_token
        .split('.')
        .with(2, '2')
        .with(4, expect.any(String) as string),
    );
    const claims = await verified(service, access_token);
    expect(claims).toMatchObject({
      sid: claimsOf(first.access_token)['sid'] as string,
      client_id: client.client_id,
      aud: ISSUER,
      scope: 'read write',
    });
    expect(claims['jti']).not.toBe(claimsOf(first.access_token)['jti']);
  });

  it('is the same at /token with grant_type=refresh_token', async () => {
    const answer = await service.send({
      to: 'POST /token',
      basic: client,
      form: { grant_type: 'refresh_token', refresh_token: first.refresh_token },
    });
    expect(answer).toMatchObject({ status: 200, body: { refresh_token: expect.stringContaining('.2.') as string } });
  });

  it('takes JSON at /refresh', async () => {
    const answer = await service.send({ to: 'POST /refresh', basic: client, json: { refresh_token: first.refresh_token } });
    expect(answer.status).toBe(200);
  });

  it('goes on along the chain for as long as the session lives', async () => {
    let { refresh_token } = first;
    for (let generation = 2; generation <= 12; generation += 1) {
      ({ refresh_token } = await refreshed(refresh_token));
      expect(refresh_token.split('.')[2]).toBe(String(generation));
    }
  });

  it('takes the newest ring key, and sessions of an older one go on', async () => {
    service.ring = { ...service.ring, k2: 'ring-key-two-of-more-than-32-bytes-0123456789' };
    service.coldStart();
    const { refresh_token } = await refreshed(first.refresh_token);
    expect(refresh_token).toMatch(/^m2m_rt_k2\./);
    expect((await refresh(first.refresh_token)).body.refresh_token).toBe(refresh_token);
    expect((await refresh(refresh_token)).status).toBe(200);
  });
});

describe('a retry after a lost answer', () => {
  it('gets the same refresh token byte for byte with an access token of its own, as often as it asks', async () => {
    const successor = await refreshed(first.refresh_token);
    for (let at = 0; at < 3; at += 1) {
      const again = await refreshed(first.refresh_token);
      expect(again.refresh_token).toBe(successor.refresh_token);
      expect(claimsOf(again.access_token)['jti']).not.toBe(claimsOf(successor.access_token)['jti']);
      await verified(service, again.access_token);
    }
    expect((await refresh(successor.refresh_token)).status).toBe(200);
  });

  it('is that until the last second of the grace window, and reuse after it', async () => {
    const successor = await refreshed(first.refresh_token);
    service.advance(30);
    expect((await refresh(first.refresh_token)).body.refresh_token).toBe(successor.refresh_token);
    service.advance(1);
    expect(await refresh(first.refresh_token)).toMatchObject(INVALID);
    expect(await refresh(successor.refresh_token)).toMatchObject(INVALID);
  });

  it('authenticates again, and judges the scope afresh', async () => {
    await refresh(first.refresh_token);
    expect(await refresh(first.refresh_token, { basic: { ...client, client_secret: 'wrong' } })).toMatchObject({ status: 401 });
    expect((await refresh(first.refresh_token, { form: { scope: 'read' } })).body.scope).toBe('read');
    expect(await refresh(first.refresh_token, { form: { scope: 'admin' } })).toMatchObject({
      status: 400,
      body: { error: 'invalid_scope' },
    });
  });

  it('is reuse at once where the grace window is 0', async () => {
    service.coldStart({ REFRESH_GRACE_SECONDS: '0' });
    const successor = await refreshed(first.refresh_token);
    expect(await refresh(first.refresh_token)).toMatchObject(INVALID);
    expect(await refresh(successor.refresh_token)).toMatchObject(INVALID);
    service.coldStart();
  });

  it('by twenty callers at once gives all the same successor', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(first.refresh_token)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => (body as Tokens).refresh_token)).size).toBe(1);
    expect(service.audit().every(({ event_type }) => event_type === 'token_refreshed')).toBe(true);
  });
});

describe('a signature that comes when the caller has long had its 503', () => {
  it('is followed by no write: the token is as good as before, however late the retry', async () => {
    service.aws.kms.on(SignCommand).callsFake(({ KeyId }: { KeyId: string }) => {
      service.advance(4);
      return Promise.resolve({ KeyId, Signature: SIGNATURE });
    });
    expect(await refresh(first.refresh_token)).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    service.aws.heal();
    service.advance(60);
    const { refresh_token } = await refreshed(first.refresh_token);
    expect(refresh_token.split('.')[2]).toBe('2');
  });
});

describe('reuse', () => {
  it('of an older member ends the session and its access tokens, and no other session', async () => {
    const other = await start(client);
    const second = await refreshed(first.refresh_token);
    const third = await refreshed(second.refresh_token);
    expect(await refresh(first.refresh_token)).toMatchObject(INVALID);
    for (const { refresh_token } of [third, second, first]) expect(await refresh(refresh_token)).toMatchObject(INVALID);
    const isActive = async (token: string) =>
      (await service.send({ to: 'POST /introspect', basic: client, form: { token } })).body.active as boolean;
    for (const { access_token } of [first, second, third]) expect(await isActive(access_token)).toBe(false);
    expect(await isActive(other.access_token)).toBe(true);
    expect((await refresh(other.refresh_token)).status).toBe(200);
  });

  it('is told once for the session, and each attempt in the log', async () => {
    const second = await refreshed(first.refresh_token);
    await refresh(second.refresh_token);
    service.log.clear();
    await Promise.all([refresh(first.refresh_token), refresh(first.refresh_token)]);
    const types = service.audit().map(({ event_type }) => event_type);
    expect(types.filter((type) => type === 'refresh_token_reuse').length).toBeGreaterThanOrEqual(1);
    const sid = claimsOf(first.access_token)['sid'] as string;
    const stored = await service.engine.item({ PK: `CLIENT#${client.client_id}`, SK: `SESSION#${sid}` });
    expect(stored).toMatchObject({ status: 'ended', event: { event_type: 'refresh_token_reuse', sid } });
    expect(service.audit().map(({ event_id }) => event_id)).toContain((stored?.['event'] as { event_id: string }).event_id);
    expect(service.log.lines().some((line) => line['refresh_token_reuse'] === 1)).toBe(true);
  });

  it('racing with an honest rotation leaves nothing alive', async () => {
    const second = await refreshed(first.refresh_token);
    const third = await refreshed(second.refresh_token);
    const [, honest] = await Promise.all([refresh(first.refresh_token), refresh(third.refresh_token)]);
    const last = (honest.body as Partial<Tokens>).refresh_token ?? third.refresh_token;
    expect(await refresh(last)).toMatchObject(INVALID);
  });

  it('is not seen in a token from the future of a restored table: refused, counted, the session untouched', async () => {
    const second = await refreshed(first.refresh_token);
    const key = { PK: `CLIENT#${client.client_id}`, SK: `SESSION#${claimsOf(first.access_token)['sid'] as string}` };
    const stored = await service.engine.item(key);
    await service.engine.put({ ...stored, generation: 1 });
    expect(await refresh(second.refresh_token)).toMatchObject(INVALID);
    expect(service.log.lines().some((line) => line['refresh_token_ahead'] === 1)).toBe(true);
    expect(await service.engine.item(key)).toMatchObject({ status: 'active', generation: 1 });
  });
});

describe('who may refresh', () => {
  it('nobody without client authentication, by default', async () => {
    expect(await service.send({ to: 'POST /refresh', form: { refresh_token: first.refresh_token } })).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
    expect((await refresh(first.refresh_token)).status).toBe(200);
  });

  it('not another client, and the owner\u2019s session is none the worse for it', async () => {
    const thief = await service.register(BOTH);
    expect(await refresh(first.refresh_token, { basic: thief })).toMatchObject(INVALID);
    expect((await refresh(first.refresh_token)).status).toBe(200);
  });

  it('the token alone where the client is registered so, at /refresh only', async () => {
    const open = await service.register({ ...BOTH, refresh_client_auth: 'none' });
    const { refresh_token } = await start(open);
    const form = { grant_type: 'refresh_token', refresh_token };
    expect(await service.send({ to: 'POST /token', form })).toMatchObject({ status: 401 });
    const answer = await service.send({ to: 'POST /refresh', form });
    expect(answer.status).toBe(200);
    expect(claimsOf(answer.body.access_token as string)['amr']).toEqual(['client_secret']);
  });

  it('the token alone does not serve beside a client_id that is another\u2019s', async () => {
    const open = await service.register({ ...BOTH, refresh_client_auth: 'none' });
    const { refresh_token } = await start(open);
    expect(await service.send({ to: 'POST /refresh', form: { refresh_token, client_id: client.client_id } })).toMatchObject({
      status: 400,
    });
    expect(await service.send({ to: 'POST /refresh', form: { refresh_token, client_id: open.client_id } })).toMatchObject({ status: 200 });
  });

  it('a wrong secret is not rescued by a token that would serve alone', async () => {
    const open = await service.register({ ...BOTH, refresh_client_auth: 'none' });
    const { refresh_token } = await start(open);
    expect(await refresh(refresh_token, { basic: { ...open, client_secret: 'wrong' } })).toMatchObject({ status: 401 });
    expect(await service.send({ to: 'POST /refresh', headers: { authorization: 'Bearer x' }, form: { refresh_token } })).toMatchObject({
      status: 401,
    });
  });

  it('not an access token in place of a refresh token', async () => {
    expect(await refresh(first.access_token)).toMatchObject(INVALID);
  });
});

describe('scope and the client as it is now', () => {
  it('narrows for one access token, and the next has the original scope again', async () => {
    const narrowed = await refresh(first.refresh_token, { form: { scope: 'read' } });
    expect(narrowed.body.scope).toBe('read');
    expect((await refresh(narrowed.body.refresh_token as string)).body.scope).toBe('read write');
  });

  it('never widens, and a refused scope burns no token', async () => {
    const narrow = await start(client, { scope: 'read' });
    for (const scope of ['read write', 'read  ', 'admin']) {
      expect(await refresh(narrow.refresh_token, { form: { scope } })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } });
    }
    expect((await refresh(narrow.refresh_token)).body.refresh_token).toContain('.2.');
  });

  it('heeds what has become of the client since', async () => {
    const changing = await service.register(BOTH);
    const { refresh_token } = await start(changing);
    const key = { PK: `CLIENT#${changing.client_id}`, SK: 'CLIENT' };
    const stored = await service.engine.item(key);
    const change = (members: object) => service.engine.put({ ...stored, ...members });
    await change({ disabled: true });
    expect(await refresh(refresh_token, { basic: changing })).toMatchObject({ status: 401 });
    await change({ scope: ['read'] });
    expect((await refresh(refresh_token, { basic: changing })).body.scope).toBe('read');
    await change({ epoch: 2 });
    expect(await refresh(refresh_token, { basic: changing })).toMatchObject(INVALID);
  });
});

describe('the ends of a session', () => {
  it('is absolute, whatever is refreshed before', async () => {
    const short = await service.register({ ...BOTH, refresh_token_lifetime: 100 });
    let { refresh_token } = await start(short);
    service.advance(99);
    ({ refresh_token } = (await refresh(refresh_token, { basic: short })).body as Tokens);
    service.advance(1);
    expect(await refresh(refresh_token, { basic: short })).toMatchObject(INVALID);
  });

  it('comes by idleness, and each refresh puts it off', async () => {
    const idle = await service.register({ ...BOTH, refresh_token_idle_lifetime: 60 });
    let { refresh_token } = await start(idle);
    for (let at = 0; at < 3; at += 1) {
      service.advance(59);
      ({ refresh_token } = (await refresh(refresh_token, { basic: idle })).body as Tokens);
    }
    service.advance(60);
    expect(await refresh(refresh_token, { basic: idle })).toMatchObject(INVALID);
  });
});
