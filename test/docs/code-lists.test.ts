// What code lists, its page lists too: no more, no less.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AUTHORIZER_ENV_OPTIONAL, AUTHORIZER_FEED_ENV, AUTHORIZER_TABLE_ENV } from '../../functions/authorizer/env.ts';
import { JWKS_ENV } from '../../functions/jwks/env.ts';
import { REVOKE_ENV } from '../../functions/revoke/env.ts';
import { SIGNING_ENV_OPTIONAL, TOKEN_ENV, TOKEN_ENV_OPTIONAL } from '../../functions/token/env.ts';
import { KNOBS } from '../../local/config.ts';
import { FAULT_MODES } from '../../local/engines/faults.ts';
import { AUDIT_EVENT_FIELDS, AUDIT_EVENT_TYPES } from '../../src/audit/event.ts';
import { CONTEXT_MEMBERS } from '../../src/authorizer/context.ts';
import type { Client } from '../../src/clients/client.ts';
import { MAXIMUM } from '../../src/clients/maximum-lengths.ts';
import { createFeedReader } from '../../src/endpoints/revocation-feed.ts';
import { wireErrors, type WireError } from '../../src/endpoints/wire-error.ts';
import { ROUTES } from '../../src/http/route-table.ts';
import { clientAttributes } from '../../src/storage/client-codec.ts';
import {
  apiKeyKey,
  clientKey,
  denialKey,
  quotaKey,
  revocationKey,
  secretUseKey,
  sessionKey,
  signingKeyKey,
  windowKey,
} from '../../src/storage/keys.ts';
import { FEED_INDEX, LISTING_INDEX, TABLE } from '../../src/storage/table-schema.ts';
import { firstCells, page, rows } from './pages.ts';

/** Names of `readonly` members of an interface, from its source. */
function membersOf(file: string, name: string): readonly string[] {
  const body = new RegExp(`interface ${name} \\{(.*?)^\\}`, 'ms').exec(readFileSync(file, 'utf8'))?.[1] ?? '';
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, member = '']) => member);
}
/** Keys of an object literal that is a constant of a file, from its source. */
function keysOf(file: string, constant: string): readonly string[] {
  const body = new RegExp(`const ${constant}\\b[^{]*\\{(.*?)^\\}`, 'ms').exec(readFileSync(file, 'utf8'))?.[1] ?? '';
  return [...body.matchAll(/^ {2}(\w+):/gm)].map(([, key = '']) => key);
}

describe('audit.md', () => {
  it('describes every field, in order', () => {
    expect(firstCells('docs/audit.md', 'Fields')).toEqual(AUDIT_EVENT_FIELDS);
  });
  it('describes every event', () => {
    expect(firstCells('docs/audit.md', 'Events').toSorted()).toEqual(AUDIT_EVENT_TYPES.toSorted());
  });
  it('names every counter', () => {
    const union = /AlarmCounter =(.*?);/s.exec(readFileSync('src/telemetry/metrics.ts', 'utf8'))?.[1] ?? '';
    const counters = [...union.matchAll(/'(\w+)'/g)].map(([, counter = '']) => counter);
    expect(counters.length).toBeGreaterThan(3);
    for (const counter of counters) expect(page('docs/audit.md')).toContain(`\`${counter}\``);
  });
});

describe('clients.md', () => {
  const NOT_METADATA = ['secrets', 'spent_keys', 'registration', 'epoch', 'version', 'client_id_issued_at', 'updated_at'];
  it('describes every metadata field', () => {
    const fields = Object.keys(clientAttributes({} as Client)).filter((field) => !NOT_METADATA.includes(field));
    expect(firstCells('docs/clients.md', 'Metadata').toSorted()).toEqual(fields.toSorted());
  });
  it.each(Object.entries(MAXIMUM))('says the limit %s', (_, limit) => {
    expect(page('docs/clients.md')).toMatch(new RegExp(`\\b${limit}\\b`));
  });
});

