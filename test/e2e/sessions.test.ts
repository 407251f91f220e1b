// Sessions over HTTP, as a client and as an operator see them, through the gateway and by the deployed roles.
import { describe, expect, it } from 'vitest';
import { runM2m } from '../cli/run-m2m.ts';
import { bearer, type Answer } from './call.ts';
import { decoded, endpointsOf, expectOk, type TestClient } from './endpoints.ts';
import { runningService } from './running-service.ts';

const service = runningService();
const api = endpointsOf(service);

type Tokens = { readonly access_token: string; readonly refresh_token: string; readonly sid: string };
const begin = async (client: TestClient): Promise<Tokens> => {
  const { body } = expectOk(await api.token(client));
  return { ...body, sid: decoded(body.access_token).claims.sid };
};
const sessions = (token: string, path = '', method = 'GET'): Promise<Answer> =>
  api.call(`/sessions${path}`, { method, headers: bearer(token) });
const m2m = async (verb: string, ...args: readonly string[]): Promise<any> => {
  const { code, stdout, stderr } = await runM2m(['sessions', verb, '--json', ...args], { env: { DATA_DIR: service.dataDir } });
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
};

describe('a client', () => {
  it('sees its own sessions, ends one of them and keeps the other', async () => {
    const client = await api.register();
    const [first, second] = [await begin(client), await begin(client)];
    const listed = expectOk(await sessions(second.access_token)).body;
    expect(listed.next).toBeNull();
    expect(listed.items.map(({ sid }: Tokens) => sid).toSorted()).toEqual([first.sid, second.sid].toSorted());

    const ended = await sessions(second.access_token, `/${first.sid}`, 'DELETE');
    expect([ended.status, ended.text]).toEqual([204, '']);
    expect((await api.protected(first.access_token)).status).toBe(401);
    expect((await api.refresh(client, first.refresh_token)).status).toBe(400);
    expectOk(await api.protected(second.access_token));
    expectOk(await api.refresh(client, second.refresh_token));
  });

  it('neither sees nor ends the sessions of another', async () => {
    const [mine, theirs] = await Promise.all([begin(await api.register()), api.register().then(begin)]);
    const other = decoded(theirs.access_token).claims.client_id as string;
    expect((await sessions(mine.access_token, `?client_id=${other}`)).status).toBe(403);
    expect((await sessions(mine.access_token, `/${theirs.sid}`, 'DELETE')).status).toBe(404);
    expect((await sessions(mine.access_token, `?client_id=${other}`, 'DELETE')).status).toBe(403);
    expectOk(await api.protected(theirs.access_token));
  });

  it.each(['%2e%2e', '%00', '%23', 'a%2Fb', '%F0%9F%98%80'])('asking for the session %s gets a 404', async (sid) => {
    const { access_token } = await begin(await api.register());
    expect((await sessions(access_token, `/${sid}`, 'DELETE')).status).toBe(404);
  });
});

it('an operator lists and ends them by the command line, and the audit trail says who did it', async () => {
  const client = await api.register();
  const [first, second] = [await begin(client), await begin(client)];
  const of = ['--client', client.client_id];
  expect((await m2m('list', ...of)).items).toHaveLength(2);
  expect(await m2m('end', ...of, '--', first.sid)).toMatchObject({ ended: 'session', sid: first.sid });
  expect((await api.protected(first.access_token)).status).toBe(401);
  await m2m('end', '--all', '--yes', ...of);
  expect((await api.protected(second.access_token)).status).toBe(401);
  expect((await m2m('list', ...of)).items.map(({ status }: { status: string }) => status)).toEqual(['ended', 'ended']);

  const { stdout } = await runM2m(['audit', '--client', client.client_id, '--json'], { env: { DATA_DIR: service.dataDir } });
  const events = JSON.parse(stdout) as readonly { event_type: string; reason: string; sid: string }[];
  const by = { reason: 'by:demo-admin' };
  expect(events).toContainEqual(expect.objectContaining({ event_type: 'session_ended', sid: first.sid, ...by }));
  expect(events).toContainEqual(expect.objectContaining({ event_type: 'client_tokens_revoked', ...by }));
});
