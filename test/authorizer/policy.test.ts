import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge, type Decision } from '../../src/authorizer/decide.ts';
import { createPolicyWriter, parseInvokeArn, type InvokeArn, type PolicyDocument } from '../../src/authorizer/policy.ts';
import { NOTHING_REVOKED, type VerifiedToken } from '../../src/authorizer/revocation.ts';
import { parseRouteRules, type ParsedRouteRule } from '../../src/authorizer/route-rule.ts';
import { testClaims } from '../tokens/test-issuer.ts';
import { isAllowedBy } from './iam-policy.ts';

const STAGE = 'arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod';
const rulesOf = (...rules: unknown[]): readonly ParsedRouteRule[] => {
  const parsed = parseRouteRules(rules);
  if (!parsed.ok) throw new Error(parsed.failure);
  return parsed.value;
};
const tokenWith = (scope: string): VerifiedToken => ({ claims: testClaims({ scope, roles: [] }), kid: 'k' });
const arnOf = (method: string, path: string): InvokeArn => {
  const arn = parseInvokeArn(`${STAGE}/${method}${path}`);
  if (arn === undefined) throw new Error(`${method}${path}`);
  return arn;
};
const decisionOn = (rules: readonly ParsedRouteRule[], token: VerifiedToken | undefined, method: string, path: string): Decision =>
  judge({ method, path, ip: '192.0.2.1' }, { ok: true, value: token }, NOTHING_REVOKED, rules);
const policyOn = (rules: readonly ParsedRouteRule[], token: VerifiedToken | undefined, method: string, path: string): PolicyDocument =>
  createPolicyWriter(rules)(arnOf(method, path), decisionOn(rules, token, method, path));
const allows = (policy: PolicyDocument, method: string, path: string): boolean => isAllowedBy(policy, `${STAGE}/${method}${path}`);

const SAMPLE = rulesOf({ method: 'GET', path: '/protected', scopes: ['read'] }, { method: 'GET', path: '/admin-only', scopes: ['admin'] });

describe('the ARN of a request', () => {
  it.each([
    [`${STAGE}/GET/items/1`, { stageArn: STAGE, method: 'GET', path: '/items/1' }],
    [`${STAGE}/GET/`, { stageArn: STAGE, method: 'GET', path: '/' }],
    [`${STAGE}/GET`, { stageArn: STAGE, method: 'GET', path: '/' }],
    [`${STAGE}/GET//x`, { stageArn: STAGE, method: 'GET', path: '//x' }],
    [
      'arn:aws-cn:execute-api:cn-north-1:123456789012:a1/$default/POST/x',
      { stageArn: 'arn:aws-cn:execute-api:cn-north-1:123456789012:a1/$default', method: 'POST', path: '/x' },
    ],
  ])('%s is read', (arn, parts) => {
    expect(parseInvokeArn(arn)).toEqual(parts);
  });
  it.each(['', 'arn:aws:lambda:eu-west-1:123456789012:function:x', STAGE, `${STAGE}/$connect`, `${STAGE}/*/x`, `${STAGE}/get/x`])(
    '%j is none',
    (arn) => {
      expect(parseInvokeArn(arn)).toBeUndefined();
    },
  );
});

