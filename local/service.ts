// The whole service on one machine: puts the parts together, and takes them apart again in order.
import { originOf, type LocalConfig } from './config.ts';
import { openControl } from './control.ts';
import { openDataDirectory, refuseIfRunning, type DataDirectory } from './data-directory.ts';
import { demoCredentials, type CredentialsFile } from './demo-clients.ts';
import { startEngine, type Engine } from './engines/engine.ts';
import { createLambdaFunction, type LambdaFunction } from './functions/lambda-function.ts';
import { variablesOf, type Credentials } from './functions/variables.ts';
import { createHttpApi } from './gateway/http-api.ts';
import { createIamAuthorizer } from './gateway/iam-authorizer.ts';
import { createRestApi } from './gateway/rest-api.ts';
import { listen, type Gateway, type MutualTls } from './gateway/server.ts';
import type { AccessRecord } from './iam/access.ts';
import { operatorPrincipal, principalOf, type Principal } from './iam/principals.ts';
import { mtlsUrlOf, readMutualTls } from './mutual-tls.ts';
import { openLogs, type Logs } from './logs.ts';
import { startSchedules, type Schedules } from './schedules.ts';
import { codeOf, StartError } from './start-error.ts';
import { cachedAssembly } from './synth/cached-assembly.ts';
import { onlyTable, readDeployment, type Deployment } from './template/deployment.ts';
import { TemplateError } from './template/template.ts';

export type LocalService = {
  /** `http://127.0.0.1:3000`; also where it listens. */
  readonly issuer: string;
  /** `https://localhost:3443`: the same for callers with client certificates. */
  readonly mtlsUrl?: string;
  readonly credentials: CredentialsFile;
  readonly deployment: Deployment;
  /** The local AWS, and credentials that may do everything there. */
  readonly aws: { readonly credentials: Credentials; readonly dynamodb: Engine; readonly keys: Engine };
  /** Calls a scheduled function now. */
  readonly runSchedule: Schedules['run'];
  /** Lets requests under way finish for at most 5 s, then ends. */
  stop(): Promise<void>;
};

const GRACE_MS = 5_000;

/** What the service tells whoever started it. */
export type ServiceListeners = {
  /** Lines for the operator. */
  readonly stderr: (line: string) => void;
  /** Each kind of access that a function's role was asked for, once. */
  readonly onAccess?: (access: AccessRecord) => void;
};

/** Resolves once it serves. Rejects with a `StartError` for what the user can put right; nothing is left running then. */
export async function startService(
  config: LocalConfig,
  stderr: ServiceListeners['stderr'],
  onAccess?: ServiceListeners['onAccess'],
): Promise<LocalService> {
  const undo: (() => unknown)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    return { ...(await start(config, { stderr, ...(onAccess && { onAccess }) }, undo)), stop };
  } catch (error) {
    await stop();
    throw error instanceof TemplateError ? new StartError(error.message) : error;
  }
}

/** Every step that is taken puts into `undo` how it is taken back. */
async function start(
  config: LocalConfig,
  { stderr, onAccess }: ServiceListeners,
  undo: (() => unknown)[],
): Promise<Omit<LocalService, 'stop'>> {
  refuseIfRunning(config.dataDir);
  const opened: { logs?: Logs } = {};
  const onProblem = (text: string): void => {
    (opened.logs?.problem ?? stderr)(text);
  };
  const gateway = await listenOn(config, onProblem);
  undo.push(() => gateway.close(0));
  const mtls = await listenForCertificates(config, onProblem);
  if (mtls) undo.push(() => mtls.close(0));
  const directory = openDataDirectory(config.dataDir);
  undo.push(directory.release);
  const logs = openLogs(directory.path, stderr);
  opened.logs = logs;
  undo.push(logs.close);

  const issuer = originOf(config.host, gateway.port);
  const deployment = readDeployment(config.assembly ?? (await cachedAssembly(config.auth)).directory, issuer);
  const callers = callersOf(deployment);
  const { dynamodb, keys } = await startEngines({ directory, deployment, principals: callers.principals, logs, onProblem, onAccess, undo });
  const endpoints = { dynamodb: dynamodb.endpoint, kms: keys.endpoint, secretsmanager: keys.endpoint };
  const mtlsUrl = mtls && mtlsUrlOf(mtls.port);
  const knobs = { ...config.knobs, ...(mtlsUrl && { MTLS_URL: mtlsUrl }) };
  const functions = createFunctions({ deployment, config: { ...config, knobs }, callers, endpoints, logs, onProblem });
  undo.push(() => Promise.all([...functions.values()].map((lambda) => lambda.stop())));

  const credentials = await demoCredentials(directory, issuer, {
    credentials: callers.operator,
    endpoints,
    tableName: onlyTable(deployment).name,
    ringSecretArn: ringSecretOf(deployment),
  });
  const schedules = startSchedules(deployment.schedules, functions);
  undo.push(schedules.stop);
  const control = await openControl({
    setFault: (service, mode) => {
      (service === 'dynamodb' ? dynamodb : keys).setFault(service, mode);
    },
    sweep: () => dynamodb.sweep(),
    runSchedule: schedules.run,
  });
  undo.push(control.close);
  for (const opened of [gateway, mtls]) if (opened) openGateway(opened, deployment, functions, credentials.aws);
  // Requests under way need everything else, so the gateway is the first to go; a second close does nothing.
  undo.push(() => Promise.all([gateway.close(GRACE_MS), mtls?.close(GRACE_MS)]));
  directory.markInitialized();
  directory.announce({ port: gateway.port, issuer, control: { url: control.url, token: control.token } });
  for (const lambda of functions.values()) lambda.warm();
  const { run: runSchedule } = schedules;
  return {
    issuer,
    ...(mtlsUrl && { mtlsUrl }),
    credentials,
    deployment,
    aws: { credentials: callers.operator, dynamodb, keys },
    runSchedule,
  };
}

