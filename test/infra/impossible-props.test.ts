import { Duration } from 'aws-cdk-lib';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { IHostedZone } from 'aws-cdk-lib/aws-route53';
import { describe, expect, it } from 'vitest';
import type { M2mAuthProps } from '../../lib/m2m-auth-props.ts';
import { settingsFrom } from '../../lib/settings.ts';

const certificate = { certificateArn: 'arn' } as ICertificate;
const hostedZone = { zoneName: 'example.com' } as IHostedZone;
const domain = (domainName: string, others = {}) => ({ customDomain: { domainName, certificate, ...others } });
const manyAudiences = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`https://api-${index}.example.com/resource`, {}]));

const refused: readonly [string, any, string][] = [
  ['an issuer that is no URL', { issuer: 'auth.example.com' }, 'issuer is "auth.example.com", but it must be an https URL'],
  ['an issuer over http', { issuer: 'http://auth.example.com' }, 'must be an https URL'],
  ['an issuer with a path', { issuer: 'https://example.com/auth' }, 'without path'],
  ['an issuer with a trailing slash', { issuer: 'https://example.com/' }, 'trailing slash'],
  [
    'an issuer that contradicts the custom domain',
    { issuer: 'https://a.example.com', ...domain('b.example.com') },
    'must be https://b.example.com',
  ],
  ['a custom domain with a scheme', domain('https://auth.example.com'), 'must be a full host name'],
  ['a wildcard domain', domain('*.example.com'), 'must be a full host name'],
  ['a domain outside its zone', domain('auth.example.org', { hostedZone }), 'must lie in the hosted zone given, example.com'],
  ['an unknown algorithm', { algorithm: 'HS256' }, 'algorithm is ["HS256"], but SIGNING_KEYS must'],
  [
    'an unknown algorithm of an audience',
    { audiences: { 'https://a.example': { algorithm: 'none' } } },
    'algorithm is ["RS256","none"], but SIGNING_KEYS must',
  ],
  ['an audience that is no URI', { audiences: { api: {} } }, 'absolute URI without a fragment'],
  ['an audience with a fragment', { audiences: { 'https://a.example#x': {} } }, 'absolute URI without a fragment'],
  ['a lifetime of an audience over an hour', { audiences: { 'https://a.example': { access_token_lifetime: 3601 } } }, 'outside 1 to 3600'],
  ['more audiences than an environment holds', { audiences: manyAudiences }, 'at most 3072 fit'],
  [
    'tokens that live longer than an hour',
    { accessTokenLifetime: Duration.hours(2) },
    'accessTokenLifetime is "7200 s", but ACCESS_TOKEN_LIFETIME_SECONDS must be a whole number from 1 to 3600',
  ],
  ['tokens that are dead on arrival', { accessTokenLifetime: Duration.seconds(0) }, 'from 1 to 3600'],
  ['upkeep that is hardly ever', { upkeepEvery: Duration.days(1) }, 'upkeepEvery is "1440 min", but it must be whole minutes, from 5'],
  ['keys that hardly live', { keyRotation: Duration.hours(23) }, 'keyRotation is "82800 s", but KEY_ROTATION_SECONDS must be'],
  ['upkeep all the time', { upkeepEvery: Duration.minutes(1) }, 'must be whole minutes, from 5 minutes to 6 hours'],
  ['upkeep every half minute', { upkeepEvery: Duration.seconds(330) }, 'must be whole minutes'],
  ['half seconds', { accessTokenLifetime: Duration.millis(1500) }, 'must be a whole number'],
  [
    'a grace over 5 minutes',
    { refreshGrace: Duration.minutes(6) },
    'refreshGrace is "360 s", but REFRESH_GRACE_SECONDS must be a whole number from 0 to 300',
  ],
  [
    'a negative rate limit',
    { rateLimits: { token: { perMinute: -1 } } },
    'rateLimits.token is {"perMinute":-1,"burst":0}, but RATE_LIMIT_PER_MINUTE',
  ],
  ['a fractional burst', { rateLimits: { revoke: { perMinute: 60, burst: 1.5 } } }, 'RATE_LIMIT_BURST must be a whole number'],
  ['throttling of nothing', { throttling: { rate: 0, burst: 1 } }, 'throttling.rate is 0, but it must be a whole number of at least 1'],
  ['throttling without a burst', { throttling: { rate: 1, burst: 0 } }, 'throttling.burst is 0'],
  ['a table that may not be read', { tableThroughput: { maxReads: 0, maxWrites: 1 } }, 'tableThroughput.maxReads is 0'],
  ['a table that may not be written', { tableThroughput: { maxReads: 1, maxWrites: 0.5 } }, 'tableThroughput.maxWrites is 0.5'],
  ['a way with nonces that does not exist', { dpopNonce: 'on' }, 'dpopNonce is "on", but DPOP_NONCE must be one of off, required'],
  ['an audit mode that does not exist', { auditMode: 'off' }, 'auditMode is "off", but AUDIT_MODE must be one of standard, strict'],
  ['administrators that are nobody', { administrators: [] }, 'administrators is [], but ADMINISTRATORS must be a list of ARNs'],
  ['an administrator by wildcard', { administrators: ['arn:aws:iam::111122223333:role/*'] }, 'ADMINISTRATORS must be a list of ARNs'],
  ['a session as an administrator', { administrators: ['arn:aws:sts::111122223333:assumed-role/a/b'] }, 'ADMINISTRATORS must be'],
  ['an address that is none', { alarmEmail: 'ops' }, 'alarmEmail is "ops", but it must be one mail address'],
];

describe('props that cannot work are refused, with what was given and what is allowed', () => {
  it.each(refused)('%s', (_, props, message) => {
    expect(() => settingsFrom(props)).toThrow(message);
  });
});

describe('props that can work', () => {
  const accepted: readonly [string, M2mAuthProps][] = [
    ['nothing at all', {}],
    ['an issuer in front', { issuer: 'https://auth.example.com' }],
    ['a custom domain and the same issuer', { issuer: 'https://auth.example.com', ...domain('auth.example.com', { hostedZone }) }],
    ['the zone itself', domain('example.com', { hostedZone })],
    ['no rate limit', { rateLimits: { token: { perMinute: 0 } } }],
    ['no grace', { refreshGrace: Duration.seconds(0) }],
  ];
  it.each(accepted)('%s', (_, props) => {
    expect(() => settingsFrom(props)).not.toThrow();
  });

  it('a prop that is there but undefined has its default', () => {
    const props = { throttling: undefined, auditMode: undefined } as unknown as M2mAuthProps;
    expect(settingsFrom(props)).toMatchObject({ throttling: { rate: 500, burst: 1000 }, auditMode: 'standard' });
  });

  it('the default algorithm comes first, and each algorithm that an audience names gets a key of its own', () => {
    const { algorithms } = settingsFrom({
      algorithm: 'PS256',
      audiences: { 'https://a.example': { algorithm: 'ES256' }, 'https://b.example': { algorithm: 'PS256' } },
    });
    expect(algorithms).toEqual(['PS256', 'ES256']);
  });

  it('a custom domain makes the issuer', () => {
    expect(settingsFrom(domain('auth.example.com')).issuer).toBe('https://auth.example.com');
  });

  it('a burst that is not given is left to the function, which derives it from the limit', () => {
    const { rateLimits } = settingsFrom({ rateLimits: { token: { perMinute: 600 } } });
    expect(rateLimits.token).toEqual({ perMinute: 600 });
    expect(rateLimits.refresh).toEqual({ perMinute: 60, burst: 20 });
  });
});