describe('a policy answer', () => {
  it('allows every route that the token may use, whichever was asked for first', () => {
    const both = tokenWith('read admin');
    for (const asked of ['/protected', '/admin-only']) {
      const policy = policyOn(SAMPLE, both, 'GET', asked);
      expect(allows(policy, 'GET', '/protected') && allows(policy, 'GET', '/admin-only')).toBe(true);
    }
  });
  it('allows no other route, whichever was asked for first', () => {
    const reader = tokenWith('read');
    for (const asked of ['/protected', '/admin-only']) {
      const policy = policyOn(SAMPLE, reader, 'GET', asked);
      expect(allows(policy, 'GET', '/protected')).toBe(true);
      expect(allows(policy, 'GET', '/admin-only')).toBe(false);
      expect(allows(policy, 'POST', '/protected')).toBe(false);
      expect(allows(policy, 'GET', '/other')).toBe(false);
    }
  });
  it('is the same for every route of a token, and names neither a wildcard for all nor another stage', () => {
    const reader = tokenWith('read');
    expect(policyOn(SAMPLE, reader, 'GET', '/protected')).toEqual(policyOn(SAMPLE, reader, 'GET', '/admin-only'));
    expect(policyOn(SAMPLE, reader, 'GET', '/protected').Statement).toEqual([
      { Action: 'execute-api:Invoke', Effect: 'Allow', Resource: [`${STAGE}/GET/protected`] },
    ]);
  });
  it('denies everything to a token that may use nothing', () => {
    expect(policyOn(SAMPLE, tokenWith('other'), 'GET', '/protected').Statement).toEqual([
      { Action: 'execute-api:Invoke', Effect: 'Deny', Resource: [`${STAGE}/*`] },
    ]);
  });
  it('allows anonymous callers the optional and public routes alone', () => {
    const rules = rulesOf(
      { method: 'GET', path: '/', access: 'public' },
      { method: 'GET', path: '/maybe', access: 'optional' },
      { method: 'GET', path: '/r' },
    );
    const policy = policyOn(rules, undefined, 'GET', '/');
    expect([allows(policy, 'GET', '/'), allows(policy, 'GET', '/maybe'), allows(policy, 'GET', '/r')]).toEqual([true, true, false]);
  });
  it('allows a parameter one segment, never more', () => {
    const rules = rulesOf(
      { method: 'GET', path: '/items/{id}', scopes: ['read'] },
      { method: 'GET', path: '/items/{id}/secret', scopes: ['admin'] },
    );
    const policy = policyOn(rules, tokenWith('read'), 'GET', '/items/1');
    expect(allows(policy, 'GET', '/items/2')).toBe(true);
    expect(allows(policy, 'GET', '/items/2/secret')).toBe(false);
    expect(allows(policy, 'GET', '/items/')).toBe(false);
    expect(allows(policy, 'GET', '/items/2/')).toBe(false);
    expect(allows(policy, 'GET', '/items')).toBe(false);
  });
  it('keeps a catch-all away from the routes that stand before it', () => {
    const rules = rulesOf(
      { method: 'ANY', path: '/admin/{proxy+}', scopes: ['admin'] },
      { method: 'GET', path: '/admin', scopes: ['admin'] },
      { method: 'ANY', path: '/{proxy+}', scopes: ['read'] },
    );
    const reader = policyOn(rules, tokenWith('read'), 'GET', '/anything/else');
    expect(allows(reader, 'GET', '/something')).toBe(true);
    expect(allows(reader, 'DELETE', '/a/b/c')).toBe(true);
    expect(allows(reader, 'POST', '/admin')).toBe(true);
    for (const path of [
      '/admin',
      '/admin/x',
      '/admin/x/y',
      '//admin',
      '/./admin/x',
      '/a/../admin',
      '/%61dmin',
      '/admin;x',
      '/admin\\x',
      '/a/',
    ])
      expect(allows(reader, 'GET', path)).toBe(false);
    expect(allows(policyOn(rules, tokenWith('read admin'), 'GET', '/a'), 'GET', '/admin/x')).toBe(true);
  });
  it('never takes its wildcards from the path of a request', () => {
    const rules = rulesOf(
      { method: 'GET', path: '/items/{id}', scopes: ['read'] },
      { method: 'GET', path: '/items/{id}/parts/{part}', scopes: ['read'] },
    );
    for (const path of ['/items/*', '/items/?', '/items/${aws:x}']) {
      const policy = createPolicyWriter(rules)(arnOf('GET', path), { allowed: true, token: tokenWith('read') });
      expect(
        policy.Statement.flatMap(({ Effect, Resource }) => (Effect === 'Allow' ? Resource : [])).filter((resource) =>
          resource.endsWith(path),
        ),
      ).toEqual([]);
    }
  });
  it('says no more than the asked route where all would be too long', () => {
    const rules = rulesOf(
      ...Array.from({ length: 200 }, (_, index) => ({ method: 'GET', path: `/a-rather-long-route-name-${index}`, scopes: ['read'] })),
    );
    const policy = policyOn(rules, tokenWith('read'), 'GET', '/a-rather-long-route-name-7');
    expect(JSON.stringify(policy).length).toBeLessThan(8000);
    expect(policy.Statement).toEqual([
      { Action: 'execute-api:Invoke', Effect: 'Allow', Resource: [`${STAGE}/GET/a-rather-long-route-name-7`] },
    ]);
  });
  it('is about the stage that was asked for', () => {
    const write = createPolicyWriter(SAMPLE);
    const decision = decisionOn(SAMPLE, tokenWith('read'), 'GET', '/protected');
    const other = parseInvokeArn('arn:aws:execute-api:eu-west-1:123456789012:other/dev/GET/protected');
    write(arnOf('GET', '/protected'), decision);
    expect(other && write(other, decision).Statement[0]?.Resource).toEqual([
      'arn:aws:execute-api:eu-west-1:123456789012:other/dev/GET/protected',
    ]);
  });
});

