import { constants, createHmac, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALGORITHMS } from '../../src/tokens/algorithms.ts';
import { decodeBase64Url, encodeBase64Url } from '../../src/tokens/base64url.ts';
import { importVerificationKey, type VerificationKey } from '../../src/tokens/jwk.ts';
import { JWS_LENGTH_MAX, parseJws, verifyJws, verifySignature } from '../../src/tokens/jws.ts';
import { keysOf, signatureOf, signedJws, testKey } from './test-issuer.ts';
import { wycheproof } from './wycheproof.ts';

const keys = { RS256: testKey('RS256'), PS256: testKey('PS256'), ES256: testKey('ES256'), EdDSA: testKey('EdDSA') } as const;
const all = keysOf(...Object.values(keys));
const reasonOf = (text: string, trusted: ReadonlyMap<string, VerificationKey> = all): string => {
  const verified = verifyJws(text, trusted);
  return verified.ok ? 'ok' : verified.failure.reason;
};
const imported = (jwk: unknown): VerificationKey => {
  const key = importVerificationKey(jwk);
  if (!key.ok) throw new Error(key.failure.reason);
  return key.value;
};
const RS = keys.RS256;
const header = { alg: 'RS256', kid: RS.kid, typ: 'at+jwt' };
const resigned = (changes: object): string => signedJws(RS, { ...header, ...changes }, { sub: 'x' });

describe('signatures of the RFCs', () => {
  it('takes RFC 7515 appendix A.2 (RS256)', () => {
    const key = imported({
      kty: 'RSA',
      kid: 'a2',
      alg: 'RS256',
      n: 'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
      e: 'AQAB',
    });
    const input = 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';
    const signature =
      'cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw';
    expect(verifySignature(key, input, decodeBase64Url(signature) ?? Buffer.alloc(0))).toBe(true);
    expect(verifySignature(key, `${input}A`, decodeBase64Url(signature) ?? Buffer.alloc(0))).toBe(false);
  });
  it('takes RFC 7515 appendix A.3 (ES256)', () => {
    const key = imported({
      kty: 'EC',
      kid: 'a3',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    });
    const input = 'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';
    const signature = 'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q';
    expect(verifySignature(key, input, decodeBase64Url(signature) ?? Buffer.alloc(0))).toBe(true);
  });
  it('takes RFC 8037 appendix A.4 (EdDSA)', () => {
    const key = imported({ kty: 'OKP', kid: 'a4', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' });
    const input = 'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc';
    const signature = 'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg';
    expect(verifySignature(key, input, decodeBase64Url(signature) ?? Buffer.alloc(0))).toBe(true);
  });
});

describe.each(ALGORITHMS)('a %s signature', (alg) => {
  const key = keys[alg];
  const token = signedJws(key, { alg, kid: key.kid }, { sub: 'x' });
  it('is taken', () => {
    expect(reasonOf(token)).toBe('ok');
  });
  it('covers every character of header and payload, and has one spelling', () => {
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom(...'ABCXYZabcxyz019-_.=+/ '), (at, character) => {
        fc.pre(token[at] !== character);
        return !verifyJws(token.slice(0, at) + character + token.slice(at + 1), all).ok;
      }),
      { numRuns: 300 },
    );
  });
  it('is refused when it is shorter or longer', () => {
    expect(reasonOf(token.slice(0, -4))).not.toBe('ok');
    expect(reasonOf(`${token}AAAA`)).not.toBe('ok');
    expect(reasonOf(token.slice(0, token.lastIndexOf('.') + 1))).toBe('token_malformed');
  });
  it('is refused under every other algorithm', () => {
    const { signature } = parsed(token);
    for (const other of ALGORITHMS.filter((candidate) => candidate !== alg)) {
      expect(reasonOf(signedJws(key, { alg: other, kid: key.kid }, {}))).toBe('algorithm_mismatch');
      expect(verifySignature(keys[other], parsed(token).signingInput, signature)).toBe(false);
    }
  });
});

const parsed = (token: string) => {
  const jws = parseJws(token);
  if (!jws.ok) throw new Error(jws.failure.reason);
  return jws.value;
};

