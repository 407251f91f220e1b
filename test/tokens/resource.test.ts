import { describe, expect, it } from 'vitest';
import { chooseAudience, isResourceUri } from '../../src/tokens/resource.ts';

describe('resource URIs (RFC 8707 section 2)', () => {
  it.each(['https://api.example', 'https://api.example/v1?tenant=7', 'urn:example:billing', 'https://api.example:8443/'])(
    'takes %s',
    (text) => {
      expect(isResourceUri(text)).toBe(true);
    },
  );

  it.each([
    ['a relative reference', '/v1'],
    ['a bare name', 'billing'],
    ['nothing', ''],
    ['a fragment', 'https://api.example/#a'],
    ['an empty fragment', 'https://api.example/#'],
    ['a space around it', ' https://api.example'],
    ['a line feed within', 'https://api.exa\nmple'],
    ['a tab within', 'https://api.example/\tv1'],
    ['a NUL', 'https://api.example/\0'],
    ['characters beyond ASCII', 'https://api.example/\u00fc'],
  ])('refuses %s', (_, text) => {
    expect(isResourceUri(text)).toBe(false);
  });
});

describe('choosing the audience', () => {
  const registered = ['https://one.example', 'https://two.example'];

  it('is the first registered when none is asked for', () => {
    expect(chooseAudience(undefined, registered)).toEqual({ ok: true, value: 'https://one.example' });
  });

  it('is the one asked for when it is registered', () => {
    expect(chooseAudience('https://two.example', registered)).toEqual({ ok: true, value: 'https://two.example' });
  });

  it.each(['https://two.example/', 'https://TWO.example', 'https://two.example.evil', 'https://two.exampl'])(
    'is compared exactly: %s is another',
    (resource) => {
      expect(chooseAudience(resource, registered)).toMatchObject({ ok: false, failure: { reason: 'resource_not_allowed', resource } });
    },
  );

  it('is refused when it is no absolute URI', () => {
    expect(chooseAudience('two', ['two'])).toEqual({ ok: false, failure: { reason: 'resource_malformed' } });
  });

  it('takes a client without any audience for a defect', () => {
    expect(() => chooseAudience(undefined, [])).toThrow('a client has at least one audience');
  });
});