describe('over any rules, token and request', () => {
  const segment = fc.constantFrom('a', 'b', '{x}', '{y}');
  const path = fc
    .tuple(fc.array(segment, { maxLength: 3 }), fc.constantFrom('', '', '{rest+}'))
    .map(([segments, rest]) => `/${[...segments, ...(rest === '' ? [] : [rest])].join('/')}`);
  const rule = fc.record(
    {
      method: fc.constantFrom('GET', 'POST', 'ANY'),
      path,
      scopes: fc.constantFrom(['s1'], ['s2'], ['s3']),
      access: fc.constantFrom('required', 'required', 'optional'),
    },
    { requiredKeys: ['method', 'path'] },
  );
  const names = ['a', 'b', 'c'];
  const paths = [
    '/',
    ...names.flatMap((x) => [
      `/${x}`,
      ...names.flatMap((y) => [`/${x}/${y}`, ...names.flatMap((z) => [`/${x}/${y}/${z}`, `/${x}/${y}/${z}/a`, `/a/${x}/${y}/${z}/b`])]),
    ]),
  ];
  const odd = ['//a', '/a//b', '/a/', '/a/b/', '/a/./b', '/a/../b', '/a;b', '/a%2fb', '/%61', '/a/b%', '/a/..', '/a/.', '/a\\b'];
  const requests = fc.tuple(fc.constantFrom('GET', 'POST', 'DELETE'), fc.constantFrom(...paths, ...odd));
  const scopes = fc.constantFrom(undefined, '', 's1', 's1 s2', 's3');

  it('the policy says of the asked request what was decided, and allows nothing that the rules would deny', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 5 }), scopes, requests, (given, scope, [method, asked]) => {
        const rules = rulesOf(...given);
        const token = scope === undefined ? undefined : tokenWith(scope);
        const policy = policyOn(rules, token, method, asked);
        expect(allows(policy, method, asked)).toBe(decisionOn(rules, token, method, asked).allowed);
        for (const other of [...paths, ...odd]) {
          for (const verb of ['GET', 'POST']) {
            if (allows(policy, verb, other))
              expect({ verb, other, allowed: decisionOn(rules, token, verb, other).allowed }).toEqual({ verb, other, allowed: true });
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('where no two routes with parameters overlap, it allows all that the rules allow', () => {
    const apart = [
      { method: 'GET', path: '/a', scopes: ['s1'] },
      { method: 'POST', path: '/a', scopes: ['s2'] },
      { method: 'GET', path: '/b/{x}', scopes: ['s1'] },
      { method: 'ANY', path: '/c/{rest+}', scopes: ['s2'] },
      { method: 'GET', path: '/', access: 'optional' },
    ];
    fc.assert(
      fc.property(fc.subarray(apart), scopes, requests, (given, scope, [method, asked]) => {
        const rules = rulesOf(...given);
        const token = scope === undefined ? undefined : tokenWith(scope);
        const policy = policyOn(rules, token, method, asked);
        for (const other of paths)
          expect({ other, allowed: allows(policy, 'GET', other) }).toEqual({
            other,
            allowed: decisionOn(rules, token, 'GET', other).allowed,
          });
      }),
      { numRuns: 200 },
    );
  });
});
