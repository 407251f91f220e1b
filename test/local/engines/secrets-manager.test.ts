import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSecretsManager, generated, openSecrets } from '../../../local/engines/secrets-manager.ts';

const GENERATE = { SecretStringTemplate: '{}', GenerateStringKey: 'k1', PasswordLength: 64, ExcludePunctuation: true };
const RING = {
  id: 'state/Ring',
  arn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:ring-abcdef',
  name: 'ring',
  generate: GENERATE,
  value: undefined,
};
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'm2m-secrets-'))));
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('secrets', () => {
  it('are generated once, as the template asks, and kept for their owner alone', async () => {
    const value = async (initialized: boolean) => {
      const answer = await createSecretsManager(openSecrets(folder, [RING], initialized)).execute('GetSecretValue', { SecretId: RING.arn });
      return (answer as { SecretString: string }).SecretString;
    };
    const first = await value(false);
    expect((JSON.parse(first) as { k1: string }).k1).toMatch(/^[A-Za-z0-9]{64}$/);
    expect(await value(true)).toBe(first);
    expect(statSync(join(folder, 'secrets.json')).mode & 0o777).toBe(0o600);
  });
  it('are never generated again over a damaged or missing file', () => {
    expect(() => openSecrets(folder, [RING], true)).toThrow('secrets.json is missing');
    writeFileSync(join(folder, 'secrets.json'), '[');
    expect(() => openSecrets(folder, [RING], false)).toThrow('is damaged');
    expect(readFileSync(join(folder, 'secrets.json'), 'utf8')).toBe('[');
  });
  it('are read as they were written before they had versions', async () => {
    const before = { [RING.id]: { value: 'ring', version_id: 'v', created_at: 5 } };
    writeFileSync(join(folder, 'secrets.json'), JSON.stringify(before));
    const answer = await createSecretsManager(openSecrets(folder, [RING], true)).execute('GetSecretValue', { SecretId: RING.arn });
    expect(answer).toMatchObject({ SecretString: 'ring', VersionId: 'v', VersionStages: ['AWSCURRENT'], CreatedDate: 5 });
  });
  it('keep what is put and moved, across a start', async () => {
    const service = () => createSecretsManager(openSecrets(folder, [RING], false));
    const call = (operation: string, more: object = {}) => service().execute(operation, { SecretId: RING.arn, ...more });
    const { VersionId: first } = (await call('GetSecretValue')) as { VersionId: string };
    await call('RotateSecret', { ClientRequestToken: 'second' });
    await call('PutSecretValue', { ClientRequestToken: 'second', SecretString: 'new', VersionStages: ['AWSPENDING'] });
    await call('UpdateSecretVersionStage', { VersionStage: 'AWSCURRENT', MoveToVersionId: 'second', RemoveFromVersionId: first });
    expect(await call('GetSecretValue')).toMatchObject({ SecretString: 'new', VersionStages: ['AWSPENDING', 'AWSCURRENT'] });
    expect(await call('DescribeSecret')).toMatchObject({
      VersionIdsToStages: { [first]: ['AWSPREVIOUS'], second: ['AWSPENDING', 'AWSCURRENT'] },
    });
    expect(await call('ListSecretVersionIds')).toMatchObject({ Versions: [{ VersionId: first }, { VersionId: 'second' }] });
  });
  it('refuse what the local Secrets Manager does not know', () => {
    expect(() => createSecretsManager([]).questions('DeleteSecret', {})).toThrow('does not know DeleteSecret');
    expect(() => createSecretsManager([]).questions('GetSecretValue', { SecretId: 'x' })).toThrow("can't find the specified secret");
  });
  it('have the kinds of characters that are asked for', () => {
    expect(generated({ PasswordLength: 8, ExcludePunctuation: true, ExcludeUppercase: true, ExcludeLowercase: true })).toMatch(/^\d{8}$/);
    expect(generated({ PasswordLength: 12, ExcludeCharacters: 'abc' })).toMatch(
      /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?=.*[^A-Za-z\d])[^abc]{12}$/s,
    );
  });
});
