import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSameName, nameText, parseName, valueOf } from '../../src/client-authentication/distinguished-name.ts';

const same = (one: string, other: string): boolean => isSameName(parseName(one)!, parseName(other)!);

describe('a distinguished name (RFC 4514)', () => {
  it.each([
    ['CN=billing', [[['CN', 'billing']]]],
    ['cn=billing,o=Example', [[['CN', 'billing']], [['O', 'Example']]]],
    ['CN=billing, O=Example', [[['CN', 'billing']], [['O', 'Example']]]],
    [
      'OU=Sales+CN=J.  Smith,DC=example,DC=net',
      [
        [
          ['CN', 'J.  Smith'],
          ['OU', 'Sales'],
        ],
        [['DC', 'example']],
        [['DC', 'net']],
      ],
    ],
    ['CN=James \\"Jim\\" Smith\\, III,DC=net', [[['CN', 'James "Jim" Smith, III']], [['DC', 'net']]]],
    ['CN=Before\\0dAfter', [[['CN', 'Before\rAfter']]]],
    ['CN=Lu\\C4\\8Di\\C4\\87', [[['CN', 'Lu\u010di\u0107']]]],
    ['2.5.4.3=billing', [[['CN', 'billing']]]],
    ['1.3.6.1.4.1.1466.0=x', [[['1.3.6.1.4.1.1466.0', 'x']]]],
  ])('%s', (text, name) => {
    expect(parseName(text)).toEqual(name);
  });

  it.each([
    '',
    'billing',
    'CN',
    'CN=',
    '=billing',
    'CN=a,',
    ',CN=a',
    'CN=a,,O=b',
    'CN=a+',
    'CN= a',
    'CN=a ',
    'CN=#04024869',
    'CN="a"',
    'CN=a;O=b',
    'CN=a<b',
    'XY=a',
    'CN=a\\',
    'CN=a\\zz',
    'CN=a\\00',
    'CN=\\ff',
    'CN=a\u0000',
  ])('%j is none', (text) => {
    expect(parseName(text)).toBeUndefined();
  });

  it.each([
    ['CN=billing,O=Example', 'O=Example,CN=billing'],
    ['CN=billing', 'CN=Billing'],
    ['CN=billing', 'CN=billing,O=Example'],
    ['CN=a+OU=b', 'CN=a,OU=b'],
    ['CN=a\\,O=b', 'CN=a,O=b'],
    ['CN=a', 'OU=a'],
  ])('%s is not %s', (one, other) => {
    expect(same(one, other)).toBe(false);
  });

  it('does not depend on the order within one part', () => {
    expect(same('CN=a+OU=b,O=c', 'ou=b+cn=a,o=c')).toBe(true);
  });

  it('reads what it writes', () => {
    const value = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
      .filter((text) => !/[\u0000\uFFFD]/.test(text) && text.isWellFormed());
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('CN', 'O', 'OU', 'DC', '1.2.3'), value), { minLength: 1, maxLength: 4 }), (parts) => {
        const name = parts.map((part) => [part]);
        expect(parseName(nameText(name))).toEqual(name);
      }),
    );
  });

  it('answers the most specific value of a type', () => {
    expect(valueOf(parseName('CN=a,DC=b,DC=c')!, 'DC')).toBe('b');
    expect(valueOf(parseName('CN=a')!, 'O')).toBeUndefined();
  });
});
