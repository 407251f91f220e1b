// The HTTP contract of the service as far as the command line uses it, with canned answers; it remembers what it was asked.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly authorization: string;
  readonly idempotencyKey: string;
  readonly apiKey: string;
  readonly form: Record<string, string>;
  readonly json: any;
};
export type Answer = {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly text?: string;
};
export type FakeService = {
  readonly issuer: string;
  readonly port: number;
  readonly folder: string;
  readonly asked: Asked[];
  readonly clients: Map<string, any>;
  readonly sessions: any[];
  /** Answers instead of the canned ones, by `METHOD path`. */
  readonly answers: Map<string, Answer>;
  readonly close: () => Promise<void>;
};

export const jwtOf = (clientId: string): string => `e30.${Buffer.from(JSON.stringify({ client_id: clientId })).toString('base64url')}.c2ln`;
export const basicOf = (id: string, secret: string): string => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;

export async function startFakeService(): Promise<FakeService> {
  const asked: Asked[] = [];
  const clients = new Map<string, any>();
  const sessions: any[] = [];
  const answers = new Map<string, Answer>();
  const server = createServer((request, response) => {
    void (async () => {
      const call = await read(request);
      asked.push(call);
      const answer = answers.get(`${call.method} ${call.path.split('?')[0]}`) ?? canned(call, clients, sessions);
      response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers });
      response.end(answer.text ?? (answer.body === undefined ? '' : JSON.stringify(answer.body)));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}`;
  const folder = mkdtempSync(join(tmpdir(), 'm2m-auth-cli-'));
  const credentials = (id: string) => ({ client_id: id, client_secret: `secret-of-${id}` });
  const aws = {
    access_key_id: 'AKIALOCAL',
    secret_access_key: 'local',
    region: 'us-east-1',
    arn: 'arn:aws:iam::000000000000:role/operator',
  };
  const demo = { 'demo-service': credentials('demo-service'), 'demo-admin': credentials('demo-admin') };
  writeFileSync(join(folder, 'credentials.json'), JSON.stringify({ issuer, clients: demo, aws }));
  return { issuer, port, folder, asked, clients, sessions, answers, close: () => close(server, folder) };
}

async function close(server: Server, folder: string): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
}

async function read(request: IncomingMessage): Promise<Asked> {
  const body = await text(request);
  const isJson = request.headers['content-type'] === 'application/json';
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    authorization: request.headers.authorization ?? '',
    idempotencyKey: String(request.headers['idempotency-key'] ?? ''),
    apiKey: String(request.headers['x-api-key'] ?? ''),
    form: isJson ? {} : Object.fromEntries(new URLSearchParams(body)),
    json: isJson ? JSON.parse(body) : undefined,
  };
}

function canned(call: Asked, clients: Map<string, any>, sessions: readonly any[]): Answer {
  const [, resource = '', id = ''] = call.path
    .split('?')[0]!
    .replace(/^\/iam(?=\/)/, '')
    .split('/');
  if (resource === 'clients') return clientsAnswer(call, clients, id);
  if (resource === 'sessions') return call.method === 'DELETE' ? { status: 204 } : page(call, sessions);
  if (resource === 'trust-rules') return trustRulesAnswer(call, id);
  if (resource === 'introspect') return { body: { active: true, client_id: 'demo-service', exp: 1_800_000_000, scope: 'read' } };
  if (resource === 'revoke') return {};
  const refresh =
    call.form['grant_type'] === 'refresh_token' || resource === 'refresh' ? { refresh_token: 'm2m_rt_k1.demo-service.2.h.m' } : {};
  return {
    body: { access_token: jwtOf('demo-service'), token_type: 'Bearer', expires_in: 900, scope: call.form['scope'] ?? 'read', ...refresh },
  };
}

function trustRulesAnswer({ method, json }: Asked, id: string): Answer {
  if (id === 'test')
    return { body: { issuer: 'https://idp.example.com', subject: '"ci"', accepted: true, rule_id: 'r_1', client_id: 'cl_1', rules: [] } };
  const conditions = [
    { claim: 'sub', equals: 'ci' },
    { claim: ['a.b', 'c'], equals: 7 },
  ];
  const rule = {
    id: 'r_1',
    client_id: 'cl_1',
    issuer: 'https://idp.example.com',
    kind: 'oidc',
    conditions,
    created_by: '\u001b[2Jops',
    ...json,
  };
  if (method === 'POST') return { status: 201, body: { ...rule, warnings: [{ field: 'audience', problem: 'is wide' }] } };
  if (method === 'DELETE') return { status: 204 };
  return { body: id === '' ? { items: [rule], next: null } : rule };
}

function secretsAnswer({ method, json }: Asked): Answer {
  const made = { id: 's_1', created_at: '2026-11-20T12:00:00Z', ...json };
  if (method === 'POST') return { status: 201, body: { ...made, client_secret: 'm2m_cs_shown_once' } };
  const use = { last_used_at: '2026-11-20T13:00:00Z', last_used_ip: '192.0.2.1', last_used_user_agent: '\u001b[2Jbilling/4' };
  return method === 'DELETE'
    ? { status: 204 }
    : {
        body: {
          items: [
            { ...made, ...use },
            { ...made, id: 's_2' },
          ],
          next: null,
        },
      };
}

function apiKeysAnswer({ method, json }: Asked): Answer {
  const made = { id: 'ak_1', client_id: 'cl_1', scope: 'read', status: 'active', created_at: '2026-11-20T12:00:00Z', ...json };
  if (method === 'POST') return { status: 201, body: { ...made, api_key: 'm2m_ak_shown_once' } };
  const items = [
    { ...made, name: '\u001b[2Jexport', ip_ranges: ['10.0.0.0/8'], last_used_at: '2026-11-20T13:00:00Z', last_used_ip: '192.0.2.1' },
  ];
  return method === 'DELETE' ? { status: 204 } : { body: { items, next: null } };
}

function clientsAnswer(call: Asked, clients: Map<string, any>, id: string): Answer {
  if (call.path.includes('/secrets')) return secretsAnswer(call);
  if (call.path.includes('/api-keys')) return apiKeysAnswer(call);
  const readOnly = { client_id_issued_at: 1_790_000_000, updated_at: '2026-11-20T12:00:00Z' };
  if (call.method === 'POST') {
    const client = { client_id: `cl_${clients.size + 1}`, ...call.json, ...readOnly };
    clients.set(client.client_id, client);
    return { status: 201, body: { ...client, client_secret: 'm2m_cs_shown_once', client_secret_expires_at: 0 } };
  }
  if (id === '') return page(call, [...clients.values()]);
  const client = clients.get(id);
  if (client === undefined)
    return { status: 404, body: { error: 'not_found', error_description: 'there is no such client', trace_id: 't1' } };
  if (call.method === 'DELETE') return { status: clients.delete(id) ? 204 : 404 };
  if (call.method === 'PUT') clients.set(id, { ...call.json, client_id: id, ...readOnly });
  return { body: clients.get(id) };
}

/** Two a page, whatever was asked for, so that paging is exercised. */
function page(call: Asked, all: readonly unknown[]): Answer {
  const start = Number(new URLSearchParams(call.path.split('?')[1]).get('cursor') ?? 0);
  return { body: { items: all.slice(start, start + 2), ...(start + 2 < all.length ? { next: String(start + 2) } : {}) } };
}
