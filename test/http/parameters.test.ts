import { describe, expect, it } from 'vitest';
import { readJsonObject } from '../../src/http/json-body.ts';
import { decodeFormComponent, readParameters } from '../../src/http/parameters.ts';
import { httpRequest } from './http-request.ts';

const FORM = 'application/x-www-form-urlencoded';
const form = (body: string | Uint8Array, type = FORM) =>
  readParameters(httpRequest({ headers: { 'content-type': type }, body }), { json: true });
const json = (body: string | Uint8Array, accepts = true) =>
  readParameters(httpRequest({ headers: { 'content-type': 'application/json' }, body }), { json: accepts });
const read = (members: Record<string, string>) => ({ ok: true, value: new Map(Object.entries(members)) });
const refused = (reason: string) => ({ ok: false, failure: { reason } });

describe('a form (RFC 6749 appendix B)', () => {
  it.each<[string, string, Record<string, string>]>([
    ['pairs', 'a=1&b=2', { a: '1', b: '2' }],
    ['escapes and plus signs in names and values', 'a%20b=c+d%2B%3D%26&%C3%A4=%E2%82%AC', { 'a b': 'c d+=&', '\u00e4': '\u20ac' }],
    ['a value with equals signs', 'a=b=c==', { a: 'b=c==' }],
    ['empty values as omitted, with and without an equals sign', 'a=&b&c=1', { c: '1' }],
    ['names without an equals sign as omitted, each by itself', 'ab&cd&ef=1', { ef: '1' }],
    ['empty pairs as none', '&&a=1&&', { a: '1' }],
    ['raw UTF-8', 'a=\u00e4', { a: '\u00e4' }],
    ['__proto__ as a name like any other', '__proto__=1', { ['__proto__']: '1' }],
    ['brackets as part of the name', 'scope[]=admin', { 'scope[]': 'admin' }],
    ['a byte order mark as part of the name', '\ufeffa=1', { '\ufeffa': '1' }],
    ['NUL', 'a=%00', { a: '\0' }],
  ])('reads %s', (_, body, members) => {
    const parameters = form(body);
    expect(parameters).toEqual({ ok: true, value: new Map(Object.entries(members)) });
  });

  it.each([FORM, 'Application/X-WWW-Form-UrlEncoded', `${FORM}; charset=utf-8`, `${FORM} ;charset="x"`, ` ${FORM}`])(
    'is recognised as %s',
    (type) => {
      expect(form('a=1', type)).toEqual(read({ a: '1' }));
    },
  );

  it.each(['text/plain', 'application/xml', 'multipart/form-data; boundary=x', `x${FORM}`, `${FORM}x`, '', `text/plain; ${FORM}`])(
    'is not recognised as %j',
    (type) => {
      expect(form('a=1', type)).toEqual(refused('media_type_unsupported'));
    },
  );

  it.each(['a=1&a=1', 'a=1&a=2', 'a=&a=1', 'a&a', 'a=1&%61=2', '__proto__=1&__proto__=2'])('refuses a repeated name: %s', (body) => {
    expect(form(body)).toEqual(refused('parameter_repeated'));
  });

  it.each(['a=%', 'a=%e', 'a=%zz', '%=a', 'a=%ff', 'a=%C3', 'a=%ED%A0%80'])('refuses a broken escape: %s', (body) => {
    expect(form(body)).toEqual(refused('body_malformed'));
  });

  it('refuses bytes that are no UTF-8', () => {
    expect(form(Buffer.from('613dff', 'hex'))).toEqual(refused('body_malformed'));
  });

  it('takes 64 pairs and not one more', () => {
    const pairs = (count: number) => Array.from({ length: count }, (_, at) => `p${at}=1`).join('&');
    expect(form(pairs(64)).ok).toBe(true);
    expect(form(pairs(65))).toEqual(refused('parameters_too_many'));
    expect(form(pairs(10_000).slice(0, 65_536))).toEqual(refused('parameters_too_many'));
    expect(form('&'.repeat(65))).toEqual(refused('parameters_too_many'));
  });
});

