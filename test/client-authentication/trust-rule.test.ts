import { describe, expect, it } from 'vitest';
import { kindOfIssuer } from '../../src/client-authentication/known-issuers.ts';
import { lintTrustRule } from '../../src/client-authentication/trust-rule-lint.ts';
import { readTrustRule, trustRuleDocument, type TrustRuleTerms } from '../../src/client-authentication/trust-rule.ts';
import { WORKLOADS } from '../endpoints/external-issuers.ts';

const OWN = 'https://issuer.example';
const OPTIONS = { issuer: OWN, loopback: 'refused' } as const;
const GITHUB = 'https://token.actions.githubusercontent.com';
const RULE = { issuer: 'https://idp.example.com', client_id: 'billing', conditions: [{ claim: 'sub', equals: 'ci' }] };
const read = (members: object) => readTrustRule({ ...RULE, ...members }, OPTIONS);
const terms = (members: object): TrustRuleTerms => {
  const rule = read(members);
  if (!rule.ok) throw new Error(`${rule.failure.field} ${rule.failure.problem}`);
  return rule.value;
};
const lint = (members: object) => lintTrustRule(terms(members), OWN);
const refusals = (members: object) => lint(members).refusals.map(({ field, problem }) => `${field} ${problem}`);
const warnings = (members: object) => lint(members).warnings.map(({ field, problem }) => `${field} ${problem}`);
const when = (...conditions: (readonly [claim: unknown, value: unknown])[]) => ({
  conditions: conditions.map(([claim, equals]) => ({ claim, equals })),
});

describe('reading', () => {
  it('fills in what is safe', () => {
    expect(terms({})).toEqual({ ...RULE, kind: 'oidc', audience: OWN, maximum_age: 3600, single_use: false });
    expect(terms({ issuer: GITHUB })).toMatchObject({ kind: 'github', single_use: true });
  });
  it('reads again what it has written', () => {
    for (const { issuer, rule } of WORKLOADS) {
      const first = terms({ issuer, ...rule, scope: 'read write', description: 'nightly', maximum_lifetime: 60 });
      expect(readTrustRule(trustRuleDocument(first), { issuer: '', loopback: 'refused' })).toEqual({ ok: true, value: first });
    }
  });
  it.each<readonly [string, object, string]>([
    ['an unknown member', { condition: [] }, 'condition'],
    ['__proto__', JSON.parse('{"__proto__": 1}') as object, '__proto__'],
    ['no conditions', { conditions: [] }, 'conditions'],
    ['null for conditions', { conditions: null }, 'conditions'],
    ['two operators', { conditions: [{ claim: 'sub', equals: 'a', prefix: 'abcd/' }] }, 'conditions'],
    ['an unknown operator', { conditions: [{ claim: 'sub', matches: '.*' }] }, 'conditions'],
    ['no operator', { conditions: [{ claim: 'sub' }] }, 'conditions'],
    ['a wildcard', { conditions: [{ claim: 'sub', equals: 'repo:acme/*' }] }, 'conditions'],
    ['a wildcard in a prefix', { conditions: [{ claim: 'sub', prefix: 'repo:*/' }] }, 'conditions'],
    ['an empty text', { conditions: [{ claim: 'sub', equals: '' }] }, 'conditions'],
    ['a list to be equal to', { conditions: [{ claim: 'sub', equals: ['a'] }] }, 'conditions'],
    ['null to be equal to', { conditions: [{ claim: 'sub', equals: null }] }, 'conditions'],
    ['a fraction', { conditions: [{ claim: 'n', equals: 1.5 }] }, 'conditions'],
    ['one of none', { conditions: [{ claim: 'sub', one_of: [] }] }, 'conditions'],
    ['a short prefix', { conditions: [{ claim: 'sub', prefix: 'a:/' }] }, 'conditions'],
    ['a prefix that ends in the middle of a name', { conditions: [{ claim: 'sub', prefix: 'repo:acme' }] }, 'conditions'],
    ['a claim twice', { conditions: [RULE.conditions[0], { claim: ['sub'], equals: 'b' }] }, 'conditions'],
    ['what is settled', { conditions: [{ claim: 'iss', equals: 'https://idp.example.com' }] }, 'conditions'],
    ['the audience as a condition', { conditions: [{ claim: 'aud', one_of: ['a', 'b'] }] }, 'conditions'],
    ['an empty path', { conditions: [{ claim: [], equals: 'a' }] }, 'conditions'],
    ['a client id of another form', { client_id: 'a/b' }, 'client_id'],
    ['an issuer without TLS', { issuer: 'http://idp.example.com' }, 'issuer'],
    ['an issuer on this machine', { issuer: 'http://127.0.0.1:8080' }, 'issuer'],
    ['an address for an issuer', { issuer: 'https://192.0.2.1' }, 'issuer'],
    ['an address of IPv6 for an issuer', { issuer: 'https://[2001:db8::1]' }, 'issuer'],
    ['credentials in the issuer', { issuer: 'https://a@idp.example.com' }, 'issuer'],
    ['a query in the issuer', { issuer: 'https://idp.example.com?x' }, 'issuer'],
    ['a fragment in the issuer', { issuer: 'https://idp.example.com#' }, 'issuer'],
    ['upper case in the host', { issuer: 'https://IDP.example.com' }, 'issuer'],
    ['a default port', { issuer: 'https://idp.example.com:443' }, 'issuer'],
    ['dots in the path', { issuer: 'https://idp.example.com/a/../b' }, 'issuer'],
    ['another alphabet', { issuer: 'https://tоken.example.com' }, 'issuer'],
    ['another alphabet in disguise', { issuer: 'https://xn--tken-55d.example.com' }, 'issuer'],
    ['a space', { issuer: 'https://idp.example.com/ a' }, 'issuer'],
    ['no issuer', { issuer: null }, 'issuer'],
    ['a lifetime over an hour', { maximum_lifetime: 3601 }, 'maximum_lifetime'],
    ['an age over a day', { maximum_age: 86_401 }, 'maximum_age'],
    ['a text for once', { single_use: 'true' }, 'single_use'],
    ['another kind than it is', { issuer: GITHUB, kind: 'oidc' }, 'kind'],
    ['an unknown kind', { kind: 'jenkins' }, 'kind'],
    ['keys twice', { jwks_uri: 'https://idp.example.com/k', jwks: { keys: [] } }, 'jwks'],
    ['keys without TLS', { jwks_uri: 'http://idp.example.com/k' }, 'jwks_uri'],
    ['symmetric keys', { jwks: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } }, 'jwks'],
  ])('refuses %s', (_, members, field) => {
    expect(read(members)).toMatchObject({ ok: false, failure: { field } });
  });
});