async function listenForCertificates(config: LocalConfig, onProblem: (text: string) => void): Promise<Gateway | undefined> {
  if (config.mtlsPort === undefined) return undefined;
  return listenOn({ host: config.host, port: config.mtlsPort }, onProblem, readMutualTls(config.dataDir));
}

async function listenOn(
  { host, port }: Pick<LocalConfig, 'host' | 'port'>,
  onProblem: (text: string) => void,
  tls?: MutualTls,
): Promise<Gateway> {
  try {
    return await listen(host, port, onProblem, tls);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EADDRINUSE') throw new StartError(`port ${port} on ${host} is in use. Stop what listens there, or set another PORT.`);
    throw new StartError(`cannot listen on port ${port} of ${host} (${code ?? String(error)}). Set another PORT or HOST.`);
  }
}

type Callers = {
  readonly principals: readonly Principal[];
  readonly operator: Credentials;
  readonly byFunction: ReadonlyMap<string, Credentials>;
};

/** One set of credentials per function, which name its role to the engines. */
function callersOf({ functions, roles }: Deployment): Callers {
  const operator = operatorPrincipal();
  const principals = [operator.principal];
  const byFunction = new Map<string, Credentials>();
  for (const lambda of functions) {
    const role = roles.find(({ arn }) => arn === lambda.roleArn);
    if (!role) throw new StartError(`the function ${lambda.name} runs as ${lambda.roleArn}, which is no role of the templates`);
    const { principal, credentials } = principalOf(role, lambda.name);
    principals.push(principal);
    byFunction.set(lambda.name, credentials);
  }
  return { principals, operator: operator.credentials, byFunction };
}

type EngineContext = {
  readonly directory: DataDirectory;
  readonly deployment: Deployment;
  readonly principals: readonly Principal[];
  readonly logs: Logs;
  readonly onProblem: (text: string) => void;
  readonly onAccess: ServiceListeners['onAccess'];
  readonly undo: (() => unknown)[];
};

async function startEngines({
  directory,
  deployment,
  principals,
  logs,
  onProblem,
  onAccess,
  undo,
}: EngineContext): Promise<{ dynamodb: Engine; keys: Engine }> {
  const listeners = { onEvent: logs.audit, onProblem, onAccess };
  const { path: dataDir, initialized } = directory;
  const common = { dataDir, initialized, principals };
  const engines = await Promise.allSettled([
    startEngine({ kind: 'dynamodb', ...common, table: onlyTable(deployment), pipes: deployment.pipes }, listeners),
    startEngine(
      { kind: 'keys', ...common, keys: deployment.keys, secrets: deployment.secrets, activeKeyArn: activeKeyOf(deployment) },
      listeners,
    ),
  ]);
  for (const engine of engines) if (engine.status === 'fulfilled') undo.push(engine.value.stop);
  const [dynamodb, keys] = engines;
  if (dynamodb.status === 'rejected') throw dynamodb.reason;
  if (keys.status === 'rejected') throw keys.reason;
  return { dynamodb: dynamodb.value, keys: keys.value };
}

type FunctionContext = {
  readonly deployment: Deployment;
  readonly config: LocalConfig;
  readonly callers: Callers;
  readonly endpoints: { readonly dynamodb: string; readonly kms: string; readonly secretsmanager: string };
  readonly logs: Logs;
  readonly onProblem: (text: string) => void;
};

function createFunctions({
  deployment,
  config,
  callers,
  endpoints,
  logs,
  onProblem,
}: FunctionContext): ReadonlyMap<string, LambdaFunction> {
  return new Map(
    deployment.functions.map((spec) => {
      const credentials = callers.byFunction.get(spec.name) ?? callers.operator;
      const variables = variablesOf(spec, { knobs: config.knobs, credentials, endpoints });
      const { environments } = config;
      return [spec.name, createLambdaFunction({ spec, variables, environments, onOutput: logs.output, onFailure: onProblem })];
    }),
  );
}

function openGateway(
  gateway: Gateway,
  deployment: Deployment,
  functions: ReadonlyMap<string, LambdaFunction>,
  aws: CredentialsFile['aws'],
): void {
  const { callerPolicies: policies } = deployment;
  const name = aws.arn.split('/').at(-1) ?? '';
  const role = { name, accessKeyId: aws.access_key_id, secretAccessKey: aws.secret_access_key, policies };
  const httpApi = createHttpApi(deployment.httpApi, functions, createIamAuthorizer(role));
  const restApis = deployment.restApis.map((spec) => createRestApi(spec, functions));
  // Where both have a path, the REST API wins.
  gateway.open({ handle: (request) => (restApis.find((api) => api.owns(request.path)) ?? httpApi).handle(request) });
}

/** ARN of the key that signs by default: the first that a function's SIGNING_KEYS names. */
function activeKeyOf({ functions }: Deployment): string | undefined {
  const text = functions.map(({ environment }) => environment['SIGNING_KEYS']).find((value) => value !== undefined);
  return text === undefined ? undefined : String(Object.values(JSON.parse(text) as Readonly<Record<string, string>>)[0]);
}

/** The ring that client secrets are digested with, as the functions know it. */
function ringSecretOf({ functions }: Deployment): string {
  const arn = functions.map(({ environment }) => environment['RING_SECRET_ARN']).find((value) => value !== undefined);
  if (arn === undefined) throw new StartError('no function of the templates has RING_SECRET_ARN');
  return arn;
}
