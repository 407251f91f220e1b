// What the authorizer makes of the certificate of a connection: bound tokens, and the rules' `methods` and `certificate`.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpRequestCall } from '../../src/authorizer/adapters/http-request.ts';
import { restRequestCall } from '../../src/authorizer/adapters/rest-request.ts';
import { createAuthorizer } from '../../src/authorizer/authorizer.ts';
import { authorizerContext } from '../../src/authorizer/context.ts';
import type { AccessRequest, Decision } from '../../src/authorizer/decide.ts';
import { createPolicyWriter } from '../../src/authorizer/policy.ts';
import { NOTHING_REVOKED, type RevocationSource } from '../../src/authorizer/revocation.ts';
import { parseRouteRules, type RouteRule } from '../../src/authorizer/route-rule.ts';
import { certificateIds } from '../../src/client-authentication/certificate.ts';
import { nameText } from '../../src/client-authentication/distinguished-name.ts';
import { Outage } from '../../src/outage.ts';
import { testAuthority, type Issued, type TestAuthority } from '../client-authentication/test-certificates.ts';
import { accessToken, AUDIENCE, ISSUER, keysOf, testKey } from '../tokens/test-issuer.ts';

const key = testKey('EdDSA');
let authority: TestAuthority;
let own: Issued;
let other: Issued;
let nowMs = Date.now();
beforeAll(async () => {
  authority = await testAuthority();
  [own, other] = [await authority.issue(), await authority.issue({ commonName: 'other' })];
});
afterAll(() => {
  authority.remove();
});

type Ask = {
  readonly rule?: Partial<RouteRule>;
  readonly certificate?: Issued | undefined;
  readonly token?: string;
  readonly apiKey?: string;
  readonly denied?: readonly string[];
  readonly denies?: RevocationSource['denies'];
};
const rulesOf = (rule: Partial<RouteRule>) => {
  const rules = parseRouteRules([{ method: 'GET', path: '/r', ...rule }]);
  if (!rules.ok) throw new Error(rules.failure);
  return rules.value;
};
const token = (claims: object = {}): string => {
  const now = Math.floor(nowMs / 1000);
  return accessToken(key, { iat: now - 10, exp: now + 600, ...claims });
};

function decide({ rule = {}, certificate, token: sent, apiKey, denied = [], denies }: Ask): Promise<Decision> {
  const authorize = createAuthorizer({
    issuer: ISSUER,
    audience: AUDIENCE,
    rules: rulesOf(rule),
    keys: { prepare: () => undefined, held: () => keysOf(key), lookFor: () => Promise.resolve(keysOf(key)) },
    revocation: {
      prepare: () => undefined,
      view: () => NOTHING_REVOKED,
      denies: denies ?? ((ids) => ids.some((id) => denied.includes(id))),
    },
    exchange: () => Promise.resolve({ outcome: 'refused' }),
    clock: () => nowMs,
  });
  const request: AccessRequest = {
    method: 'GET',
    path: '/r',
    authorization: sent === undefined ? [] : [`Bearer ${sent}`],
    apiKey: apiKey === undefined ? [] : [apiKey],
    ip: '192.0.2.7',
    ...(certificate && { certificate: certificate.parsed }),
  };
  return authorize(request);
}
const reasonOf = async (ask: Ask): Promise<string> => {
  const decision = await decide(ask);
  return decision.allowed ? 'allowed' : decision.denial.reason;
};

