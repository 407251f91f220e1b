import { describe, expect, it } from 'vitest';
import { ConfigurationError, integer, issuerUrl, json, oneOf, required } from '../src/environment.ts';

const refusal = (read: () => unknown): ConfigurationError => {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
  throw new Error('it was accepted');
};

it('a variable that is missing or empty is refused by name', () => {
  for (const environment of [{}, { NAME: undefined }, { NAME: '' }]) {
    expect(refusal(() => required(environment, 'NAME'))).toMatchObject({
      name: 'ConfigurationError',
      variable: 'NAME',
      message: 'NAME is not set',
    });
  }
  expect(required({ NAME: ' x ' }, 'NAME')).toBe(' x ');
});

describe('a whole number', () => {
  const read = (NAME: string) => integer({ NAME }, 'NAME', { min: 2, max: 1_000_000_000 });
  it('is taken from its least to its greatest value', () => {
    expect([read('2'), read('007'), read('1000000000')]).toEqual([2, 7, 1_000_000_000]);
  });
  it.each(['1', '1000000001', '-2', '+2', '2.0', '2e1', '0x10', ' 2', '2 ', '2s', 'NaN', '00000000002', 'two'])('refuses %j', (text) => {
    expect(refusal(() => read(text)).message).toBe('NAME must be a whole number from 2 to 1000000000');
  });
});

it('a choice is one of the words allowed, exactly', () => {
  expect(oneOf({ MODE: 'strict' }, 'MODE', ['standard', 'strict'])).toBe('strict');
  for (const MODE of ['Strict', 'strict ', 'x']) {
    expect(refusal(() => oneOf({ MODE }, 'MODE', ['standard', 'strict'])).message).toBe('MODE must be one of standard, strict');
  }
});

it('JSON is parsed, and what is none is refused without showing it', () => {
  expect(json({ RULES: '[1]' }, 'RULES')).toEqual([1]);
  expect(refusal(() => json({ RULES: '{s3cret' }, 'RULES')).message).toBe('RULES must be JSON');
  expect(refusal(() => json({}, 'RULES')).message).toBe('RULES is not set');
});

describe('an issuer URL (RFC 8414 section 2)', () => {
  const read = (ISSUER: string) => issuerUrl({ ISSUER }, 'ISSUER');
  it.each([
    'https://issuer.example',
    'https://issuer.example:8443',
    'https://issuer.example/tenant',
    'http://127.0.0.1:3000',
    'http://localhost:3000',
    'http://[::1]:3000',
  ])('may be %s', (text) => {
    expect(read(text)).toBe(text);
  });
  it.each([
    'http://issuer.example',
    'http://127.0.0.1.evil.example',
    'ftp://issuer.example',
    'https://issuer.example/',
    'https://issuer.example/tenant/',
    'https://issuer.example?x',
    'https://issuer.example/#x',
    'https://user:password@issuer.example',
    ' https://issuer.example',
    'https://issuer.example ',
    'https://issuer.example\n',
    'https://',
    'issuer.example',
    '/token',
  ])('must not be %j', (text) => {
    expect(refusal(() => read(text)).message).toBe('ISSUER must be an https URL without query, fragment or trailing slash');
  });
});