describe('the header', () => {
  it.each(['none', 'None', 'NONE', 'nOnE', 'HS256', 'HS512', 'RS512', 'rs256', 'RS256 ', '', 'PS256'])(
    'with alg %j is refused whatever is signed',
    (alg) => {
      expect(reasonOf(resigned({ alg }))).toBe('algorithm_mismatch');
    },
  );
  it('with alg none and no signature is refused', () => {
    expect(reasonOf(`${encodeBase64Url(JSON.stringify({ alg: 'none', kid: RS.kid }))}.e30.`)).toBe('token_malformed');
  });
  it.each([
    ['PEM', RS.key.export({ type: 'spki', format: 'pem' })],
    ['DER', RS.key.export({ type: 'spki', format: 'der' })],
    ['PKCS #1', RS.key.export({ type: 'pkcs1', format: 'pem' })],
    ['JWK', JSON.stringify(RS.jwk)],
    ['nothing', ''],
    ['kid', RS.kid],
  ])('with HS256 under the public key as %s is refused', (_, secret) => {
    const input = `${encodeBase64Url(JSON.stringify({ alg: 'HS256', kid: RS.kid }))}.e30`;
    expect(reasonOf(`${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`)).toBe('algorithm_mismatch');
  });
  it.each([
    ['unknown', 'nobody', 'key_unknown'],
    ['a path', '../../../../dev/null', 'key_unknown'],
    ['SQL', "x' UNION SELECT 'k", 'key_unknown'],
    ['named like an inherited member', '__proto__', 'key_unknown'],
    ['empty', '', 'header_member_invalid'],
    ['a list', [RS.kid], 'header_member_invalid'],
    ['null', null, 'header_member_invalid'],
    ['enormous', 'k'.repeat(300), 'header_member_invalid'],
    ['in another case', RS.kid.toLowerCase(), 'key_unknown'],
    ['followed by NUL', `${RS.kid}\0`, 'key_unknown'],
  ])('with a kid that is %s is refused', (_, kid, reason) => {
    expect(reasonOf(resigned({ kid }))).toBe(reason);
  });
  it('without a kid is refused, whatever keys there are', () => {
    expect(reasonOf(signedJws(RS, { alg: 'RS256' }, {}), keysOf(RS))).toBe('header_member_invalid');
  });
  it.each([
    ['crit', { crit: ['exp'], exp: 1 }],
    ['an empty crit', { crit: [] }],
    ['b64', { b64: true }],
    ['b64 false', { b64: false, crit: ['b64'] }],
    ['alg of another type', { alg: ['RS256'] }],
    ['typ of another type', { typ: 7 }],
  ])('with %s is refused', (_, changes) => {
    expect(reasonOf(resigned(changes))).toBe('header_member_invalid');
  });
  it('that brings its own key is judged by ours', () => {
    const attacker = testKey('RS256');
    const own = { jwk: attacker.jwk, jku: 'https://attacker.example/jwks', x5u: 'https://attacker.example/x', x5c: ['AAAA'] };
    expect(reasonOf(signedJws(attacker, { ...header, ...own }, {}))).toBe('signature_wrong');
    expect(reasonOf(signedJws(attacker, { ...header, ...own, kid: attacker.kid }, {}))).toBe('key_unknown');
    expect(reasonOf(resigned(own))).toBe('ok');
  });
  it.each([
    ['a repeated member', `{"alg":"none","alg":"RS256","kid":"${RS.kid}"}`],
    ['__proto__', `{"alg":"RS256","kid":"${RS.kid}","__proto__":{}}`],
    ['a list', '["RS256"]'],
    ['text', 'RS256'],
    ['nothing', ' '],
    ['a byte order mark', `\ufeff{"alg":"RS256","kid":"${RS.kid}"}`],
  ])('that is %s is refused', (_, text) => {
    expect(reasonOf(signedJws(RS, text, {}))).toBe('token_malformed');
  });
  it('that was good once does not vouch for one that only resembles it', () => {
    const good = resigned({});
    expect(reasonOf(good)).toBe('ok');
    expect(reasonOf(good)).toBe('ok');
    expect(reasonOf(` ${good}`)).toBe('token_malformed');
    expect(reasonOf(good, keysOf(keys.ES256))).toBe('key_unknown');
  });
});

describe('the form', () => {
  const good = resigned({});
  const [h = '', p = '', s = ''] = good.split('.');
  it.each([
    ['nothing', ''],
    ['one part', h],
    ['two parts', `${h}.${p}`],
    ['four parts', `${good}.`],
    ['the five parts of a JWE', `${good}.${s}.${s}`],
    ['6,000 dots', '.'.repeat(6000)],
    ['an empty header', `.${p}.${s}`],
    ['a leading dot', `.${good}`],
    ['JSON serialization', JSON.stringify({ protected: h, payload: p, signature: s })],
    ['padding', `${good}=`],
    ['a line feed', `${good}\n`],
    ['whitespace', `${h}. ${p}.${s}`],
  ])('of %s is refused', (_, text) => {
    expect(reasonOf(text)).toBe('token_malformed');
  });
  it('longer than 8 KiB is refused before it is looked at', () => {
    expect(parseJws('x'.repeat(JWS_LENGTH_MAX + 1))).toEqual({
      ok: false,
      failure: { reason: 'token_too_long', length: JWS_LENGTH_MAX + 1 },
    });
    expect(reasonOf('a.'.repeat(300_000))).toBe('token_too_long');
  });
  it('never throws', () => {
    const part = fc.oneof(fc.string(), fc.base64String(), fc.constantFrom(h, p, s, ''));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(part, { maxLength: 6 }).map((parts) => parts.join('.')),
        ),
        (text) => {
          verifyJws(text, all);
        },
      ),
    );
  });
});

