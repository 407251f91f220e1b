import { beforeAll, describe, expect, it } from 'vitest';
import { claimsOf } from './access-token.ts';
import type { Sent } from './request.ts';
import { useService, type Registered } from './service-under-test.ts';

const ROLE = 'arn:aws:iam::111122223333:role/workloads/billing';
const CALLER = 'arn:aws:sts::111122223333:assumed-role/billing/i-0123';
const STRANGER = 'arn:aws:sts::111122223333:assumed-role/reports/billing';
const OPS = 'arn:aws:sts::111122223333:assumed-role/ops/alice';

const service = useService();
let billing: Registered;
beforeAll(async () => {
  billing = await service.register(
    { iam_principals: [ROLE], grant_types: ['client_credentials', 'refresh_token'], refresh_client_auth: 'none' },
    'billing',
  );
});

const ask = (form: Record<string, string> = {}, more: Partial<Sent> = {}) =>
  service.send({
    to: 'POST /iam/token',
    userArn: CALLER,
    form: { grant_type: 'client_credentials', client_id: 'billing', ...form },
    ...more,
  });

describe('POST /iam/token', () => {
  it('gives the client that names the role a token without a secret, and the token says how it was proven', async () => {
    const answer = await ask({ scope: 'read' });
    expect(answer).toMatchObject({ status: 200, body: { token_type: 'Bearer', scope: 'read' } });
    expect(claimsOf(answer.body.access_token as string)).toMatchObject({ client_id: 'billing', amr: ['iam'] });
    expect(service.audit()).toMatchObject([{ event_type: 'login_success', client_id: 'billing', amr: 'iam' }]);
  });
  it('costs what a secret costs, less the noting of its use', async () => {
    await ask();
    expect(service.calls.names()).toEqual(['BatchGetItem', 'PutItem CLIENT', 'Sign', 'UpdateItem RATE']);
    expect(service.calls.waits()).toBe(2);
  });
  it('refreshes there too, with the role as the proof', async () => {
    const { refresh_token } = (await ask()).body as { refresh_token: string };
    expect((await ask({ grant_type: 'refresh_token', refresh_token }, { userArn: STRANGER })).body.error).toBe('invalid_client');
    expect((await ask({ grant_type: 'refresh_token', refresh_token })).status).toBe(200);
  });
  it.each([
    ['another role, whatever its session is called', { userArn: STRANGER }, 401, 'invalid_client'],
    ['the role of another account', { userArn: CALLER.replace('3333', '3334') }, 401, 'invalid_client'],
    ['an IAM user of the name', { userArn: 'arn:aws:iam::111122223333:user/billing' }, 401, 'invalid_client'],
    ['nobody', { userArn: '' }, 403, 'access_denied'],
  ])('refuses %s', async (_, more, status, error) => {
    expect(await ask({}, more)).toMatchObject({ status, body: { error } });
    expect(service.audit()).toMatchObject([{ event_type: 'login_failure' }]);
  });
  it('answers an unknown client as it answers a client that does not name the role', async () => {
    const [unknown, mismatch] = [await ask({ client_id: 'nobody' }), await ask({}, { userArn: STRANGER })];
    expect(unknown.status).toBe(mismatch.status);
    expect({ ...unknown.body, trace_id: '' }).toEqual({ ...mismatch.body, trace_id: '' });
  });
  it('needs to be told the client, and takes no secret beside', async () => {
    const noClient = await service.send({ to: 'POST /iam/token', userArn: CALLER, form: { grant_type: 'client_credentials' } });
    expect(noClient).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect(await ask({ client_secret: billing.client_secret })).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });
  it('without an identity from the gateway a right secret does not help', async () => {
    const answer = await service.send({ to: 'POST /iam/token', basic: billing, form: { grant_type: 'client_credentials' } });
    expect(answer).toMatchObject({ status: 403, body: { error: 'access_denied' } });
  });
  it('is the only place where the identity counts: /token never looks at it', async () => {
    const form = { grant_type: 'client_credentials', client_id: 'billing' };
    expect(await service.send({ to: 'POST /token', userArn: CALLER, form })).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
  });
});

