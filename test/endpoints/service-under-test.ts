/**
 * The service's own functions, wired as they are deployed, on a real DynamoDB-protocol engine and real signing keys: each test
 * file has one of its own, with a clock that stands still unless it is told to go on.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, vi } from 'vitest';
import type { AuditEvent } from '../../src/audit/event.ts';
import { readClientMetadata } from '../../src/clients/client-metadata.ts';
import type { Client } from '../../src/clients/client.ts';
import { newClient } from '../../src/endpoints/new-client.ts';
import type { HttpApiEvent, HttpApiResult } from '../../src/http/lambda-event.ts';
import type { FunctionName } from '../../src/http/route-table.ts';
import { createSecretsManager } from '../../src/signing/secrets-client.ts';
import { createSecretRing } from '../../src/signing/secret-ring.ts';
import { createClientStore } from '../../src/storage/client-store.ts';
import type { Algorithm } from '../../src/tokens/algorithms.ts';
import { startEngine, type Engine } from '../storage/engine.ts';
import { auditEvent, NOW } from '../storage/records.ts';
import { captureLog, type CapturedLog } from '../telemetry/captured-log.ts';
import { observeAwsCalls, type AwsCalls } from './aws-calls.ts';
import { createAwsDoubles, type AwsDoubles } from './aws-doubles.ts';
import { createConfidential, type Confidential } from './confidential.ts';
import { answerFrom, eventFrom, routeOf, type Answer, type Sent } from './request.ts';

export const ISSUER = 'https://issuer.example';
export const RING = { k1: 'ring-key-one-of-more-than-32-bytes-0123456789' };

type Handler = (event: HttpApiEvent, context: object) => Promise<HttpApiResult>;
const HANDLERS: Readonly<Record<FunctionName, () => Promise<{ readonly handler: Handler }>>> = {
  token: () => import('../../functions/token/handler.ts'),
  refresh: () => import('../../functions/refresh/handler.ts'),
  revoke: () => import('../../functions/revoke/handler.ts'),
  introspect: () => import('../../functions/introspect/handler.ts'),
  clients: () => import('../../functions/clients/handler.ts'),
  sessions: () => import('../../functions/sessions/handler.ts'),
  jwks: () => import('../../functions/jwks/handler.ts'),
};

export type Registered = { readonly client_id: string; readonly client_secret: string };
export type Options = {
  readonly environment?: Readonly<Record<string, string>>;
  readonly algorithms?: readonly Algorithm[];
  /** Without the SDK's time limits, because a slow machine must not fail a test. True unless time limits are what is tested. */
  readonly patient?: boolean;
};
const PATIENT_LIMITS = { maxAttempts: 3 };

export type Service = {
  readonly engine: Engine;
  readonly aws: AwsDoubles;
  readonly calls: AwsCalls;
  readonly log: CapturedLog;
  readonly confidential: Confidential;
  /** The ring as Secrets Manager holds it. */
  ring: Record<string, unknown>;
  /** Puts a client into the table, with a fresh secret. */
  register(metadata?: Readonly<Record<string, unknown>>, clientId?: string): Promise<Registered>;
  /** A request to the warm execution environment of its function. */
  send(sent: Sent): Promise<Answer>;
  /** New execution environments, with nothing in memory, for all functions or one. */
  coldStart(environment?: Readonly<Record<string, string>>, only?: FunctionName): void;
  /** Seconds since the start of the test file's clock. */
  advance(seconds: number): void;
  now(): number;
  /** Audit events of the log since the last `clear`. */
  audit(): readonly AuditEvent[];
};

