// The versions of one secret in Secrets Manager.
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  UpdateSecretVersionStageCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { outageOf } from '../sdk-calls.ts';
import type { SecretVersions } from './ports.ts';

/** As many as Secrets Manager answers at once, which is as many as it keeps. */
const VERSIONS_MAX = 100;

export function createSecretVersions({ secrets, secretId }: { secrets: SecretsManagerClient; secretId: string }): SecretVersions {
  const SecretId = secretId;
  return {
    async stages() {
      const answer = await call('DescribeSecret', () => secrets.send(new DescribeSecretCommand({ SecretId })));
      return new Map(Object.entries(answer.VersionIdsToStages ?? {}));
    },
    async read(VersionId) {
      const get = () => secrets.send(new GetSecretValueCommand({ SecretId, VersionId }));
      // Also of a version that is labelled and has no value yet, which is how a rotation begins.
      const answer = await call('GetSecretValue', get, 'ResourceNotFoundException');
      return answer?.SecretString;
    },
    async newestFirst() {
      const list = () => secrets.send(new ListSecretVersionIdsCommand({ SecretId, IncludeDeprecated: true, MaxResults: VERSIONS_MAX }));
      const { Versions: versions = [] } = await call('ListSecretVersionIds', list);
      return versions
        .map(({ VersionId: id = '', CreatedDate: created }) => ({ id, createdAt: created?.getTime() ?? 0 }))
        .toSorted((a, b) => b.createdAt - a.createdAt);
    },
    async putPending(versionId, value) {
      const input = { SecretId, ClientRequestToken: versionId, SecretString: value, VersionStages: ['AWSPENDING'] };
      const answer = await call('PutSecretValue', () => secrets.send(new PutSecretValueCommand(input)), 'ResourceExistsException');
      return answer === undefined ? 'taken' : 'put';
    },
    async makeCurrent(versionId, formerId) {
      const input = { SecretId, VersionStage: 'AWSCURRENT', MoveToVersionId: versionId, RemoveFromVersionId: formerId };
      const move = () => secrets.send(new UpdateSecretVersionStageCommand(input));
      const answer = await call('UpdateSecretVersionStage', move, 'InvalidParameterException');
      return answer === undefined ? 'moved_meanwhile' : 'moved';
    },
  };
}

/** The answer, or undefined for the one error that is an answer too; every other is an outage. */
async function call<T>(operation: string, send: () => Promise<T>): Promise<T>;
async function call<T>(operation: string, send: () => Promise<T>, expected: string): Promise<T | undefined>;
async function call<T>(operation: string, send: () => Promise<T>, expected?: string): Promise<T | undefined> {
  try {
    return await send();
  } catch (error) {
    if (expected !== undefined && error instanceof Error && error.name === expected) return undefined;
    throw outageOf(`secretsmanager:${operation}`, error);
  }
}
