// The package as another project gets it: built, packed, installed from the tarball without a network, and used from there.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPackage } from '../../bin/build.ts';
import { block } from '../docs/pages.ts';
import { startVerifyingIssuer } from '../verify/verifying-issuer.ts';

const project = process.cwd();
const folder = mkdtempSync(join(tmpdir(), 'm2m-auth-package-'));
const dist = join(folder, 'dist');
const consumer = join(folder, 'consumer');
/** Without what this run of tests has in its environment. */
const env = { PATH: process.env['PATH'] ?? '', HOME: folder, npm_config_cache: join(folder, 'npm-cache') };
const run = (command: string, ...args: string[]): string => execFileSync(command, args, { cwd: consumer, env, encoding: 'utf8' });
const write = (name: string, text: string): string => {
  const file = join(consumer, name);
  writeFileSync(file, text);
  return file;
};
const compiler = join(project, 'node_modules/@typescript/native/bin/tsc');

/** Lets the consumer have a package that this project has. */
function link(name: string): void {
  const path = join(consumer, 'node_modules', name);
  if (!existsSync(path)) symlinkSync(join(project, 'node_modules', name), path);
}

beforeAll(async () => {
  await buildPackage(dist);
  mkdirSync(consumer);
  write('package.json', '{"name":"consumer","private":true,"type":"module"}');
  const [{ filename }] = JSON.parse(run('npm', 'pack', '--json', '--pack-destination', folder, dist)) as [{ filename: string }];
  run('npm', 'install', '--offline', '--no-audit', '--no-fund', join(folder, filename));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the installed package', () => {
  it('brings no other package with it, and no sources', () => {
    expect(readdirSync(join(consumer, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['m2m-auth']);
    const files = readdirSync(join(consumer, 'node_modules/m2m-auth'), { recursive: true, encoding: 'utf8' });
    expect(files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'package.json']));
  });

  const USE = `
    const verifier = createVerifier({ issuer: 'https://issuer.example', audience: 'https://api.example', scopes: ['read'] });
    const { refusal } = await verifier.verify({ method: 'GET', path: '/', headers: {} });
    const answer = await m2mAuth(verifier).before({
      event: { version: '2.0', rawPath: '/', requestContext: { http: { method: 'GET' } } },
      context: {},
    });
    const told = await new Promise((resolve) => {
      const response = { writeHead: (status) => ({ end: () => resolve(status) }) };
      expressAuth(verifier)({ method: 'GET', url: '/', rawHeaders: [], socket: {} }, response, resolve);
    });
    console.log(refusal.answer.status, answer.statusCode, told);`;

  it('verifies from plain JavaScript', () => {
    const imports = `
      import { createVerifier } from 'm2m-auth/verify';
      import { m2mAuth } from 'm2m-auth/middy';
      import { expressAuth } from 'm2m-auth/express';`;
    expect(run(process.execPath, write('use.mjs', `${imports}${USE}`))).toBe('401 401 401\n');
  });

  it('verifies from CommonJS', () => {
    const requires = `
      const { createVerifier } = require('m2m-auth/verify');
      const { m2mAuth } = require('m2m-auth/middy');
      const { expressAuth } = require('m2m-auth/express');`;
    expect(run(process.execPath, write('use.cjs', `${requires}(async () => {${USE}})();`))).toBe('401 401 401\n');
  });

  it('has one of each module whichever way it is imported', () => {
    const text = `
      import { authOf } from 'm2m-auth/verify';
      import * as middy from 'm2m-auth/middy';
      import * as express from 'm2m-auth/express';
      console.log(typeof authOf, Object.keys(middy).join(), Object.keys(express).join());`;
    expect(run(process.execPath, write('one.mjs', text))).toBe('function m2mAuth expressAuth\n');
  });

  it('has types that the strictest compiler takes, and that know a misspelt demand', () => {
    link('@types');
    const file = write(
      'typed.ts',
      `import type { RequestHandler } from 'express';
      import { authOf, createVerifier, requestFromFetch, type Verification } from 'm2m-auth/verify';
      import { expressAuth } from 'm2m-auth/express';
      import { m2mAuth } from 'm2m-auth/middy';
      const verifier = createVerifier({ issuer: 'https://issuer.example', audience: 'a', onRefusal: ({ reason }) => console.log(reason) });
      export const handler: RequestHandler = expressAuth(verifier, { scopes: ['read'], proxies: 1 });
      export const middleware = m2mAuth(verifier, { roles: ['clerk'] });
      export const client = (carrier: object): string | undefined => authOf(carrier).claims?.client_id;
      export const ask = (request: Request): Promise<Verification> => verifier.verify(requestFromFetch(request));
      // @ts-expect-error there is no such demand
      verifier.requiring({ scope: ['read'] });
      `,
    );
    const options = [
      '--strict',
      '--noEmit',
      '--exactOptionalPropertyTypes',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--types',
      'node',
    ];
    expect(run(process.execPath, compiler, ...options, file)).toBe('');
  });

  it.each([
    [
      'Express',
      'express.js',
      'app.get(',
      'const server = app.listen(0); await new Promise((done) => server.once("listening", done)); const ask = async (headers) => (await fetch(`http://127.0.0.1:${server.address().port}/orders`, { headers })).status;',
    ],
    [
      'middy',
      'middy.js',
      'm2mAuth(',
      'const ask = async (headers) => (await handler({ version: "2.0", rawPath: "/orders", headers, requestContext: { http: { method: "GET" } } }, {})).statusCode;',
    ],
    [
      'Fetch',
      'fetch.js',
      'requestFromFetch(',
      'const ask = async (headers) => (await fetchHandler(new Request("http://127.0.0.1/orders", { headers }))).status;',
    ],
  ])('runs what docs/verify.md shows for %s', async (_, name, mark, ask) => {
    for (const needed of ['express', '@middy']) link(needed);
    const issuer = await startVerifyingIssuer();
    try {
      const told = { aud: 'https://orders.example.com', roles: ['clerk'] };
      const tokens = ['orders:read', 'orders:write'].map((scope) => issuer.token({ ...told, scope }));
      const asks = `${ask} const answers = [await ask({})]; for (const token of ${JSON.stringify(tokens)}) answers.push(await ask({ authorization: 'Bearer ' + token }));`;
      const file = write(name, `${block('docs/verify.md', 'js', mark)}\n${asks}\nconsole.log(answers.join()); process.exit();`);
      const options = { cwd: consumer, env: { ...env, ISSUER: issuer.server.url } };
      const { stdout } = await promisify(execFile)(process.execPath, [file], options);
      expect(stdout.trim().split('\n').at(-1)).toBe('401,200,403');
    } finally {
      await issuer.server.close();
    }
  });

  it('protects an API in a CDK app of its own, in another account, by nothing but the issuer URL', () => {
    for (const needed of ['aws-cdk-lib', 'constructs', '@types']) link(needed);
    const outdir = join(folder, 'cdk.out');
    const text = `
      import { App, Stack } from 'aws-cdk-lib';
      import { HttpApi, WebSocketApi } from 'aws-cdk-lib/aws-apigatewayv2';
      import { M2mAuth, M2mAuthorizer } from 'm2m-auth';
      const app = new App({ outdir: ${JSON.stringify(outdir)}, analyticsReporting: false, treeMetadata: false, builtinCloudFormationValidation: false });
      const stack = new Stack(app, 'orders', { env: { account: '444455556666', region: 'eu-central-1' } });
      const authorizer = new M2mAuthorizer(stack, 'Authorizer', {
        issuer: 'https://auth.example.com',
        audience: 'https://orders.example.com',
        rules: [{ method: 'GET', path: '/orders', scopes: ['read'] }],
      });
      new HttpApi(stack, 'Orders', { defaultAuthorizer: authorizer.forHttpApi() });
      new M2mAuth(new Stack(app, 'auth'), 'Auth');
      app.synth();`;
    // As TypeScript first, which it is as well.
    const options = ['--strict', '--noEmit', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2024', '--types', 'node'];
    expect(run(process.execPath, compiler, ...options, write('app.ts', text))).toBe('');
    run(process.execPath, write('app.mjs', text));
    for (const [stack, least] of [
      ['orders', 1],
      ['auth', 8],
    ] as const) {
      const { Resources } = JSON.parse(readFileSync(join(outdir, `${stack}.template.json`), 'utf8')) as { Resources: Record<string, any> };
      const functions = Object.values(Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');
      expect(functions.length).toBeGreaterThanOrEqual(least);
      for (const { Properties } of functions)
        expect(readdirSync(join(outdir, `asset.${String(Properties.Code.S3Key).replace(/[.]zip$/, '')}`))).toEqual(['index.js']);
    }
  });
});
