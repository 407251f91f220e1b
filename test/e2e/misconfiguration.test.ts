// Functions that must not do their work: an environment that is wrong, or a role without a grant.
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { editedAssembly, withoutGrant } from './assembly.ts';
import type { Answer } from './call.ts';
import { endpointsOf, expectOk, type Endpoints } from './endpoints.ts';
import { startService, type ServiceProcess } from './service-process.ts';

const unavailable = (answer: Answer): void => {
  expect([answer.status, answer.body.error, answer.headers['retry-after']]).toEqual([503, 'temporarily_unavailable', '1']);
};

it('ACCESS_TOKEN_LIFETIME_SECONDS=abc: callers get 503, the log names the variable, and what does not need it goes on', async () => {
  const service = await startService({ environment: { ACCESS_TOKEN_LIFETIME_SECONDS: 'abc' } });
  try {
    const api = endpointsOf(service);
    for (let attempt = 0; attempt < 2; attempt += 1) unavailable(await api.token(service.demoService));
    expect(service.stderr()).toMatch(/"level":"FATAL".*"variable":"ACCESS_TOKEN_LIFETIME_SECONDS"/);
    expect((await api.call('/.well-known/jwks.json')).status).toBe(200);
    expect((await api.introspect(service.demoService, 'x')).body).toEqual({ active: false });
  } finally {
    await service.stop();
  }
});

describe('templates that say something else', () => {
  let assembly: string;
  let service: ServiceProcess;
  let api: Endpoints;
  beforeAll(async () => {
    assembly = await editedAssembly((resources) => {
      withoutGrant('FunctionsRefresh', 'kms:Sign')(resources);
      withoutGrant('FunctionsRevoke', 'dynamodb:PutItem')(resources);
      withoutGrant('FunctionsIntrospect', 'dynamodb:BatchGetItem')(resources);
      withoutGrant('FunctionsClients', 'dynamodb:Query')(resources);
      for (const { Type, Properties } of Object.values(resources))
        if (Type === 'AWS::ApiGateway::Authorizer')
          Object.assign(Properties, { AuthorizerResultTtlInSeconds: 300, IdentitySource: 'method.request.header.Authorization' });
    });
    service = await startService({ assembly });
    api = endpointsOf(service);
  });
  afterAll(async () => {
    await service.stop();
    rmSync(assembly, { recursive: true, force: true });
  });

  it('without a grant the call that needs it is a 503, named in the log; every other call is served', async () => {
    const { access_token, refresh_token } = expectOk(await api.token(service.demoService)).body;
    expectOk(await api.protected(access_token));

    unavailable(await api.call('/refresh', { method: 'POST', body: { refresh_token } }));
    expect(service.stderr()).toMatch(/IAM: .*not authorized to perform: kms:Sign/);
    unavailable(await api.revoke(service.demoService, { token: access_token }));
    expect(service.stderr()).toMatch(/IAM: .*not authorized to perform: dynamodb:PutItem/);
    unavailable(await api.introspect(service.demoService, access_token));
    expect(service.stderr()).toMatch(/IAM: .*not authorized to perform: dynamodb:BatchGetItem/);
    unavailable(await api.manage('GET', '/clients'));
    expect(service.stderr()).toMatch(/IAM: .*not authorized to perform: dynamodb:Query/);

    // A revocation that could not be written was not confirmed, and nothing else is the worse for it.
    expectOk(await api.protected(access_token));
    expectOk(await api.refresh(service.demoService, refresh_token));
  });

  describe('a gateway that caches the answer of the authorizer', () => {
    it.each([
      ['the open route first', ['/protected', '/admin-only']],
      ['the closed route first', ['/admin-only', '/protected']],
      ['interleaved', ['/protected', '/admin-only', '/protected', '/admin-only', '/admin-only', '/protected']],
    ])('%s: each route gets the answer that is its own (SECURITY 77)', async (_, paths) => {
      const user = await api.accessToken(service.demoService);
      const admin = await api.accessToken(service.demoAdmin);
      const narrowed = await api.accessToken(service.demoAdmin, { scope: 'admin' });
      for (const path of [...paths, ...paths]) {
        expect((await api.protected(user, path)).status, `user ${path}`).toBe(path === '/protected' ? 200 : 403);
        expect((await api.protected(admin, path)).status, `admin ${path}`).toBe(200);
        expect((await api.protected(narrowed, path)).status, `narrowed ${path}`).toBe(path === '/protected' ? 403 : 200);
      }
      const refused = await api.protected(user, '/admin-only');
      // The challenge is in the answer that is cached only if that one was a refusal itself.
      expect([refused.body.error, refused.headers['www-authenticate'] ?? 'insufficient_scope']).toEqual([
        'insufficient_scope',
        expect.stringContaining('insufficient_scope'),
      ]);
      expect((await api.protected(user)).body.caller).toMatchObject({ client_id: 'demo-service', scope: 'read write' });
    });

    it("a refusal for want of a token is nobody else's answer", async () => {
      expect((await api.call('/protected')).status).toBe(401);
      expect((await api.protected('garbage')).status).toBe(401);
      expect((await api.protected(await api.accessToken(service.demoService))).status).toBe(200);
    });
  });
});