describe('POST /iam/introspect and /iam/revoke', () => {
  it('serve the client that names the role', async () => {
    const { access_token: token } = (await ask()).body as { access_token: string };
    const about = (to: string, userArn = CALLER) => service.send({ to, userArn, form: { client_id: 'billing', token } });
    expect((await about('POST /iam/introspect', STRANGER)).status).toBe(401);
    expect((await about('POST /iam/introspect')).body).toMatchObject({ active: true, amr: ['iam'] });
    expect((await about('POST /iam/revoke', STRANGER)).status).toBe(401);
    expect((await about('POST /iam/introspect')).body.active).toBe(true);
    expect((await about('POST /iam/revoke')).status).toBe(200);
    expect((await about('POST /iam/introspect')).body).toEqual({ active: false });
  });
  it('never take a token for the proof of a principal', async () => {
    const { access_token: bearer, refresh_token: token } = (await ask()).body as { access_token: string; refresh_token: string };
    expect((await service.send({ to: 'POST /iam/revoke', bearer })).status).toBe(403);
    expect((await service.send({ to: 'POST /iam/revoke', userArn: CALLER, form: { token } })).status).toBe(400);
    expect((await service.send({ to: 'POST /introspect', basic: billing, form: { token } })).body.active).toBe(true);
  });
});

describe('/iam/clients', () => {
  const create = (userArn: string | undefined, more: Partial<Sent> = {}) =>
    service.send({
      to: 'POST /iam/clients',
      json: { client_name: 'Reports', scope: 'read' },
      ...(userArn === undefined ? {} : { userArn }),
      ...more,
    });
  it('is open to everyone whom IAM lets in where no administrators are listed; the trail says who it was', async () => {
    service.coldStart();
    const made = await create(OPS);
    expect(made.status).toBe(201);
    const id = made.body.client_id as string;
    expect((await service.send({ to: `GET /iam/clients/${id}`, userArn: OPS })).body).toMatchObject({ client_name: 'Reports' });
    const changed = await service.send({ to: `PUT /iam/clients/${id}`, userArn: OPS, json: { iam_principals: [ROLE] } });
    expect(changed).toMatchObject({ status: 200, body: { iam_principals: [ROLE] } });
    expect((await service.send({ to: 'GET /iam/clients', userArn: OPS })).status).toBe(200);
    expect((await service.engine.item({ PK: `CLIENT#${id}`, SK: 'CLIENT' })) as object).toMatchObject({
      event: { reason: `by:${OPS} client_name,scope,iam_principals` },
    });
    expect((await ask({ client_id: id })).status).toBe(200);
  });
  it('takes a retry from another session of the role for the retry that it is', async () => {
    service.coldStart();
    const headers = { 'idempotency-key': 'retry-from-another-session-01' };
    const [first, again] = [await create(OPS, { headers }), await create(OPS.replace('alice', 'bob'), { headers })];
    expect([again.status, again.body.client_id]).toEqual([first.status, first.body.client_id]);
    expect((await create(OPS.replace('ops', 'other'), { headers })).body.client_id).not.toBe(first.body.client_id);
  });
  it('is for the listed roles and users alone where there is a list', async () => {
    service.coldStart({
      ADMINISTRATORS: JSON.stringify(['arn:aws:iam::111122223333:role/ops', 'arn:aws:iam::111122223333:user/team/bob']),
    });
    expect((await create(OPS)).status).toBe(201);
    expect((await create('arn:aws:iam::111122223333:user/team/bob')).status).toBe(201);
    const refused = await create('arn:aws:sts::111122223333:assumed-role/dev/ops');
    expect(refused).toMatchObject({ status: 403, body: { error: 'access_denied' } });
    expect(service.audit().at(-1)).toMatchObject({ event_type: 'login_failure', reason: 'principal_not_administrator' });
    delete process.env['ADMINISTRATORS'];
  });
  it('needs the identity: a bearer of clients:manage does not help there, and an identity does not help at /clients', async () => {
    service.coldStart();
    const manager = await service.register({ scope: 'clients:manage' });
    const form = { grant_type: 'client_credentials', scope: 'clients:manage' };
    const bearer = (await service.send({ to: 'POST /token', basic: manager, form })).body.access_token as string;
    expect((await create(undefined, { bearer })).status).toBe(403);
    expect((await create(OPS, { to: 'POST /clients' })).status).toBe(401);
  });
});

describe('iam_principals', () => {
  const register = (iam_principals: unknown) =>
    service.send({ to: 'POST /iam/clients', userArn: OPS, json: { scope: 'read', iam_principals } });
  it.each([
    ['a wildcard', ['arn:aws:iam::111122223333:role/*']],
    ['a session', [CALLER]],
    ['a user', ['arn:aws:iam::111122223333:user/alice']],
    ['a text', ROLE],
    ['repeats', [ROLE, ROLE]],
    ['11 roles', Array.from({ length: 11 }, (_, index) => `arn:aws:iam::111122223333:role/r${index}`)],
    ['a longer path than 256 characters', [`arn:aws:iam::111122223333:role/${'p'.repeat(256)}/r`]],
  ])('is refused with %s', async (_, principals) => {
    const answer = await register(principals);
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_client_metadata' } });
    expect(answer.body.error_description).toMatch(/^iam_principals /);
  });
});
