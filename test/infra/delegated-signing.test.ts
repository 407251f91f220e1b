// The templates of `signing: 'delegated'`, and of the change from one mode to the other.
import { describe, expect, it } from 'vitest';
import { createAccessCheck } from '../../local/iam/access.ts';
import { principalOf } from '../../local/iam/principals.ts';
import { settingsFrom } from '../../lib/settings.ts';
import { permissionsOf } from './role-permissions.ts';
import { only, resources, synthesizedApp } from './synthesized-app.ts';

const appWith = (auth: object) => synthesizedApp({ checks: false, auth });
const { state, service } = appWith({ signing: 'delegated' });
const KEY = only(state!, 'AWS::KMS::Key').Properties;
const variables = (template: NonNullable<typeof service>, name: string): Record<string, any> =>
  Object.entries(resources(template, 'AWS::Lambda::Function')).find(([id]) => id.includes(`Functions${name}`))![1].Properties.Environment
    .Variables;

const kmsLines = (template: NonNullable<typeof service>, name: string): readonly string[] =>
  permissionsOf(template, `Functions${name}Function`).filter((line) => line.includes('kms:'));

describe('the wrapping key', () => {
  it('is symmetric, may have replicas in other Regions, is renewed every year and outlives its stack', () => {
    expect(KEY).toMatchObject({ MultiRegion: true, EnableKeyRotation: true });
    expect(KEY.KeySpec).toBeUndefined();
    expect(only(state!, 'AWS::KMS::Key')).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  });

  it('is the only KMS key', () => {
    expect(Object.keys(resources(state!, 'AWS::KMS::Key'))).toEqual(['AuthWrappingKeyD6CC4EEF']);
  });
});

describe('its policy, over a role that may do everything', () => {
  const ISSUER = 'https://issuer.example';
  const ARN = 'arn:aws:kms:us-east-1:000000000000:key/abc';
  const policy = JSON.parse(
    JSON.stringify(KEY.KeyPolicy)
      .replaceAll(/\{"Fn::Join":\["",\["arn:".*?":root"\]\]\}/g, '"arn:aws:iam::000000000000:root"')
      .replaceAll(/\{"Fn::GetAtt":\["AuthIssuerApi[^\]]*\]\}/g, `"${ISSUER}"`),
  );
  const administrator = principalOf(
    {
      arn: 'arn:aws:iam::000000000000:role/admin',
      name: 'admin',
      policies: [{ name: 'all', policy: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'kms:*', Resource: '*' }] } }],
    },
    'admin',
  ).principal;
  const check = createAccessCheck();
  const may = (action: string, context: Readonly<Record<string, string>> = {}) =>
    check(administrator, {
      action: `kms:${action}`,
      resource: ARN,
      context: Object.fromEntries(Object.entries(context).map(([name, value]) => [`kms:EncryptionContext:${name}`, value])),
      resourcePolicy: policy,
    });
  const GOOD = { service: 'm2m-auth', issuer: ISSUER, kid: 'any' };

  it.each(['Decrypt', 'GenerateDataKeyPairWithoutPlaintext'])('%s: for this service, this issuer and one kid alone', async (action) => {
    expect(await may(action, GOOD)).toBe(true);
    expect(await may(action, { ...GOOD, kid: 'another' })).toBe(true);
    expect(await may(action)).toBe(false);
    expect(await may(action, { ...GOOD, service: 'other' })).toBe(false);
    expect(await may(action, { ...GOOD, issuer: 'https://other.example' })).toBe(false);
    expect(await may(action, { service: GOOD.service, issuer: GOOD.issuer })).toBe(false);
  });

  it.each(['Encrypt', 'ReEncryptFrom', 'ReEncryptTo', 'GenerateDataKey', 'GenerateDataKeyPair', 'GenerateDataKeyWithoutPlaintext'])(
    '%s: nobody, so that nobody sees a key or wraps one of his own',
    async (action) => {
      expect(await may(action, GOOD)).toBe(false);
    },
  );

  it('can still be administered', async () => {
    expect(await may('PutKeyPolicy')).toBe(true);
    expect(await may('DescribeKey')).toBe(true);
  });
});

describe('what functions may do with KMS', () => {
  const CONTEXT =
    /"kms:EncryptionContext:service":"m2m-auth","kms:EncryptionContext:issuer":.*"Null":\{"kms:EncryptionContext:kid":"false"\}/;

  it.each(['Token', 'Refresh'])('%s unwraps, and makes the first pair, for that context alone', (name) => {
    const lines = kmsLines(service!, name);
    expect(lines.map((line) => line.split(' ')[1])).toEqual(['kms:Decrypt', 'kms:GenerateDataKeyPairWithoutPlaintext']);
    for (const line of lines) expect(line).toMatch(CONTEXT);
    expect(lines[1]).toContain('"kms:DataKeyPairSpec":["RSA_2048"]');
  });

  it.each(['Jwks', 'Revoke', 'Introspect', 'Clients', 'Sessions'])('%s: nothing', (name) => {
    expect(kmsLines(service!, name)).toEqual([]);
  });

  it('their environment names the mode, and the wrapping key for every algorithm', () => {
    const { service: two } = appWith({ signing: 'delegated', audiences: { 'urn:x': { algorithm: 'EdDSA' } } });
    for (const name of ['Token', 'Refresh', 'Jwks']) {
      const { SIGNING, SIGNING_KEYS, FORMER_SIGNING_KEYS } = variables(two!, name);
      expect([SIGNING, FORMER_SIGNING_KEYS]).toEqual(['delegated', undefined]);
      expect(JSON.stringify(SIGNING_KEYS)).toMatch(/\{\\"RS256\\":\\".*\\",\\"EdDSA\\":\\".*\\"\}/);
    }
  });
});

describe('from one mode to the other', () => {
  it.each([
    ['delegated', 'kms', ['kms:Decrypt', 'kms:GenerateDataKeyPairWithoutPlaintext', 'kms:Sign']],
    ['kms', 'delegated', ['kms:Decrypt', 'kms:GetPublicKey', 'kms:Sign']],
  ] as const)('to %s: the keys of %s stay and still sign, none of that kind is made', (signing, formerSigning, actions) => {
    const both = appWith({ signing, formerSigning });
    expect(Object.keys(resources(both['state']!, 'AWS::KMS::Key'))).toHaveLength(2);
    expect([...new Set(kmsLines(both['service']!, 'Token').map((line) => line.split(' ')[1]))]).toEqual(actions);
    expect(variables(both['service']!, 'Token')).toMatchObject({ SIGNING: signing, FORMER_SIGNING_KEYS: expect.anything() as object });
  });

  it('is from one to the other', () => {
    expect(() => settingsFrom({ signing: 'kms', formerSigning: 'kms' })).toThrow('formerSigning is "kms", but it must be the other mode');
    expect(() => settingsFrom({ signing: 'local' as never })).toThrow('signing is "local", but SIGNING must be one of kms, delegated');
  });

  it('leaves the resources of KMS signing what they were', () => {
    expect(Object.keys(resources(appWith({ signing: 'delegated', formerSigning: 'kms' })['state']!, 'AWS::KMS::Key'))).toContain(
      'AuthSigningKeysRS2563545AA87',
    );
  });
});
