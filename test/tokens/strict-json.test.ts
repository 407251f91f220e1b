import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJsonObject } from '../../src/tokens/strict-json.ts';

describe('strict JSON objects', () => {
  it('reads what JSON.stringify writes', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }), { noNullPrototype: true });
    fc.assert(
      fc.property(object, (value) => {
        const text = JSON.stringify(value);
        fc.pre(!text.includes('__proto__'));
        expect(parseJsonObject(text)).toEqual(JSON.parse(text));
        expect(parseJsonObject(Buffer.from(text))).toEqual(JSON.parse(text));
      }),
    );
  });
  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.uint8Array(), fc.string({ unit: fc.constantFrom(...'{}[]":,\\u0123abnrtf e-+.'.split('')) })),
        (source) => {
          parseJsonObject(source);
        },
      ),
    );
  });
  it.each([
    ['a repeated member', '{"a":1,"a":1}'],
    ['a repeated member deep inside', '{"a":{"b":[{"c":1,"c":2}]}}'],
    ['a repeated member, once with escapes', '{"alg":"RS256","\\u0061lg":"none"}'],
    ['a repeated member around a string with quotes and colons', '{"a":"\\":{:","a":"\\\\"}'],
    ['__proto__', '{"__proto__":{"x":1}}'],
    ['__proto__ with escapes', '{"\\u005f_proto__":1}'],
    ['__proto__ deep inside', '{"a":[{"__proto__":1}]}'],
    ['nesting deeper than 8', `${'{"a":'.repeat(9)}1${'}'.repeat(9)}`],
    ['nesting of 100,000', `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['a number beyond a double', '{"exp":1e999}'],
    ['a lone surrogate', '{"a":"\\ud800"}'],
    ['a lone surrogate as a name', '{"\\udc00":1}'],
    ['an array', '[]'],
    ['a string', '"a"'],
    ['null', 'null'],
    ['nothing', ''],
    ['two objects', '{}{}'],
    ['a comment', '{}//'],
    ['a trailing comma', '{"a":1,}'],
    ['single quotes', "{'a':1}"],
    ['a raw line feed in a string', '{"a":"\n"}'],
    ['an open string', '{"a":"'],
    ['an escape at the very end', '{"a":"\\'],
    ['a byte order mark', '\ufeff{}'],
  ])('refuses %s', (_, text) => {
    expect(parseJsonObject(text)).toBeUndefined();
    expect(parseJsonObject(Buffer.from(text))).toBeUndefined();
  });
  it.each([
    ['a byte of no character', [0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]],
    ['an overlong encoding', [0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d]],
    ['UTF-16', [...Buffer.from('{"a":1}', 'utf16le')]],
  ])('refuses %s', (_, bytes) => {
    expect(parseJsonObject(Uint8Array.from(bytes))).toBeUndefined();
  });
  it('refuses a lone surrogate in text that was never UTF-8', () => {
    expect(parseJsonObject('{"a":"\ud800"}')).toBeUndefined();
  });
  it('takes nesting of 8, escapes and whitespace', () => {
    expect(parseJsonObject(`${'{"a":'.repeat(8)}1${'}'.repeat(8)}`)).toBeDefined();
    expect(parseJsonObject(' { "a\\"b" : "\\ud83d\\ude00" , "c:d" : [ 1 , { } ] } ')).toEqual({ 'a"b': '😀', 'c:d': [1, {}] });
  });
  it('tells apart names that only look repeated', () => {
    expect(parseJsonObject('{"a":1,"A":2,"b":{"a":3},"c":[{"a":4},{"a":5}]}')).toEqual({
      a: 1,
      A: 2,
      b: { a: 3 },
      c: [{ a: 4 }, { a: 5 }],
    });
  });
});