describe('a token bound to a certificate', () => {
  const bound = () => token({ cnf: { 'x5t#S256': own.parsed.thumbprint } });
  it('passes on a connection of that certificate and on no other', async () => {
    expect(await reasonOf({ token: bound(), certificate: own })).toBe('allowed');
    expect(await reasonOf({ token: bound(), certificate: other })).toBe('binding_unproven');
    expect(await reasonOf({ token: bound() })).toBe('binding_unproven');
    expect(await reasonOf({ token: token({ cnf: { 'x5t#S256': own.parsed.thumbprint, jkt: 'x' } }), certificate: own })).toBe(
      'binding_unproven',
    );
    expect(await reasonOf({ token: bound(), certificate: own, rule: { bound: true } })).toBe('allowed');
    expect(await reasonOf({ token: token(), certificate: own, rule: { bound: true } })).toBe('binding_missing');
  });

  it('is refused where the certificate is denied, by either name, or its time is over, unless the route is public', async () => {
    for (const id of certificateIds(own.parsed)) {
      expect(await reasonOf({ token: bound(), certificate: own, denied: [id] })).toBe('certificate_denied');
      expect(await reasonOf({ token: bound(), certificate: own, denied: [id], rule: { access: 'public' } })).toBe('allowed');
    }
    const before = nowMs;
    nowMs = (own.parsed.notAfter + 1) * 1000;
    expect(await reasonOf({ token: bound(), certificate: own })).toBe('certificate_unusable');
    nowMs = before;
  });

  it('is refused as an outage where nobody knows whether the certificate is denied', async () => {
    const denies = () => Promise.reject(new Outage('dynamodb:BatchGetItem'));
    expect(await reasonOf({ token: bound(), certificate: own, denies })).toBe('revocation_unavailable');
  });
});

describe('the methods of a rule', () => {
  it('let a certificate alone in where they list it, and nowhere else', async () => {
    expect(await reasonOf({ certificate: own })).toBe('token_missing');
    expect(await reasonOf({ certificate: own, rule: { methods: ['jwt'] } })).toBe('token_missing');
    expect(await reasonOf({ certificate: own, rule: { methods: ['mtls'] } })).toBe('allowed');
    expect(await reasonOf({ rule: { methods: ['mtls'] } })).toBe('token_missing');
    expect(await reasonOf({ certificate: own, rule: { methods: ['mtls'] }, denied: [own.parsed.thumbprint] })).toBe('certificate_denied');
  });

  it('are tried in order: the first that the caller has come with decides', async () => {
    const bad = token({ exp: 1 });
    expect(await reasonOf({ certificate: own, token: bad, rule: { methods: ['jwt', 'mtls'] } })).toBe('token_expired');
    expect(await reasonOf({ certificate: own, token: bad, rule: { methods: ['mtls', 'jwt'] } })).toBe('allowed');
    expect(await reasonOf({ token: token(), rule: { methods: ['mtls', 'jwt'] } })).toBe('allowed');
    expect(await reasonOf({ certificate: own, token: 'a b', rule: { methods: ['jwt', 'mtls'] } })).toBe('authorization_malformed');
    expect(await reasonOf({ token: token(), rule: { methods: ['api_key'] } })).toBe('method_not_accepted');
    expect(await reasonOf({ token: token(), rule: { methods: ['mtls'] } })).toBe('method_not_accepted');
  });

  it('tell an API who has come with a certificate alone, and a policy names its routes', async () => {
    const rule = { methods: ['mtls'] } as const;
    const decision = await decide({ certificate: own, rule });
    const context = authorizerContext(decision.token, 't', decision.connection);
    expect(context).toMatchObject({ client_id: '', scope: '', amr: 'mtls', auth_method: 'mtls' });
    expect(JSON.parse(context.cnf)).toEqual({ 'x5t#S256': own.parsed.thumbprint, subject_dn: 'CN=billing,O=Example' });
    const arn = { stageArn: 'arn:aws:execute-api:eu-west-1:111122223333:api/prod', method: 'GET', path: '/r' };
    const [statement] = createPolicyWriter(rulesOf(rule))(arn, decision).Statement;
    expect(statement).toMatchObject({ Effect: 'Allow', Resource: [`${arn.stageArn}/GET/r`] });
    const refused = await decide({ token: token(), rule });
    expect(createPolicyWriter(rulesOf(rule))(arn, refused).Statement[0]).toMatchObject({ Effect: 'Deny' });
  });
});