describe('JSON parameters', () => {
  it('are texts, and true and false as texts', () => {
    expect(json('{"a":"1","b":true,"c":false}')).toEqual(read({ a: '1', b: 'true', c: 'false' }));
  });

  it('leave out null and empty texts', () => {
    expect(json('{"a":null,"b":"","c":"1"}')).toEqual(read({ c: '1' }));
  });

  it.each([
    '{"a":1}',
    '{"a":[]}',
    '{"a":{}}',
    '[]',
    '"a"',
    'null',
    '1',
    ' ',
    '{',
    '{"a":"1","a":"2"}',
    '{"__proto__":"x"}',
    '{"a":"\\ud800"}',
    '\ufeff{}',
  ])('refuse %s', (body) => {
    expect(json(body)).toEqual(refused('body_malformed'));
  });

  it('refuse bytes that are no UTF-8', () => {
    expect(json(Buffer.from('7b2261223a22ff227d', 'hex'))).toEqual(refused('body_malformed'));
  });

  it('take 64 members and not one more', () => {
    const members = (count: number) => JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${at}`, '1'])));
    expect(json(members(64)).ok).toBe(true);
    expect(json(members(65))).toEqual(refused('parameters_too_many'));
  });

  it('are taken only where the endpoint says so', () => {
    expect(json('{"a":"1"}', false)).toEqual(refused('media_type_unsupported'));
  });
});

describe('before anything is parsed', () => {
  it('an empty body is no parameters and needs no media type', () => {
    expect(readParameters(httpRequest(), { json: false })).toEqual(read({}));
  });

  it('parameters in the URI are refused, also empty ones', () => {
    for (const query of ['grant_type=client_credentials', 'x']) {
      expect(readParameters(httpRequest({ query }), { json: true })).toEqual(refused('parameters_in_query'));
    }
  });

  it('a body of 64 KiB is read, one byte more is not', () => {
    expect(form(`a=${'b'.repeat(65_534)}`).ok).toBe(true);
    expect(form(`a=${'b'.repeat(65_535)}`)).toEqual({ ok: false, failure: { reason: 'body_too_large', bytes: 65_537 } });
    expect(form('b'.repeat(1_000_000), 'text/plain')).toMatchObject({ failure: { reason: 'body_too_large' } });
  });
});

describe('a JSON object as a body', () => {
  const object = (body: string | Uint8Array, type = 'application/json') =>
    readJsonObject(httpRequest({ headers: { 'content-type': type }, body }));

  it('is read as it is', () => {
    expect(object('{"a":[1,{"b":null}]}')).toEqual({ ok: true, value: { a: [1, { b: null }] } });
    expect(object('{}', 'Application/JSON; charset=utf-8')).toEqual({ ok: true, value: {} });
  });

  it('needs its media type, also when it is empty', () => {
    expect(object('{}', FORM)).toEqual(refused('media_type_not_json'));
    expect(readJsonObject(httpRequest())).toEqual(refused('media_type_not_json'));
  });

  it.each(['', '[]', '{"a":1,"a":2}', '{"a":1e999}', '['.repeat(30_000), `{"a":${'['.repeat(9)}${']'.repeat(9)}}`])(
    'refuses %s',
    (body) => {
      expect(object(body)).toEqual(refused('body_malformed'));
    },
  );

  it('is read up to 64 KiB', () => {
    const of = (bytes: number) => `{"a":"${'b'.repeat(bytes - 8)}"}`;
    expect(object(of(65_536)).ok).toBe(true);
    expect(object(of(65_537))).toEqual({ ok: false, failure: { reason: 'body_too_large', bytes: 65_537 } });
  });
});

it('a form component without escapes is itself', () => {
  expect(['abc', 'a+b', '%41', '%', 'a%2'].map(decodeFormComponent)).toEqual(['abc', 'a b', 'A', undefined, undefined]);
});
