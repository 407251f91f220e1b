import { describe, expect, it } from 'vitest';
import { SignCommand } from '@aws-sdk/client-kms';
import { claimsOf } from '../endpoints/access-token.ts';
import type { Answer } from '../endpoints/request.ts';
import type { Registered, Service } from '../endpoints/service-under-test.ts';
import { describeEveryCall, useServiceWithFaults, type Attempt } from './every-call.ts';

const faulty = useServiceWithFaults();
const { service } = faulty;
const GRANT = { grant_type: 'client_credentials' };
const QUOTAS = [
  { per: 'hour', limit: 1000 },
  { per: 'day', limit: 1000 },
] as const;
const BOTH = { grant_types: ['client_credentials', 'refresh_token'] };

const sessionOf = async (accessToken: string) => {
  const { client_id, sid } = claimsOf(accessToken) as { client_id: string; sid: string };
  return service.engine.item({ PK: `CLIENT#${client_id}`, SK: `SESSION#${sid}` });
};
const refresh = (client: Registered, refresh_token: string): Promise<Answer> =>
  service.send({ to: 'POST /refresh', basic: client, form: { refresh_token } });

/** A session that is `rotations` old, and a refresh with its token of that generation. */
async function atRefresh(rotations: number, metadata: object = BOTH): Promise<Attempt> {
  const client = await service.register({ ...metadata });
  let { body } = await service.send({ to: 'POST /token', basic: client, form: GRANT });
  for (let at = 0; at < rotations; at += 1) ({ body } = await refresh(client, body.refresh_token as string));
  const presented = body.refresh_token as string;
  return {
    sent: { to: 'POST /refresh', basic: client, form: { refresh_token: presented } },
    status: 200,
    async verify(answer) {
      const next = answer.body.refresh_token as string;
      // One step and no more, whatever happened on the way; a retry gets the very same successor, and that one goes on.
      expect(next.split('.')[2]).toBe(String(rotations + 2));
      expect((await sessionOf(answer.body.access_token as string))?.['generation']).toBe(rotations + 2);
      expect((await refresh(client, presented)).body.refresh_token).toBe(next);
      expect((await refresh(client, next)).status).toBe(200);
    },
  };
}

describeEveryCall(faulty, [
  {
    name: 'an access token',
    prepare: async () => ({ sent: { to: 'POST /token', basic: await service.register(), form: GRANT }, status: 200 }),
  },
  {
    name: 'an access token that is kept to be handed out again',
    async prepare() {
      const client = await service.register({ reuse_tokens: true });
      return {
        sent: { to: 'POST /token', basic: client, form: GRANT },
        status: 200,
        async verify(answer) {
          const again = await service.send({ to: 'POST /token', basic: client, form: GRANT });
          expect(claimsOf(again.body.access_token as string)['epoch']).toBe(claimsOf(answer.body.access_token as string)['epoch']);
        },
      };
    },
  },
  {
    name: 'an access token that is handed out again',
    async prepare() {
      const client = await service.register({ reuse_tokens: true });
      const { body } = await service.send({ to: 'POST /token', basic: client, form: GRANT });
      expect((await service.send({ to: 'POST /revoke', basic: client, form: { token: body.access_token as string } })).status).toBe(200);
      return {
        sent: { to: 'POST /token', basic: client, form: GRANT },
        status: 200,
        // Whatever could not be read: never the revoked one.
        verify: (answer) => {
          expect(answer.body.access_token).not.toBe(body.access_token);
          return Promise.resolve();
        },
      };
    },
  },
  {
    name: 'an access token in strict audit mode',
    environment: { AUDIT_MODE: 'strict' },
    async prepare() {
      const client = await service.register();
      return {
        sent: { to: 'POST /token', basic: client, form: GRANT },
        status: 200,
        async verify(answer) {
          const { jti } = claimsOf(answer.body.access_token as string);
          const windows = (await service.engine.items()).filter(({ PK }) => PK === `RATE#token#${client.client_id}#203.0.113.7`);
          expect(windows).toMatchObject([{ event: { event_type: 'login_success', jti: jti as string } }]);
        },
      };
    },
  },
  {
    name: 'a token with a session',
    async prepare() {
      const client = await service.register(BOTH);
      return {
        sent: { to: 'POST /token', basic: client, form: GRANT },
        status: 200,
        async verify({ body }) {
          expect(await sessionOf(body.access_token as string)).toMatchObject({ generation: 1, event: { event_type: 'login_success' } });
          expect((await refresh(client, body.refresh_token as string)).status).toBe(200);
        },
      };
    },
  },
  {
    name: 'an access token of a client with quotas',
    prepare: async () => ({ sent: { to: 'POST /token', basic: await service.register({ quotas: QUOTAS }), form: GRANT }, status: 200 }),
    statusesOfFailedCondition: [503],
  },
  {
    name: 'an access token beyond the quota',
    async prepare() {
      const basic = await service.register({ quotas: QUOTAS.map(({ per }) => ({ per, limit: 1 })) });
      await service.send({ to: 'POST /token', basic, form: GRANT });
      return { sent: { to: 'POST /token', basic, form: GRANT }, status: 429 };
    },
  },
  { name: 'a refresh', prepare: () => atRefresh(1) },
  { name: 'a refresh by a client with quotas', prepare: () => atRefresh(1, { ...BOTH, quotas: QUOTAS }), statusesOfFailedCondition: [503] },
  {
    name: 'a refresh that repeats a former one',
    async prepare() {
      const { sent, verify, status } = await atRefresh(0);
      await service.send(sent);
      return { sent, status, ...(verify === undefined ? {} : { verify }) };
    },
  },
  {
    name: 'reuse',
    // The table says that somebody has ended the session already.
    statusesOfFailedCondition: [400],
    async prepare() {
      const { sent, status, verify } = await atRefresh(1);
      const answer = await service.send(sent);
      expect([answer.status, verify === undefined]).toEqual([status, false]);
      service.advance(31);
      return {
        sent,
        status: 400,
        verify: async () => expect(await sessionOf(answer.body.access_token as string)).toMatchObject({ status: 'ended' }),
      };
    },
  },
  {
    name: 'a wrong secret',
    prepare: async () => ({
      sent: { to: 'POST /token', basic: { ...(await service.register()), client_secret: 'wrong' }, form: GRANT },
      status: 401,
    }),
  },
  {
    name: 'the very first token of a deployment',
    async prepare() {
      await forgetSigningKeys(service);
      return { sent: { to: 'POST /token', basic: await service.register(), form: GRANT }, status: 200 };
    },
  },
]);