/** Registers the hooks of the test file and answers the service, which is there once `beforeAll` has run. */
export function useService({ environment = {}, algorithms = ['ES256'], patient = true }: Options = {}): Service {
  const service = {} as { -readonly [K in keyof Service]: Service[K] };
  let nowMs = NOW * 1000;
  let overrides = environment;
  const warm = new Map<FunctionName, Promise<{ readonly handler: Handler }>>();

  const handlerOf = async (name: FunctionName): Promise<Handler> => {
    const known = warm.get(name) ?? coldHandler(name);
    warm.set(name, known);
    return (await known).handler;
  };
  const coldHandler = async (name: FunctionName): Promise<{ readonly handler: Handler }> => {
    vi.resetModules();
    if (patient) vi.doMock('../../src/sdk-calls.ts', async (original) => ({ ...(await original<object>()), SDK_LIMITS: PATIENT_LIMITS }));
    setEnvironment({ ...environmentOf(service), ...overrides });
    return HANDLERS[name]();
  };

  beforeAll(async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: nowMs });
    service.confidential = createConfidential();
    service.ring = { ...RING };
    service.confidential.add(RING.k1);
    service.engine = await startEngine();
    service.calls = observeAwsCalls();
    service.aws = createAwsDoubles(algorithms, () => service.ring, service.calls.observe);
    service.log = captureLog();
  });
  beforeEach(() => {
    service.calls.clear();
    service.log.clear();
  });
  const everyLine: string[] = [];
  afterAll(async () => {
    everyLine.push(...service.log.texts());
    service.log.release();
    service.aws.restore();
    service.calls.restore();
    await service.engine.close();
    vi.useRealTimers();
    expect(service.confidential.leaksIn(everyLine)).toEqual([]);
  });

  service.register = async (metadata = {}, clientId?) => {
    const read = readClientMetadata({ scope: 'read write', ...metadata });
    if (!read.ok) throw new Error(`${read.failure.field} ${read.failure.problem}`);
    const ring = createSecretRing({ secrets: createSecretsManager(), secretArn: 'ring' });
    const { client, secret } = await newClient(read.value, service.now(), { ring, random: randomBytes }, clientId);
    await createClientStore(service.engine).create(client satisfies Client, auditEvent());
    if (secret !== undefined) service.confidential.add(secret);
    return { client_id: client.client_id, client_secret: secret ?? '' };
  };
  service.send = async (sent) => {
    const handler = await handlerOf(routeOf(sent.to).functionName);
    const answer = answerFrom(await service.calls.during(() => handler(eventFrom(sent), {})));
    service.confidential.learn(sent, answer);
    return answer;
  };
  service.coldStart = (more = {}, only) => {
    overrides = { ...environment, ...more };
    if (only === undefined) warm.clear();
    else warm.delete(only);
  };
  service.advance = (seconds) => {
    nowMs += seconds * 1000;
    vi.setSystemTime(nowMs);
  };
  service.now = () => Math.floor(nowMs / 1000);
  service.audit = () => service.log.lines().flatMap(({ audit }) => (audit === undefined ? [] : [audit as AuditEvent]));
  keepEveryLine(service, everyLine);
  return service;
}

/** What a test clears from the log is still looked through for secrets at the end. */
function keepEveryLine(service: Service, everyLine: string[]): void {
  beforeEach(() => {
    const { clear } = service.log;
    Object.assign(service.log, {
      clear: () => {
        everyLine.push(...service.log.texts());
        clear();
      },
    });
  });
}

function environmentOf({ engine, aws }: Service): Record<string, string> {
  return {
    ISSUER,
    TABLE_NAME: engine.table,
    RING_SECRET_ARN: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:ring',
    SIGNING: 'kms',
    MTLS_URL: 'off',
    SIGNING_KEYS: aws.signingKeys,
    AUDIENCES: '{}',
    ACCESS_TOKEN_LIFETIME_SECONDS: '900',
    REFRESH_GRACE_SECONDS: '30',
    RATE_LIMIT_PER_MINUTE: '6000',
    LOCKOUT: 'off', // many tests send wrong secrets from one address; those of lockout switch it on
    AUDIT_MODE: 'standard',
    DPOP_NONCE: 'off',
  };
}

function setEnvironment(variables: Readonly<Record<string, string>>): void {
  delete process.env['RATE_LIMIT_BURST'];
  Object.assign(process.env, variables);
}