describe('tokens.md', () => {
  it('has every refusal with its status, code and event', () => {
    const expected = Object.entries<WireError>(wireErrors).map(([reason, { status, error, event }]) => [
      reason,
      String(status),
      error,
      event ?? '',
    ]);
    const documented = rows('docs/tokens.md', 'Errors').map((cells) => cells.slice(0, 4));
    expect(documented.toSorted()).toEqual(expected.toSorted());
  });
  it('has every claim', () => {
    const type = /AccessTokenClaims = \{(.*?)^\}/ms.exec(readFileSync('src/tokens/access-token.ts', 'utf8'))?.[1] ?? '';
    const claims = [...type.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, claim = '']) => claim);
    expect(firstCells('docs/tokens.md', 'Access tokens').toSorted()).toEqual(claims.toSorted());
  });
});

describe('authorizer.md', () => {
  it('has every reason of a refusal', () => {
    const documented = [...rows('docs/authorizer.md', 'Reasons')].flatMap(([, reasons = '']) =>
      [...reasons.matchAll(/\w+_\w+/g)].map(String),
    );
    expect(documented.toSorted()).toEqual(keysOf('src/authorizer/denial.ts', 'REFUSALS').toSorted());
  });
  it('has every member of the context', () => {
    expect(firstCells('docs/authorizer.md', 'What your handler is told')).toEqual(CONTEXT_MEMBERS);
  });
  it('has every prop', () => {
    expect(firstCells('docs/authorizer.md', 'Protecting an API')).toEqual(membersOf('lib/m2m-authorizer.ts', 'M2mAuthorizerProps'));
  });
  it('has every member of a route rule', () => {
    const members = /const MEMBERS = \[(.*?)\]/s.exec(readFileSync('src/authorizer/route-rule.ts', 'utf8'))?.[1] ?? '';
    expect(firstCells('docs/authorizer.md', 'Route rules')).toEqual([...members.matchAll(/'(\w+)'/g)].map(([, member]) => member));
  });
  it('has every name of the environment', () => {
    const names = new Set<string>([...AUTHORIZER_TABLE_ENV, ...AUTHORIZER_FEED_ENV, ...AUTHORIZER_ENV_OPTIONAL]);
    expect(firstCells('docs/authorizer.md', 'Environment of the function').toSorted()).toEqual([...names].sort());
  });
});

describe('verify.md', () => {
  it('has every option', () => {
    const body = /VerifierOptions = Demand & \{(.*?)^\};/ms.exec(readFileSync('src/verify/verifier.ts', 'utf8'))?.[1] ?? '';
    const options = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, option = '']) => option);
    expect(firstCells('docs/verify.md', 'Options')).toEqual(options);
  });
  it('has every import of the package', () => {
    const body = /const EXPORTS = \{(.*?)^\}/ms.exec(readFileSync('bin/build.ts', 'utf8'))?.[1] ?? '';
    const names = [...body.matchAll(/^ {2}(\w+):/gm)].map(([, name = '']) => (name === 'index' ? 'm2m-auth' : `m2m-auth/${name}`));
    expect(firstCells('docs/verify.md', 'Installing').toSorted()).toEqual(names.toSorted());
  });
});

describe('secrets-manager.md', () => {
  it('has every prop', () => {
    const props = membersOf('lib/client-secret-rotation.ts', 'ClientSecretRotationProps');
    expect(firstCells('docs/secrets-manager.md', 'The construct')).toEqual(props);
  });
  it('has every reason of a failure', () => {
    const reasons = readFileSync('src/consumer/rotate.ts', 'utf8').matchAll(/readonly reason: '(\w+)'/g);
    expect(firstCells('docs/secrets-manager.md', 'When it fails').toSorted()).toEqual(
      [...new Set([...reasons].map(([, reason]) => reason))].toSorted(),
    );
  });
});

describe('revocation.md', () => {
  it('has every member of the feed', async () => {
    const nothing = () => Promise.resolve([]);
    // A list that an issuer without mutual TLS leaves out.
    const deniedCertificates = () => Promise.resolve([{ kind: 'cert' as const, id: 'c', atMs: 0, until: 10 }]);
    const store = { since: nothing, distrustedKeys: nothing, deniedCertificates };
    const { text } = await createFeedReader('https://issuer.example', store).answer('whole', 0);
    expect(firstCells('docs/revocation.md', 'The feed')).toEqual(Object.keys(JSON.parse(text)));
  });
});