describe('what one failing call means', () => {
  const scenario = async () => ({ to: 'POST /token', basic: await service.register(), form: GRANT }) as const;

  it('if only the counter is throttled the request is served without limit headers, and the gap is logged and counted', async () => {
    const sent = await scenario();
    faulty.wire().fail({ call: 'UpdateItem RATE', fault: 'throttled' });
    const answer = await service.send(sent);
    expect(answer.status).toBe(200);
    expect(answer.headers).not.toHaveProperty('ratelimit');
    expect(service.log.lines()).toContainEqual(
      expect.objectContaining({ level: 'WARN', dependency: 'dynamodb:UpdateItem', client_id: sent.basic.client_id }),
    );
    expect(service.log.lines()).toContainEqual(expect.objectContaining({ rate_window_skipped: 1 }));
  });

  it.each(['throttled', 'internal error', 'access denied', 'connection reset', 'condition failed', 'no answer'] as const)(
    'the last use of a secret that is not written (%s) costs no token',
    async (fault) => {
      const basic = await service.register();
      faulty.wire().fail({ call: 'UpdateItem CLIENT', fault });
      service.calls.clear();
      expect((await service.send({ to: 'POST /token', basic, form: GRANT })).status).toBe(200);
      expect(service.calls.names()).toContain('UpdateItem CLIENT');
      faulty.wire().heal();
      service.calls.clear();
      expect((await service.send({ to: 'POST /token', basic, form: GRANT })).status).toBe(200);
      expect(service.calls.names()).not.toContain('UpdateItem CLIENT');
    },
  );

  it('a denial that does not reach the outbox is still refused, and counted as lost', async () => {
    const { basic, ...sent } = await scenario();
    faulty.wire().fail({ call: 'PutItem DENIED', fault: 'internal error' });
    expect((await service.send({ ...sent, basic: { ...basic, client_secret: 'wrong' } })).status).toBe(401);
    expect(service.log.lines()).toContainEqual(expect.objectContaining({ audit_denial_lost: 1 }));
    expect(service.audit()).toMatchObject([{ event_type: 'login_failure' }]);
  });

  it('a commit whose answer was lost is recognised as our own even where there is no grace window', async () => {
    service.coldStart({ REFRESH_GRACE_SECONDS: '0' });
    const { sent } = await atRefresh(0);
    faulty.wire().fail({ call: 'UpdateItem CLIENT', fault: 'answer lost', times: 1 });
    const answer = await service.send(sent);
    expect(answer.status).toBe(200);
    expect((await service.send({ ...sent, form: { refresh_token: answer.body.refresh_token as string } })).status).toBe(200);
    service.coldStart();
  });

  it('strict audit mode gives no token when its record fails, though it is signed', async () => {
    service.coldStart({ AUDIT_MODE: 'strict' });
    const sent = await scenario();
    await service.send(sent);
    faulty.wire().fail({ call: 'UpdateItem RATE', fault: 'throttled', when: (body) => body.includes('"SET event') });
    service.calls.clear();
    expect((await service.send(sent)).status).toBe(503);
    expect(service.calls.names()).toContain('Sign');
    service.coldStart();
  });

  it.each<[string, object]>([
    ['a signature by another key', { KeyId: 'arn:aws:kms:eu-central-1:111122223333:key/other', Signature: new Uint8Array(64) }],
    ['no signature', { KeyId: 'arn:aws:kms:eu-central-1:111122223333:key/es256' }],
    ['a signature that is no DER', { KeyId: 'arn:aws:kms:eu-central-1:111122223333:key/es256', Signature: new Uint8Array(64) }],
  ])('%s makes no token and burns no refresh token', async (_, signed) => {
    const { sent, verify } = await atRefresh(0);
    service.aws.kms.on(SignCommand).resolves(signed);
    expect((await service.send(sent)).status).toBe(503);
    service.aws.heal();
    await verify?.(await service.send(sent));
  });

  it.each(['DisabledException', 'KMSInvalidStateException', 'NotFoundException', 'KeyUnavailableException'])(
    'a key that is %s makes no token and no other key signs instead',
    async (name) => {
      service.aws.kms.on(SignCommand).rejects(Object.assign(new Error('planted'), { name }));
      expect((await service.send(await scenario())).status).toBe(503);
      expect(service.log.lines()).toContainEqual(expect.objectContaining({ level: 'ERROR', dependency: 'kms:Sign' }));
    },
  );
});

async function forgetSigningKeys({ engine }: Service): Promise<void> {
  for (const { PK, SK } of await engine.items()) if (PK === 'KEYRING') await engine.remove({ PK, SK: String(SK) });
}
