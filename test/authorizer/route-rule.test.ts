import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pathSegments } from '../../src/authorizer/route-path.ts';
import { parseRouteRules, ruleFor, type ParsedRouteRule } from '../../src/authorizer/route-rule.ts';

const parsed = (rules: unknown): readonly ParsedRouteRule[] => {
  const result = parseRouteRules(rules);
  if (!result.ok) throw new Error(result.failure);
  return result.value;
};
const rules = parsed([
  { method: 'GET', path: '/', access: 'public' },
  { method: 'GET', path: '/admin-only', scopes: ['admin'] },
  { method: 'POST', path: '/items' },
  { method: 'GET', path: '/items/{id}' },
  { method: 'ANY', path: '/items/{id}/parts/{part_id}' },
  { method: '*', path: '/files/{proxy+}' },
  { method: 'GET', path: '/{name}' },
]);
const pathOf = (method: string, path: string): string | undefined => ruleFor(rules, { method, path })?.path;

describe('the rule of a request', () => {
  it.each([
    ['GET', '/', '/'],
    ['GET', '/admin-only', '/admin-only'],
    ['POST', '/items', '/items'],
    ['GET', '/items', '/{name}'],
    ['GET', '/items/1', '/items/{id}'],
    ['DELETE', '/items/1/parts/2', '/items/{id}/parts/{part_id}'],
    ['PATCH', '/files/a', '/files/{proxy+}'],
    ['GET', '/files/a/b/c', '/files/{proxy+}'],
    ['GET', '/items/a%20b', '/items/{id}'],
    ['GET', '/items/%C3%A9', '/items/{id}'],
    ['GET', '/items/@x:y,z=1', '/items/{id}'],
  ])('%s %s is the first that matches', (method, path, template) => {
    expect(pathOf(method, path)).toBe(template);
  });
  it.each([
    ['POST', '/admin-only'],
    ['get', '/admin-only'],
    ['HEAD', '/admin-only'],
    ['GET', '/items/1/parts'],
    ['GET', '/items/1/2/parts/3'],
    ['GET', '/a/b'],
    ['GET', ''],
    ['GET', 'admin-only'],
    ['GET', 'https://x/admin-only'],
  ])('%s %s does not exist', (method, path) => {
    expect(pathOf(method, path)).toBeUndefined();
  });
  it.each([
    '//admin-only',
    '/admin-only/',
    '/admin-only//',
    '/./admin-only',
    '/x/../admin-only',
    '/files/../admin-only',
    '/files/..%2fadmin-only',
    '/files/%2e%2e/admin-only',
    '/files/.%2e/admin-only',
    '/%2e/admin-only',
    '/admin-only%2f',
    '/admin-only%2F..',
    '/%61dmin-only',
    '/admin%2Donly',
    '/admin%2donly',
    '/admin-only%00',
    '/admin-only\0',
    '/admin-only;x=1',
    '/admin-only%3bx',
    '/;/admin-only',
    '/admin-only?x',
    '/admin-only%3f',
    '/admin-only#x',
    '/admin-only%23',
    '\\admin-only',
    '/files\\..\\admin-only',
    '/files/%5c..%5cadmin-only',
    '/%252e%252e/admin-only',
    '/admin-only%',
    '/admin-only%zz',
    '/admin-only%c0%af',
    '/admin-only%ff',
    '/admin-only%0d%0a',
    '/admin-only\n',
    '/*',
    '/items/*',
    '/items/%2a',
    '/items/${aws:username}',
    '/items/%24%7bx%7d',
    '/files/a//b',
    '/files/a/',
    '/files/',
    '/files/./a',
  ])('has no rule at all for the ambiguous path %j', (path) => {
    expect(pathOf('GET', path)).toBeUndefined();
  });
  it('is never the rule of another path by its case', () => {
    expect(pathOf('GET', '/ADMIN-ONLY')).toBe('/{name}');
    expect(pathOf('GET', '/Files/a')).toBeUndefined();
  });
  it('never has segments that mean something to a file system, a URL or a policy', () => {
    const piece = fc.oneof(
      fc.constantFrom('/', '.', '..', '%2e', '%2f', '%5c', ';', '%', '*', '?', 'a', '%61', '%c3%a9', '\\', '%00', '%25'),
      fc.string({ maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        for (const segment of pathSegments(`/${pieces.join('')}`) ?? [])
          expect(segment).not.toMatch(/^\.{0,2}$|[/\\;?#*%{}\u0000-\u001f\u007f]/);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('configured rules', () => {
  it.each([
    [{}, 'must be a JSON array'],
    ['x', 'must be a JSON array'],
    [[1], 'rule 1: it is not an object'],
    [[{ method: 'GET', path: '/' }, null], 'rule 2: it is not an object'],
    [[{ path: '/' }], 'method must be'],
    [[{ method: 'get', path: '/' }], 'method must be'],
    [[{ method: 'FETCH', path: '/' }], 'method must be'],
    [[{ method: 'GET' }], 'path must be'],
    [[{ method: 'GET', path: 'x' }], 'path must be'],
    [[{ method: 'GET', path: '/x/' }], 'path must be'],
    [[{ method: 'GET', path: '//x' }], 'path must be'],
    [[{ method: 'GET', path: '/*' }], 'path must be'],
    [[{ method: 'GET', path: '/../x' }], 'path must be'],
    [[{ method: 'GET', path: '/{a+}/b' }], 'path must be'],
    [[{ method: 'GET', path: '/{}' }], 'path must be'],
    [[{ method: 'GET', path: '/x{a}' }], 'path must be'],
    [[{ method: 'GET', path: '/a%20b' }], 'path must be'],
    [[{ method: 'GET', path: '/', scope: ['admin'] }], 'unknown member "scope"'],
    [[{ method: 'GET', path: '/', scopes: 'admin' }], 'scopes must be'],
    [[{ method: 'GET', path: '/', scopes: ['a b'] }], 'scopes must be'],
    [[{ method: 'GET', path: '/', scopes: ['a"'] }], 'scopes must be'],
    [[{ method: 'GET', path: '/', roles: [1] }], 'roles must be'],
    [[{ method: 'GET', path: '/', factors: 'mtls' }], 'factors must be'],
    [[{ method: 'GET', path: '/', factors: [['mtls'], 'ip'] }], 'factors must be'],
    [[{ method: 'GET', path: '/', factors: [[]] }], 'factors must be'],
    [[{ method: 'GET', path: '/', factors: { any: 0 } }], 'factors must be'],
    [[{ method: 'GET', path: '/', factors: { any: 1, all: 2 } }], 'factors must be'],
    [[{ method: 'GET', path: '/', factors: null }], 'factors must be'],
    [[{ method: 'GET', path: '/', bound: 'yes' }], 'bound must be'],
    [[{ method: 'GET', path: '/', access: 'none' }], 'access must be'],
    [[{ method: 'GET', path: '/', access: 'public', scopes: ['read'] }], 'a public route cannot demand'],
    [Array.from({ length: 501 }, () => ({ method: 'GET', path: '/' })), 'at most 500'],
  ])('%j are refused: %s', (value, problem) => {
    const result = parseRouteRules(value);
    expect(result.ok ? '' : result.failure).toContain(problem);
  });
  it('may demand everything that a rule can', () => {
    expect(
      parseRouteRules([
        {
          method: 'ANY',
          path: '/a/{b}/{c+}',
          scopes: ['read'],
          roles: ['x y'],
          factors: [['mtls'], ['client_secret', 'ip']],
          bound: true,
          access: 'optional',
        },
        { method: 'GET', path: '/', factors: ['mtls'] },
        { method: 'GET', path: '/x', factors: { any: 2 } },
      ]).ok,
    ).toBe(true);
  });
  it('never make parsing throw', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        parseRouteRules([value]);
      }),
    );
  });
});
