// Tokens of every kind of external issuer as clients of this service: as client authentication and as a grant (RFC 7523 section 2).
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FetchPublicDocument } from '../../src/endpoints/stores.ts';
import { ok, refuse } from '../../src/result.ts';
import { claimsOf } from './access-token.ts';
import { externalIssuer, WORKLOADS, type ExternalIssuer, type Workload } from './external-issuers.ts';
import { dpopProof, proofKey } from '../tokens/test-proof.ts';
import type { Answer } from './request.ts';
import { ISSUER, useService, type Registered } from './service-under-test.ts';

/** The internet: every address that anybody answers at. */
const internet = vi.hoisted(() => ({ documents: new Map<string, unknown>(), asked: [] as string[] }));
vi.mock('../../src/outbound/public-document.ts', async (original) => ({
  ...(await original<object>()),
  publicDocuments: (): FetchPublicDocument => (url) => {
    internet.asked.push(url);
    const document = internet.documents.get(url);
    if (document === undefined) return Promise.resolve(refuse('status_unexpected' as const));
    return Promise.resolve(ok({ body: Buffer.from(JSON.stringify(document)), maxAgeSeconds: undefined }));
  },
}));

const service = useService();
const ADMIN = 'arn:aws:sts::111122223333:assumed-role/ops/alice';
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

const issuers = new Map<string, ExternalIssuer>();
let jti = 0;
const issuerOf = ({ issuer, jwksUri }: Pick<Workload, 'issuer' | 'jwksUri'>): ExternalIssuer => {
  const known = issuers.get(issuer) ?? externalIssuer(issuer, jwksUri);
  issuers.set(issuer, known);
  for (const [url, document] of known.documents) internet.documents.set(url, document);
  return known;
};
const tokenOf = (workload: Workload, claims: object = {}): string => {
  const now = service.now();
  const times = { iat: now - 5, nbf: now - 5, exp: now + 300, ...(workload.hasJti && { jti: `jti-${(jti += 1)}` }) };
  return issuerOf(workload).token({ ...workload.claims, ...times, ...claims }, workload.header);
};
const addRule = (json: object): Promise<Answer> => service.send({ to: 'POST /iam/trust-rules', userArn: ADMIN, json });
const asClient = (assertion: string, form: object = {}): Promise<Answer> =>
  service.send({
    to: 'POST /token',
    form: { grant_type: 'client_credentials', client_assertion_type: ASSERTION_TYPE, client_assertion: assertion, ...form },
  });
const asGrant = (assertion: string, form: object = {}): Promise<Answer> =>
  service.send({ to: 'POST /token', form: { grant_type: JWT_BEARER, assertion, ...form } });
const lastRefusal = () => service.log.lines().findLast(({ message }) => message === 'refused')?.['detail'] as Record<string, string>;

describe.each(WORKLOADS.map((workload) => [workload.kind, workload] as const))('%s', (kind, workload) => {
  let client: Registered;
  let rule: Answer;
  beforeAll(async () => {
    issuerOf(workload);
    client = await service.register({ scope: 'read write clients:manage' }, `${kind.replace('_', '-')}-workload`);
    rule = await addRule({ issuer: workload.issuer, client_id: client.client_id, ...workload.rule });
  });

  it('takes the rule, and knows the kind', () => {
    expect(rule.body).toMatchObject({ issuer: workload.issuer, client_id: client.client_id });
    expect([rule.status, rule.body.kind]).toEqual([201, kind]);
  });

  it('gives a token of the client, by either way, with the client named or not', async () => {
    for (const ask of [asClient, asGrant])
      for (const form of [{}, { client_id: client.client_id }]) {
        const { status, body } = await ask(tokenOf(workload), form);
        expect([status, body]).toMatchObject([200, { token_type: 'Bearer', expires_in: 900, scope: 'read write' }]);
        expect(body).not.toHaveProperty('refresh_token');
        expect(claimsOf(body.access_token as string)).toMatchObject({
          client_id: client.client_id,
          sub: client.client_id,
          amr: ['federated'],
        });
      }
  });

  it('says in the audit trail who it was, and by which rule', async () => {
    await asClient(tokenOf(workload));
    expect(service.audit()).toMatchObject([
      {
        event_type: 'login_success',
        client_id: client.client_id,
        amr: 'federated',
        reason: `rule:${rule.body.id} iss:"${workload.issuer}" sub:"${String(workload.claims['sub'])}"`,
      },
    ]);
  });

  it('refuses its neighbours at the same issuer', async () => {
    expect(await asClient(tokenOf(workload, workload.stranger))).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    expect(await asGrant(tokenOf(workload, workload.stranger))).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(lastRefusal()).toMatchObject({ cause: 'no_rule_matches', rule: rule.body.id });
  });
});