describe('storage.md', () => {
  const window = { endpoint: 'token', subject: 'c', network: 'n', minute: 1 };
  const keys = {
    clientKey: clientKey('c'),
    sessionKey: sessionKey('c', 's'),
    apiKeyKey: apiKeyKey('c', 'a'),
    secretUseKey: secretUseKey('c', 's'),
    windowKey: windowKey(window),
    denialKey: denialKey(window),
    quotaKey: quotaKey('c', 1),
    revocationKey: revocationKey('j'),
    signingKeyKey: signingKeyKey('k'),
  };
  it.each(Object.entries(keys))('has the key of %s', (_, { PK, SK }) => {
    const documented = rows('docs/storage.md', 'Keys').map(
      ([, partition = '', sort = '']) => `${partition.split('#')[0]} ${sort.split('#')[0]}`,
    );
    expect(documented).toContain(`${PK.split('#')[0]} ${SK.split('#')[0]}`);
  });
  it('names the indexes and the attributes that others share', () => {
    for (const name of [FEED_INDEX.name, LISTING_INDEX.name, TABLE.timeToLive, TABLE.event])
      expect(page('docs/storage.md')).toContain(`\`${name}\``);
  });
});

describe('local-run.md', () => {
  it('has every knob', () => {
    expect(firstCells('docs/local-run.md', 'Knobs')).toEqual([
      'PORT',
      'HOST',
      'DATA_DIR',
      'MTLS_PORT',
      'SIGNING',
      'FORMER_SIGNING',
      ...KNOBS,
    ]);
  });
  it('has every name of the functions environment', () => {
    for (const name of [...TOKEN_ENV, ...TOKEN_ENV_OPTIONAL, ...SIGNING_ENV_OPTIONAL, ...REVOKE_ENV, ...JWKS_ENV])
      expect(page('docs/local-run.md')).toContain(`\`${name}\``);
  });
  it('has every mode of a fault', () => {
    expect(firstCells('docs/local-run.md', 'Faults')).toEqual(expect.arrayContaining([...FAULT_MODES]));
  });
});

describe('operations.md', () => {
  it('has every prop', () => {
    expect(firstCells('docs/operations.md', 'Stages')).toEqual(membersOf('lib/m2m-auth-props.ts', 'M2mAuthProps'));
  });
  it('has every alarm with its runbook', () => {
    const source = readFileSync('lib/alarms.ts', 'utf8');
    const alarms = [...source.matchAll(/this\.watch\('(\w+)'.*?runbook: '([a-z-]+)'/gs)].map(([, alarm, runbook]) => [
      alarm,
      `[${runbook}](#${runbook})`,
    ]);
    expect(alarms.length).toBeGreaterThan(8);
    expect(
      rows('docs/operations.md', 'Alarms')
        .map(([alarm, , runbook]) => [alarm, runbook])
        .toSorted(),
    ).toEqual(alarms.toSorted());
  });
});

it('iam.md has every route of AWS principals', () => {
  const documented = firstCells('docs/iam.md', 'AWS roles instead of secrets');
  const isDocumented = (route: string): boolean =>
    documented.some((cell) => cell === route || (cell.endsWith('…') && (route.split(' ')[1] ?? '').startsWith(cell.slice(0, -1))));
  const routes = ROUTES.filter(({ authorization }) => authorization === 'iam').map(({ method, path }) => `${method} ${path}`);
  expect(routes.length).toBeGreaterThan(5);
  expect(routes.filter((route) => !isDocumented(route))).toEqual([]);
});

it('tokens.md has every open route', () => {
  const routes = ROUTES.filter(({ authorization }) => authorization === 'none').map(({ method, path }) => `${method} ${path}`);
  expect(firstCells('docs/tokens.md', 'Endpoints').toSorted()).toEqual(routes.toSorted());
});