describe('kinds', () => {
  it('are known by their issuers', () => {
    for (const { issuer, kind } of WORKLOADS) expect(kindOfIssuer(issuer) ?? kind).toBe(kind);
    expect(kindOfIssuer('https://container.googleapis.com/v1/projects/p/locations/l/clusters/c')).toBe('kubernetes');
    expect(kindOfIssuer('https://container.googleapis.com.evil.example/v1/projects/p')).toBeUndefined();
    expect(kindOfIssuer('https://tokens.sts.global.api.aws.evil.example')).toBeUndefined();
  });
});

describe('a rule that strangers could satisfy', () => {
  it('is none of those of the workloads', () => {
    for (const { issuer, rule } of WORKLOADS) expect([issuer, refusals({ issuer, ...rule })]).toEqual([issuer, []]);
  });
  it.each<readonly [string, object]>([
    ['a repository by its name', { issuer: GITHUB, ...when(['repository', 'octocat/my-repo']) }],
    ['an owner by its name', { issuer: GITHUB, ...when(['repository_owner', 'octocat']) }],
    ['a subject of names', { issuer: GITHUB, ...when(['sub', 'repo:octocat/my-repo:ref:refs/heads/main']) }],
    ['a subject with an @ in a branch', { issuer: GITHUB, ...when(['sub', 'repo:octocat/my-repo:ref:refs/heads/x@1/y@2:z']) }],
    ['a prefix of names', { issuer: GITHUB, conditions: [{ claim: 'sub', prefix: 'repo:octocat/my-repo:' }] }],
    ['a branch alone', { issuer: GITHUB, ...when(['ref', 'refs/heads/main'], ['environment', 'production']) }],
    ['an id that is a number, which it never is', { issuer: GITHUB, ...when(['repository_id', 456_789]) }],
    ['one of an id and a name', { issuer: GITHUB, conditions: [{ claim: 'repository_id', one_of: ['1', 'octocat/my-repo'] }] }],
    ['a project by its path', { issuer: 'https://gitlab.com', ...when(['project_path', 'mygroup/myproject']) }],
    ['a subject of GitLab', { issuer: 'https://gitlab.com', ...when(['sub', 'project_path:g/p:ref_type:branch:ref:main']) }],
    ['a namespace of a cluster', { kind: 'kubernetes', ...when([['kubernetes.io', 'namespace'], 'payments']) }],
    ['every account of a cluster', { kind: 'kubernetes', conditions: [{ claim: 'sub', prefix: 'system:serviceaccount:' }] }],
    ['an AWS account', { issuer: WORKLOADS[3]!.issuer, ...when([['https://sts.amazonaws.com/', 'aws_account'], '123456789012']) }],
    [
      'every role of an AWS account',
      { issuer: WORKLOADS[3]!.issuer, conditions: [{ claim: 'sub', prefix: 'arn:aws:iam::123456789012:role/' }] },
    ],
    ['an e-mail address', { issuer: 'https://accounts.google.com', ...when(['email', 'a@b.example'], ['hd', 'b.example']) }],
    ['a tenant', { issuer: WORKLOADS[5]!.issuer, ...when(['tid', '9122040d-6c67-4c5b-b112-36a304b66dad']) }],
    ['an application', { issuer: WORKLOADS[5]!.issuer, ...when(['azp', '0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d']) }],
    ['a whole trust domain', { kind: 'spiffe', conditions: [{ claim: 'sub', prefix: 'spiffe://prod.example.org/' }] }],
    ['no subject', { ...when(['email', 'a@b.example']) }],
    ['the beginning of a subject', { conditions: [{ claim: 'sub', prefix: 'team/' }] }],
  ])('is refused: %s', (_, members) => {
    expect(refusals(members)).toEqual([expect.stringMatching(/^conditions could be met by strangers/)]);
  });
  it.each([
    'https://login.microsoftonline.com/common/v2.0',
    'https://login.microsoftonline.com/organizations/v2.0',
    'https://sts.windows.net/',
  ])('is refused: every tenant of %s', (issuer) => {
    expect(refusals({ issuer, ...when(['oid', '690222be-ff1a-4d56-abd1-7e4f7d38e474']) }).join()).toMatch(/one tenant/);
  });
  it.each([
    'https://token.actions.githubusercontent.com.evil.example',
    'https://token-actions-githubusercontent.com',
    'https://token.actions.githubusercontent.co',
    'https://token.actlons.githubusercontent.com',
    'https://evil-accounts.google.com',
    'https://accounts.g00gle.com',
    'https://gitlab.co',
    'https://git1ab.com',
    'https://1ogin.microsoftonline.com/9122040d-6c67-4c5b-b112-36a304b66dad/v2.0',
  ])('is refused: %s, which looks like another', (issuer) => {
    expect(refusals({ issuer })).toEqual([expect.stringMatching(/^issuer could be taken for/)]);
  });
  it.each([
    'https://gitlab.company.example',
    'https://git.example.com',
    'https://token.example.com',
    'https://idp.example.com:8443/realms/a',
  ])('is not %s', (issuer) => {
    expect(refusals({ issuer })).toEqual([]);
  });
  it.each([
    'sts.amazonaws.com',
    'https://github.com/octocat',
    'https://gitlab.com',
    'https://kubernetes.default.svc.cluster.local',
    'api://AzureADTokenExchange',
    'sigstore',
  ])('is refused: tokens made for %s', (audience) => {
    expect(refusals({ audience })).toEqual([expect.stringMatching(/^audience is that of tokens for another service/)]);
  });
  it('is refused: keys of its own for an issuer that publishes them', () => {
    const rule = { issuer: GITHUB, ...when(['repository_id', '1']), jwks_uri: 'https://evil.example/keys' };
    expect(refusals(rule)).toEqual(['jwks_uri must not stand in for the keys that this issuer publishes']);
  });
  it('is refused: this service itself', () => {
    expect(refusals({ issuer: OWN }).join()).toMatch(/^issuer is this service itself/);
    expect(refusals({ issuer: `${OWN}/` }).join()).toMatch(/^issuer is this service itself/);
  });
});

