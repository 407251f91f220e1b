import { describe, expect, it } from 'vitest';
import { credentialOf } from '../../src/authorizer/credential.ts';
import { apiKeyIdFrom, formatApiKey } from '../../src/tokens/api-key.ts';

const KEY = formatApiKey(apiKeyIdFrom(Buffer.alloc(12, 1), 'billing'), Buffer.alloc(32, 2));
const of = (authorization: readonly string[], apiKey: readonly string[]) => credentialOf({ authorization, apiKey });

describe('the credential of a request', () => {
  it.each<[string, readonly string[], readonly string[], unknown]>([
    ['nothing', [], [], undefined],
    ['a token with a proof', ['DPoP eyJ.a.b'], [], { kind: 'token', scheme: 'DPoP', token: 'eyJ.a.b' }],
    ['a token', ['Bearer eyJ.a.b'], [], { kind: 'token', scheme: 'Bearer', token: 'eyJ.a.b' }],
    ['a key in its own header', [], [KEY], { kind: 'api_key', key: KEY }],
    ['a key as a Bearer', [`Bearer ${KEY}`], [], { kind: 'api_key', key: KEY }],
    ["a token beside somebody else's key", ['Bearer eyJ.a.b'], ['usage-plan-key'], { kind: 'token', scheme: 'Bearer', token: 'eyJ.a.b' }],
    ["somebody else's key alone", [], ['usage-plan-key'], undefined],
  ])('%s', (_name, authorization, apiKey, expected) => expect(of(authorization, apiKey)).toEqual({ ok: true, value: expected }));

  it.each<[string, readonly string[], readonly string[], string]>([
    ['a key and a token', ['Bearer eyJ.a.b'], [KEY], 'credentials_several'],
    ['a key twice', [`Bearer ${KEY}`], [KEY], 'credentials_several'],
    ['two keys in two headers', [], [KEY, KEY], 'credentials_several'],
    ['two keys joined by the gateway', [], [`${KEY},${KEY}`], 'api_key_malformed'],
    ["a key behind somebody else's", [], [`usage-plan-key,${KEY}`], 'api_key_malformed'],
    ['a mistyped key', [], [`${KEY.slice(0, -1)}!`], 'api_key_malformed'],
    ['a mistyped key as a Bearer', [`Bearer ${KEY}x`], [], 'api_key_malformed'],
    ['a key and another scheme', ['Basic eA=='], [KEY], 'authorization_not_bearer'],
    ['two Authorization headers', [`Bearer ${KEY}`, `Bearer ${KEY}`], [], 'authorization_repeated'],
  ])('refuses %s', (_name, authorization, apiKey, reason) => expect(of(authorization, apiKey)).toEqual({ ok: false, failure: { reason } }));
});