describe('ES256 (RFC 7518 section 3.4)', () => {
  const key = keys.ES256;
  const ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
  const one = Buffer.concat([Buffer.alloc(31), Buffer.from([1])]);
  const zero = Buffer.alloc(32);
  it.each([
    ['r and s zero', zero, zero],
    ['r zero', zero, one],
    ['s zero', one, zero],
    ['r the order', ORDER, one],
    ['s the order', one, ORDER],
    ['both the order', ORDER, ORDER],
    ['both all ones', Buffer.alloc(32, 255), Buffer.alloc(32, 255)],
  ])('refuses %s', (_, r, s) => {
    expect(verifySignature(key, 'data', Buffer.concat([r, s]))).toBe(false);
  });
  it('refuses DER', () => {
    expect(verifySignature(key, 'data', sign('sha256', Buffer.from('data'), key.privateKey))).toBe(false);
  });
  it('refuses 63 and 65 bytes', () => {
    const signature = signatureOf(key, 'data');
    expect(verifySignature(key, 'data', signature)).toBe(true);
    expect(verifySignature(key, 'data', signature.subarray(1))).toBe(false);
    expect(verifySignature(key, 'data', Buffer.concat([signature, Buffer.alloc(1)]))).toBe(false);
  });
});

describe('PS256 (RFC 7518 section 3.5)', () => {
  it.each([0, 20, 31, 33, 64])('refuses a salt of %i bytes', (saltLength) => {
    const signature = sign('sha256', Buffer.from('data'), {
      key: keys.PS256.privateKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength,
    });
    expect(verifySignature(keys.PS256, 'data', signature)).toBe(false);
  });
});

type RawGroup = { readonly publicKeyJwk?: unknown; readonly keyJwk?: unknown };
describe.each([
  ['ecdsa_secp256r1_sha256_p1363', 'ES256'],
  ['ed25519', 'EdDSA'],
  ['rsa_signature_2048_sha256', 'RS256'],
  ['rsa_pss_2048_sha256_mgf1_32', 'PS256'],
] as const)('Wycheproof %s', (name, alg) => {
  const vectors = wycheproof(name);
  it.skipIf(vectors === undefined)('is judged as Wycheproof does', () => {
    let judged = 0;
    for (const group of vectors?.testGroups ?? []) {
      const { publicKeyJwk, keyJwk } = group as RawGroup;
      const key = importVerificationKey({ ...((publicKeyJwk ?? keyJwk) as object), kid: 'k', alg });
      if (!key.ok) continue; // a weak key is refused as a whole
      for (const { tcId, msg, sig, result, flags } of group.tests) {
        const taken = verifySignature(key.value, Buffer.from(String(msg), 'hex'), Buffer.from(String(sig), 'hex'));
        if (result !== 'acceptable') expect({ tcId, flags, taken }).toEqual({ tcId, flags, taken: result === 'valid' });
        judged++;
      }
    }
    expect(judged).toBeGreaterThan(90);
  });
});

const headerAlgOf = (jws: string): unknown =>
  (JSON.parse(Buffer.from(jws.split('.')[0] ?? '', 'base64url').toString()) as { alg?: unknown }).alg;

describe.each(['json_web_signature', 'json_web_key', 'json_web_crypto'])('Wycheproof %s', (name) => {
  const vectors = wycheproof(name);
  it.skipIf(vectors === undefined)('has no invalid token that is taken, and no valid one of our algorithms that is refused', () => {
    for (const group of vectors?.testGroups ?? []) {
      const given = (group['public'] ?? group['private']) as { keys?: readonly unknown[]; alg?: unknown };
      const trusted = new Map<string, VerificationKey>();
      for (const jwk of given.keys ?? [given]) {
        const key = importVerificationKey(jwk);
        if (key.ok) trusted.set(key.value.kid, key.value);
      }
      for (const { tcId, jws, result } of group.tests) {
        if (typeof jws !== 'string') continue;
        const taken = verifyJws(jws, trusted).ok;
        if (result === 'invalid') expect({ tcId, taken }).toEqual({ tcId, taken: false });
        else if (trusted.size > 0 && headerAlgOf(jws) === given.alg) expect({ tcId, taken }).toEqual({ tcId, taken: true });
      }
    }
  });
});