describe('what a rule allows', () => {
  const workload = WORKLOADS.at(-1)!;
  let client: Registered;
  let subject: string;
  beforeEach(async () => {
    client = await service.register({ scope: 'read write clients:manage', grant_types: ['client_credentials', 'refresh_token'] });
    subject = `workload-${client.client_id}`;
  });
  const add = (terms: object = {}) =>
    addRule({ issuer: workload.issuer, client_id: client.client_id, conditions: [{ claim: 'sub', equals: subject }], ...terms });
  const token = (claims: object = {}) => tokenOf(workload, { sub: subject, ...claims });

  it('is at most its scope, and never managing clients unless it says so', async () => {
    expect((await add({ scope: 'read clients:manage' })).status).toBe(201);
    expect((await asGrant(token())).body.scope).toBe('read');
    expect((await asGrant(token(), { scope: 'read clients:manage' })).body.scope).toBe('read clients:manage');
    expect(await asGrant(token(), { scope: 'write' })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } });
  });
  it('is without managing clients where it says nothing', async () => {
    await add();
    expect(await asGrant(token(), { scope: 'clients:manage' })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } });
  });
  it('is what the client still has', async () => {
    await add({ scope: 'read write' });
    const { client_id } = client;
    await service.send({ to: `PUT /iam/clients/${client_id}`, userArn: ADMIN, json: { scope: 'read' } });
    expect((await asGrant(token())).body.scope).toBe('read');
  });
  it('lasts for its maximum lifetime', async () => {
    await add({ maximum_lifetime: 60 });
    expect((await asGrant(token())).body.expires_in).toBe(60);
  });
  it('is no scope beyond the client', async () => {
    expect(await add({ scope: 'read admin' })).toMatchObject({
      status: 400,
      body: { error_description: "scope must be part of the client's scope" },
    });
  });
  it('ends with the rule, at once', async () => {
    const { id } = (await add()).body as { id: string };
    const held = token();
    expect((await asGrant(held)).status).toBe(200);
    expect((await service.send({ to: `DELETE /iam/trust-rules/${id}`, userArn: ADMIN })).status).toBe(204);
    expect((await asGrant(held)).status).toBe(400);
    expect((await service.send({ to: `GET /iam/trust-rules/${id}`, userArn: ADMIN })).status).toBe(404);
  });
  it('needs a client that is there, enabled, in its networks, and the one that the rule was made for', async () => {
    await add();
    const path = `/iam/clients/${client.client_id}`;
    const refusals: (readonly [number, string])[] = [];
    for (const json of [
      { scope: 'read', disabled: true },
      { scope: 'read', ip_ranges: ['198.51.100.0/24'] },
    ]) {
      await service.send({ to: `PUT ${path}`, userArn: ADMIN, json });
      const { status } = await asGrant(token());
      refusals.push([status, lastRefusal()['cause']!]);
      expect((await asClient(token())).status).toBe(401);
    }
    await service.send({ to: `DELETE ${path}`, userArn: ADMIN });
    refusals.push([(await asGrant(token())).status, lastRefusal()['cause']!]);
    expect(refusals).toEqual([
      [400, 'client_disabled'],
      [400, 'network_not_allowed'],
      [400, 'unknown_client'],
    ]);
  });
});

describe('a token that is bound', () => {
  const workload = WORKLOADS.at(-1)!;
  it('is bound to the key of the proof beside the external one, which is then no bearer token', async () => {
    const key = proofKey();
    const client = await service.register({ scope: 'read', dpop_bound_access_tokens: true });
    const subject = `workload-${client.client_id}`;
    await addRule({ issuer: workload.issuer, client_id: client.client_id, conditions: [{ claim: 'sub', equals: subject }] });
    const form = { grant_type: JWT_BEARER, assertion: tokenOf(workload, { sub: subject }) };
    const proven = { dpop: dpopProof(key, `POST ${ISSUER}/token`, service.now()) };
    const { status, body } = await service.send({ to: 'POST /token', form, headers: proven });
    expect([status, body.token_type]).toEqual([200, 'DPoP']);
    expect(claimsOf(body.access_token as string)).toMatchObject({ cnf: { jkt: key.jkt }, amr: ['federated', 'dpop'] });
    expect((await service.send({ to: 'POST /token', form })).status).toBe(400);
    expect((await service.send({ to: 'POST /token', form, headers: proven })).status).toBe(400);
  });
});

describe('audit in strict mode', () => {
  it('has the durable record of a token before it leaves', async () => {
    service.coldStart({ AUDIT_MODE: 'strict' });
    const workload = WORKLOADS[0]!;
    const { body } = await asGrant(tokenOf(workload));
    const { jti } = claimsOf(body.access_token as string);
    const windows = (await service.engine.items()).filter(({ PK }) => String(PK).startsWith('RATE#token#github-workload#'));
    expect(windows).toMatchObject([{ event: { event_type: 'login_success', jti, reason: expect.stringMatching(/^rule:/) } }]);
    service.coldStart();
  });
});

describe('calls', () => {
  const workload = WORKLOADS[0]!;
  const perToken = async (form: object): Promise<[number, readonly string[]]> => {
    expect((await asClient(tokenOf(workload), form)).status).toBe(200);
    service.calls.clear();
    expect((await asClient(tokenOf(workload), form)).status).toBe(200);
    return [service.calls.waits(), service.calls.names()];
  };
  const CALLS = ['BatchGetItem', 'PutItem ONCE', 'Query ISSUER', 'Sign', 'UpdateItem RATE'];
  it('are three waits where the client is named, and four where the rule says which', async () => {
    expect(await perToken({ client_id: 'github-workload' })).toEqual([3, CALLS]);
    expect(await perToken({})).toEqual([4, CALLS]);
  });
  it('fetch nothing that is in memory', async () => {
    await asClient(tokenOf(workload));
    internet.asked.length = 0;
    await asClient(tokenOf(workload));
    expect(internet.asked).toEqual([]);
  });
  it('fetch nothing at all for an issuer that no rule names', async () => {
    internet.asked.length = 0;
    const unknown = externalIssuer('https://ci.unknown.example');
    for (const [url, document] of unknown.documents) internet.documents.set(url, document);
    expect((await asGrant(unknown.token({ sub: 'x', aud: ISSUER, exp: service.now() + 60 }))).status).toBe(400);
    expect([internet.asked, lastRefusal()['cause']]).toEqual([[], 'issuer_not_trusted']);
  });
});
