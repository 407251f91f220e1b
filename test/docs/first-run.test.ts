// The README's first lines are what a newcomer pastes; another test runs them, this one keeps them what they should be.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { welcome } from '../../local/welcome.ts';
import { block, blocks } from './pages.ts';

const shell = blocks('README.md')
  .filter(({ language }) => language === 'sh')
  .map(({ text }) => text.trim());
const [start, test, firstRun = ''] = shell;

it('the two commands come first', () => {
  expect([start, test]).toEqual(['npm ci && npm start', 'npm ci && npm test']);
});

it('then a token, a call that needs it, its revocation and the refusal, as the local run prints them', () => {
  const credentials = { client_id: 'demo-service', client_secret: 'SECRET' };
  const aws = { access_key_id: '', secret_access_key: '', region: '', arn: '' };
  const printed = welcome({ issuer: 'ISSUER', clients: { 'demo-service': credentials, 'demo-admin': credentials }, aws });
  const commands = (text: string) =>
    text
      .replaceAll(/["']/g, '')
      .split('\n')
      .filter((line) => /^(?:curl|TOKEN)/.test(line));
  expect(commands(firstRun.replaceAll('$ISSUER', 'ISSUER').replaceAll('$SECRET', 'SECRET'))).toEqual(commands(printed));
});

it('they need nothing but node, curl and sed', () => {
  const programs = firstRun
    .split('\n')
    .flatMap((line) => [...line.replace(/^\w+=\$\(/, '').matchAll(/(?:^|\| )(\w+) /g)].map(([, program]) => program));
  expect([...new Set(programs)].sort()).toEqual(['curl', 'node', 'sed']);
});

it('the lines that protect an API are those of the sample API', () => {
  const flat = (text: string) => text.replaceAll(/\s+/g, ' ').trim();
  expect(flat(readFileSync('lib/sample-api.ts', 'utf8'))).toContain(flat(block('README.md', 'ts', 'new M2mAuthorizer')));
});
