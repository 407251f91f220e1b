/**
 * A client's secret in a consumer's Secrets Manager, and Secrets Manager's side of its rotation: the steps are called in order, and
 * again from the first where one fails. Every call that the function makes, to Secrets Manager or to the service, can be made to fail.
 */
import { randomUUID } from 'node:crypto';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { DescribeSecretCommand, GetSecretValueCommand, RotateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { vi } from 'vitest';
import { startAwsEndpoint } from '../../local/engines/aws-endpoint.ts';
import type { SecretVersions } from '../../local/engines/secret-versions.ts';
import { createSecretsManager, type Secret } from '../../local/engines/secrets-manager.ts';
import { STEPS, type Step } from '../../src/consumer/rotate.ts';
import type { Credentials } from './service-process.ts';

const REGION = 'eu-west-1';
const OPERATOR = { accessKeyId: 'ASIACONSUMER', secretAccessKey: 'secret' };

/** `before`: it has no effect. `after`: it has, and its answer is lost. From attempt `at` on, so many attempts in a row. */
export type Fault = { readonly kind: 'before' | 'after'; readonly at: number; readonly times: number };

/** What the function has called, attempt by attempt, and what happens to it. */
export class Calls {
  readonly names: string[] = [];
  fault: Fault | undefined;
  begin(name: string): Fault['kind'] | undefined {
    const attempt = this.names.push(name) - 1;
    const { at, times, kind } = this.fault ?? { at: 0, times: 0, kind: undefined };
    return attempt >= at && attempt < at + times ? kind : undefined;
  }
}

export type RotationFunction = (event: object, context: object) => Promise<unknown>;

export type Consumer = {
  readonly calls: Calls;
  readonly operator: SecretsManagerClient;
  /** A secret with these credentials, as a person puts them there. */
  keep(credentials: Credentials): string;
  kept(secretId: string): Promise<Credentials & { readonly token_endpoint: string }>;
  /** Version ids by stage. */
  stages(secretId: string): Promise<Readonly<Record<string, string>>>;
  /** RotateSecret; answers the version. */
  begin(secretId: string): Promise<string>;
  /** A cold start of the function, for this client. */
  functionFor(clientId: string): Promise<RotationFunction>;
  close(): Promise<void>;
};

/** For the whole test file: the environment of the function stays set until `close`. */
export async function startConsumer(issuer: string): Promise<Consumer> {
  const secrets: Secret[] = [];
  const engine = await startAwsEndpoint({
    services: new Map([['secretsmanager', createSecretsManager(secrets)]]),
    principals: [{ accessKeyId: OPERATOR.accessKeyId, arn: 'arn:aws:iam::111122223333:role/consumer', policies: [], operator: true }],
    allowed: () => Promise.resolve(true),
    faultOf: () => 'ok',
    onProblem: (text) => {
      throw new Error(text);
    },
  });
  const calls = new Calls();
  const upstream = `http://127.0.0.1:${engine.port}`;
  const proxy = await startProxy(upstream, calls);
  const operator = new SecretsManagerClient({ region: REGION, endpoint: upstream, credentials: OPERATOR });
  const environment = { AWS_REGION: REGION, AWS_ACCESS_KEY_ID: OPERATOR.accessKeyId, AWS_SECRET_ACCESS_KEY: OPERATOR.secretAccessKey };
  for (const [name, value] of Object.entries({ ...environment, AWS_ENDPOINT_URL_SECRETS_MANAGER: proxy.url, ISSUER: issuer }))
    vi.stubEnv(name, value);
  const fetchOf = interceptFetch(issuer, calls);

  return {
    calls,
    operator,
    keep({ client_id, client_secret }) {
      const name = `consumer/${randomUUID()}`;
      secrets.push(secretInMemory(name, JSON.stringify({ client_id, client_secret, token_endpoint: `${issuer}/token` })));
      return name;
    },
    async kept(secretId) {
      const { SecretString = '' } = await operator.send(new GetSecretValueCommand({ SecretId: secretId }));
      return JSON.parse(SecretString);
    },
    async stages(secretId) {
      const { VersionIdsToStages = {} } = await operator.send(new DescribeSecretCommand({ SecretId: secretId }));
      return Object.fromEntries(Object.entries(VersionIdsToStages).flatMap(([id, stages]) => stages.map((stage) => [stage, id])));
    },
    async begin(secretId) {
      const ClientRequestToken = randomUUID();
      await operator.send(new RotateSecretCommand({ SecretId: secretId, ClientRequestToken }));
      return ClientRequestToken;
    },
    async functionFor(clientId) {
      vi.stubEnv('CLIENT_ID', clientId);
      vi.resetModules();
      return (await import('../../functions/rotate-client-secret/handler.ts')).handler as RotationFunction;
    },
    async close() {
      fetchOf.mockRestore();
      vi.unstubAllEnvs();
      operator.destroy();
      await proxy.close();
      await engine.close();
    },
  };
}

export const step = (run: RotationFunction, secretId: string, versionId: string, name: Step): Promise<unknown> =>
  run({ SecretId: secretId, ClientRequestToken: versionId, Step: name }, { awsRequestId: versionId });

/** More than Secrets Manager is known to make. */
const ATTEMPTS = 4;

/** The steps in order, and again from the first where one fails. Answers how often it began. */
export async function rotateAsSecretsManagerDoes(run: RotationFunction, secretId: string, versionId: string): Promise<number> {
  for (let attempt = 1; ; attempt += 1)
    try {
      for (const name of STEPS) await step(run, secretId, versionId, name);
      return attempt;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
}

function secretInMemory(name: string, value: string): Secret {
  let versions: SecretVersions = { [randomUUID()]: { value, created_at: Date.now() / 1000, stages: ['AWSCURRENT'] } };
  return {
    spec: { id: name, arn: `arn:aws:secretsmanager:${REGION}:111122223333:secret:${name}-abcdef`, name, generate: undefined, value },
    read: () => versions,
    write: (changed) => (versions = changed),
  };
}

/** Between the function and Secrets Manager. */
async function startProxy(upstream: string, calls: Calls): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((message, response) => {
    const fault = calls.begin(String(message.headers['x-amz-target']));
    if (fault === 'before') message.socket.resetAndDestroy();
    else forward(upstream, message, response, fault === 'after');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${port}`, close };
}

function forward(upstream: string, message: IncomingMessage, response: ServerResponse, lost: boolean): void {
  const { hostname, port } = new URL(upstream);
  const outgoing = request({ hostname, port, method: 'POST', path: '/', headers: message.headers }, (answer) => {
    if (lost) answer.resume().on('end', () => message.socket.resetAndDestroy());
    else answer.pipe(response.writeHead(answer.statusCode ?? 500, answer.headers));
  });
  message.pipe(outgoing);
}

/** Between the function and the service. */
function interceptFetch(issuer: string, calls: Calls) {
  const real = globalThis.fetch;
  return vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (!url.startsWith(`${issuer}/`)) return real(input, init);
    const fault = calls.begin(url.endsWith('/token') ? 'POST /token' : 'POST rotation');
    if (fault === 'before') throw new TypeError('fetch failed');
    const answer = await real(input, init);
    if (fault === undefined) return answer;
    await answer.arrayBuffer();
    throw new TypeError('fetch failed');
  });
}