describe('a rule that takes more than it may mean', () => {
  it.each<readonly [string, object, RegExp]>([
    ['any branch', { issuer: GITHUB, ...when(['repository_id', '1']) }, /^conditions take any workflow on any branch/],
    [
      'any repository',
      { issuer: GITHUB, ...when(['repository_owner_id', '1'], ['ref', 'refs/heads/main']) },
      /every repository of the owner/,
    ],
    ['any branch of GitLab', { issuer: 'https://gitlab.com', ...when(['project_id', '1']) }, /any branch, merge requests included/],
    ['an account made again', { kind: 'kubernetes', ...when(['sub', 'system:serviceaccount:a:b']) }, /deleted and made again/],
    [
      'a namespace',
      { kind: 'kubernetes', conditions: [{ claim: 'sub', prefix: 'system:serviceaccount:a:' }] },
      /every account of the namespace/,
    ],
    ['an audience of others', { audience: 'https://other.example' }, /^audience is not this service/],
    ['old tokens', { maximum_age: 7200 }, /^maximum_age is over an hour/],
    ['tokens again and again', { issuer: GITHUB, ...when(['repository_id', '1'], ['ref', 'x']), single_use: false }, /^single_use is off/],
  ])('is taken with a warning: %s', (_, members, expected) => {
    expect(refusals(members)).toEqual([]);
    expect(warnings(members)).toEqual([expect.stringMatching(expected)]);
  });
});
