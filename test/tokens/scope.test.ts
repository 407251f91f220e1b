import { describe, expect, it } from 'vitest';
import { formatScope, grantScope, parseScope } from '../../src/tokens/scope.ts';

describe('scope syntax (RFC 6749 section 3.3)', () => {
  it.each([
    ['one token', 'read', ['read']],
    ['several between single spaces', 'read write', ['read', 'write']],
    ['each character that a token may have at the ends of its ranges', '! # [ ] ~', ['!', '#', '[', ']', '~']],
    ['a repeated token once', 'read write read', ['read', 'write']],
    ['tokens that differ in case', 'read Read', ['read', 'Read']],
  ])('takes %s', (_, text, scope) => {
    expect(parseScope(text)).toEqual(scope);
  });

  it.each([
    ['nothing', ''],
    ['a space alone', ' '],
    ['a leading space', ' read'],
    ['a trailing space', 'read '],
    ['two spaces', 'read  write'],
    ['a tab', 'read\twrite'],
    ['a line feed', 'read\n'],
    ['a NUL', 'read\0'],
    ['a quote', 'read"'],
    ['a backslash', 'read\\'],
    ['DEL', 'read\x7f'],
    ['a no-break space', 'read\u00a0write'],
    ['full-width letters', '\uff52\uff45\uff41\uff44'],
    ['a lone surrogate', '\ud800'],
  ])('refuses %s', (_, text) => {
    expect(parseScope(text)).toBeUndefined();
  });

  it('writes tokens between single spaces', () => {
    expect(formatScope(['read', 'write'])).toBe('read write');
    expect(formatScope([])).toBe('');
  });
});

describe('granting scope', () => {
  const allowed = ['read', 'write', 'clients:manage'];
  const grant = (requested: string | undefined) => grantScope(requested, allowed, ['read', 'write']);

  it('grants the fallback when none is asked for', () => {
    expect(grant(undefined)).toEqual({ ok: true, value: ['read', 'write'] });
  });

  it('grants all of what is asked for, in the order of the request, outside the fallback too', () => {
    expect(grant('write read')).toEqual({ ok: true, value: ['write', 'read'] });
    expect(grant('clients:manage')).toEqual({ ok: true, value: ['clients:manage'] });
  });

  it('grants nothing when one token is not allowed, and names the first such', () => {
    expect(grant('read admin root')).toMatchObject({ ok: false, failure: { reason: 'scope_not_allowed', scope: 'admin' } });
  });

  it.each(['READ', 'read,write', '*', 'rea', 'readd', 'clients:*'])('never takes %s for a scope that it resembles', (requested) => {
    expect(grant(requested)).toMatchObject({ ok: false, failure: { reason: 'scope_not_allowed', scope: requested } });
  });

  it('refuses what is no scope', () => {
    expect(grant('read  write')).toEqual({ ok: false, failure: { reason: 'scope_malformed' } });
  });
});