describe('the certificate of a rule', () => {
  it.each([
    ['o', 'Example', 'Other'],
    ['cn', 'billing', 'other'],
    ['issuer', 'CN=m2m-auth test CA', 'CN=Other CA'],
  ])('demands its %s', async (member, right, wrong) => {
    for (const sent of [{}, { token: token() }] as const) {
      const methods: RouteRule['methods'] = ['jwt', 'mtls'];
      expect(await reasonOf({ ...sent, certificate: own, rule: { methods, certificate: { [member]: right } } })).toBe('allowed');
      expect(await reasonOf({ ...sent, certificate: own, rule: { methods, certificate: { [member]: wrong } } })).toBe(
        'certificate_not_accepted',
      );
    }
    expect(await reasonOf({ token: token(), rule: { certificate: { [member]: right } } })).toBe('certificate_not_accepted');
  });
  it('demands its serial number, however that is spelt, and all of what it names', async () => {
    const serial = own.parsed.serial.match(/../g)!.join(':').toUpperCase();
    const methods: RouteRule['methods'] = ['mtls'];
    expect(await reasonOf({ certificate: own, rule: { methods, certificate: { serial, issuer: nameText(own.parsed.issuer) } } })).toBe(
      'allowed',
    );
    expect(await reasonOf({ certificate: own, rule: { methods, certificate: { serial, cn: 'x' } } })).toBe('certificate_not_accepted');
    expect(await reasonOf({ certificate: other, rule: { methods, certificate: { serial } } })).toBe('certificate_not_accepted');
  });
});

describe('a rule', () => {
  it.each([
    [{ methods: [] }, /methods must/],
    [{ methods: ['saml'] }, /methods must/],
    [{ methods: ['jwt', 'jwt'] }, /methods must/],
    [{ certificate: {} }, /certificate must/],
    [{ certificate: { ou: 'x' } }, /certificate must/],
    [{ certificate: { o: '' } }, /certificate must/],
    [{ certificate: { issuer: 'nobody' } }, /certificate must/],
    [{ certificate: { serial: 'xyz' } }, /certificate must/],
    [{ methods: ['jwt', 'mtls'], scopes: ['read'] }, /cannot demand scopes or roles/],
    [{ methods: ['mtls'], access: 'public' }, /public route/],
    [{ certificate: { cn: 'a' }, access: 'public' }, /public route/],
  ])('%o is refused', (rule, problem) => {
    const read = parseRouteRules([{ method: 'GET', path: '/r', ...rule }]);
    expect(read.ok ? 'ok' : read.failure).toMatch(problem);
  });
});

describe('an event of API Gateway', () => {
  const headers = { 'x-amzn-mtls-clientcert': 'forged', 'x-client-cert': 'forged' };
  it('tells the certificate in its request context, and nowhere else', () => {
    const clientCert = { clientCertPem: own.pem, subjectDN: 'CN=forged' };
    const rest = { type: 'REQUEST', methodArn: 'arn:aws:execute-api:eu-west-1:111122223333:api/prod/GET/r', headers } as const;
    expect(restRequestCall({ ...rest, requestContext: { identity: { clientCert } } }).request.certificate).toEqual(own.parsed);
    expect(restRequestCall({ ...rest, requestContext: { identity: {} } }).request.certificate).toBeUndefined();
    const http = { type: 'REQUEST', version: '2.0', routeArn: rest.methodArn, rawPath: '/r', headers } as const;
    const context = { http: { method: 'GET' } };
    expect(httpRequestCall({ ...http, requestContext: { ...context, authentication: { clientCert } } }).request.certificate).toEqual(
      own.parsed,
    );
    expect(httpRequestCall({ ...http, requestContext: { ...context, authentication: null } }).request.certificate).toBeUndefined();
    expect(
      httpRequestCall({ ...http, requestContext: { ...context, authentication: { clientCert: { clientCertPem: 'x' } } } }).request
        .certificate,
    ).toBeUndefined();
  });
});
