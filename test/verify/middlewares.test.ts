import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import middy from '@middy/core';
import express from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authOf } from '../../src/verify/attached-auth.ts';
import { expressAuth } from '../../src/verify/express.ts';
import { m2mAuth } from '../../src/verify/middy.ts';
import { createVerifier, type Verifier } from '../../src/verify/verifier.ts';
import { functionUrlEvent, loadBalancerEvent, restProxyEvent } from './lambda-events.ts';
import { startVerifyingIssuer, type VerifyingIssuer } from './verifying-issuer.ts';

let issuer: VerifyingIssuer;
let verifier: Verifier;
beforeAll(async () => {
  issuer = await startVerifyingIssuer();
  verifier = createVerifier(issuer.options);
});
afterAll(() => issuer.server.close());
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('m2mAuth, for middy', () => {
  const invoke = async (event: unknown, ...options: [Parameters<typeof m2mAuth>[1]?]): Promise<any> => {
    const handler = middy((_: unknown, context: object) => {
      const { claims, context: told } = authOf(context);
      return { statusCode: 200, body: `${claims?.client_id ?? 'anonymous'} ${told.scope}` };
    }).use(m2mAuth(verifier, ...options));
    return handler(event, {}, undefined as never);
  };

  it.each([
    ['function URL', functionUrlEvent],
    ['load balancer', loadBalancerEvent],
    ['REST API', restProxyEvent],
  ] as const)('lets a good token of a %s through to the handler, and says why not to others', async (_, eventOf) => {
    const good = eventOf({ headers: bearer(issuer.token({ scope: 'read' })) });
    expect(await invoke(good, { scopes: ['read'] })).toEqual({ statusCode: 200, body: 'client-1 read' });
    expect(await invoke(good, { scopes: ['write'] })).toMatchObject({ statusCode: 403 });
    expect(await invoke(eventOf({}), { scopes: ['read'] })).toMatchObject({
      statusCode: 401,
      headers: { 'www-authenticate': 'Bearer realm="m2m-auth"', 'content-type': 'application/json' },
      isBase64Encoded: false,
    });
  });

  it('counts proxies behind a load balancer', async () => {
    const headers = { ...bearer(issuer.token({ ip: ['198.51.100.0/24'] })), 'x-forwarded-for': '203.0.113.1, 198.51.100.7' };
    expect(await invoke(loadBalancerEvent({ headers }), { proxies: 1 })).toMatchObject({ statusCode: 200 });
    expect(await invoke(loadBalancerEvent({ headers }), { proxies: 2 })).toMatchObject({ statusCode: 401 });
    expect(await invoke(loadBalancerEvent({ headers }))).toMatchObject({ statusCode: 401 });
  });

  it('does not run the handler for an event of another kind', async () => {
    await expect(invoke({ Records: [] })).rejects.toThrow(TypeError);
  });

  it('refuses options that cannot be when it is made', () => {
    expect(() => m2mAuth(verifier, { proxies: -1 })).toThrow('proxies must be');
    expect(() => m2mAuth(verifier, { scope: ['read'] } as never)).toThrow('unknown member "scope"');
  });
});

it('a handler that was left without a middleware fails instead of serving', () => {
  expect(() => authOf({})).toThrow('nobody has verified this request');
  expect(() => authOf({ auth: { claims: { client_id: 'forged' } } })).toThrow('nobody has verified this request');
});

describe('expressAuth, for Express', () => {
  let url: string;
  let close: () => Promise<void>;
  beforeAll(async () => {
    const app = express();
    const orders = express.Router();
    orders.get('/:id', expressAuth(verifier, { scopes: ['read'] }), (request, response) => {
      response.json({ client: authOf(request).claims?.client_id });
    });
    app.use('/orders', orders);
    app.get('/near', expressAuth(verifier, { proxies: 0 }), (_, response) => void response.send('near'));
    app.get('/behind', expressAuth(verifier, { proxies: 1 }), (_, response) => void response.send('behind'));
    const ruled = createVerifier({ ...issuer.options, rules: [{ method: 'GET', path: '/ruled/{id}', scopes: ['read'] }] });
    app.use('/ruled', expressAuth(ruled), (_, response) => void response.send('ruled'));
    const broken: Verifier = {
      verify: () => Promise.reject(new Error('a defect')),
      requiring: () => () => Promise.reject(new Error('a defect')),
    };
    app.get('/broken', expressAuth(broken), (_, response) => void response.send('served'));
    app.use(((_: unknown, __: unknown, response: express.Response, ___: unknown) => void response.status(500).send('error')) as never);
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    close = () => new Promise((resolve) => server.close(() => resolve()));
  });
  afterAll(() => close());
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${url}${path}`, { headers: { connection: 'close', ...headers } });

  it('lets a good token through to the handler, which knows who calls', async () => {
    const response = await get('/orders/7', bearer(issuer.token()));
    expect([response.status, await response.json()]).toEqual([200, { client: 'client-1' }]);
  });

  it('refuses as RFC 6750 says, and the handler is never reached', async () => {
    const none = await get('/orders/7?access_token=from-the-query');
    expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="m2m-auth"']);
    const narrow = await get('/orders/7', bearer(issuer.token({ scope: 'write' })));
    expect([narrow.status, narrow.headers.get('www-authenticate')]).toEqual([403, expect.stringContaining('scope="read"')]);
    expect(await narrow.json()).toMatchObject({ error: 'insufficient_scope' });
  });

  it('sees two Authorization headers, of which Node shows one', async () => {
    const token = issuer.token();
    const status = await new Promise((resolve) => {
      const headers = { connection: 'close', authorization: [`Bearer ${token}`, `Bearer ${token}`] };
      httpRequest(`${url}/orders/7`, { headers: headers as never }, (response) => resolve(response.resume().statusCode)).end();
    });
    expect(status).toBe(401);
  });

  it('goes by rules over the whole path, also where a router is mounted', async () => {
    expect((await get('/ruled/7', bearer(issuer.token()))).status).toBe(200);
    expect((await get('/ruled/7/8', bearer(issuer.token()))).status).toBe(403);
  });

  it('knows the address by the connection, or by its own proxies, and by default not at all', async () => {
    const near = bearer(issuer.token({ ip: ['127.0.0.0/8'] }));
    const far = { ...bearer(issuer.token({ ip: ['198.51.100.0/24'] })), 'x-forwarded-for': '198.51.100.7' };
    const statuses = (headers: Record<string, string>) =>
      Promise.all(['/near', '/behind', '/orders/7'].map(async (path) => (await get(path, headers)).status));
    expect(await statuses(near)).toEqual([200, 401, 401]);
    expect(await statuses(far)).toEqual([401, 200, 401]);
  });

  it('a defect is an error of the application, never a pass', async () => {
    expect((await get('/broken', bearer(issuer.token()))).status).toBe(500);
  });
});
