import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { basicOf, startFakeService, type FakeService } from './fake-service.ts';
import { runM2m } from './run-m2m.ts';

let service: FakeService;
beforeEach(async () => void (service = await startFakeService()));
afterEach(() => service.close());

it('without a data directory says how to start the service', async () => {
  const { code, stdout, stderr } = await runM2m(['clients', 'list', '--json'], { env: { DATA_DIR: join(service.folder, 'none') } });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain('npm start');
});

it('a service that does not run is named, with what to do', async () => {
  const other = await startFakeService();
  await other.close();
  const { code, stdout, stderr } = await runM2m(['token'], { env: { DATA_DIR: service.folder, PORT: String(other.port) } });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(`The service does not answer at ${other.issuer} (ECONNREFUSED).`);
  expect(stderr).toContain('npm start');
});

it('PORT wins over the issuer in credentials.json', async () => {
  writeFileSync(
    join(service.folder, 'credentials.json'),
    JSON.stringify({ issuer: 'http://127.0.0.1:1', clients: { 'demo-service': { client_id: 'd', client_secret: 's' } } }),
  );
  expect((await runM2m(['token'], { env: { DATA_DIR: service.folder, PORT: String(service.port) } })).code).toBe(0);
});

it('--issuer uses the client of the environment, and no local file', async () => {
  rmSync(join(service.folder, 'credentials.json'));
  const env = { DATA_DIR: service.folder, M2M_CLIENT_ID: 'cl_1', M2M_CLIENT_SECRET: 's3' };
  expect((await runM2m(['token', '--issuer', `${service.issuer}/`], { env })).code).toBe(0);
  expect((await runM2m(['clients', 'list', '--issuer', service.issuer], { env })).code).toBe(0);
  expect(service.asked.filter(({ path }) => path === '/token').map(({ authorization }) => authorization)).toEqual(
    Array(2).fill(basicOf('cl_1', 's3')),
  );
});

it('--issuer without credentials says which variables to set', async () => {
  const { code, stderr } = await runM2m(['token', '--issuer', service.issuer], { env: { DATA_DIR: service.folder } });
  expect(code).toBe(2);
  expect(stderr).toContain('M2M_CLIENT_ID');
});

it.each(['http://auth.example.com', 'auth.example.com', 'ftp://127.0.0.1'])('sends no secret to %s', async (issuer) => {
  expect(await runM2m(['token', '--issuer', issuer])).toMatchObject({ code: 2, stderr: expect.stringContaining('must be an https URL') });
});

it('follows no redirect with a secret', async () => {
  service.answers.set('POST /token', { status: 307, headers: { location: `${service.issuer}/elsewhere` } });
  expect((await runM2m(['token'], { env: { DATA_DIR: service.folder } })).code).toBe(1);
  expect(service.asked.map(({ path }) => path)).toEqual(['/token']);
});

it('whatever else listens on the port is not taken for the service', async () => {
  service.answers.set('POST /token', { status: 404, text: '<html>' });
  expect(await runM2m(['token'], { env: { DATA_DIR: service.folder } })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Is it m2m-auth that listens there?'),
  });
  service.answers.set('POST /token', { text: '<html>' });
  expect(await runM2m(['token'], { env: { DATA_DIR: service.folder } })).toMatchObject({ code: 1, stdout: '' });
});

it('a damaged credentials.json is named', async () => {
  writeFileSync(join(service.folder, 'credentials.json'), '{');
  expect(await runM2m(['token'], { env: { DATA_DIR: service.folder } })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('credentials.json'),
  });
});
