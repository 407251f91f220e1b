// What the templates say is to run: plain data, so that it can be handed to worker threads as it is.
import { RESOURCE_TYPES } from './attributes.ts';
import { readAssembly } from './assembly.ts';
import { readCallerPolicies } from './caller-policies.ts';
import { readFunctions, readRoles, type FunctionSpec, type Policy, type RoleSpec } from './functions.ts';
import { readHttpApi, type HttpApiSpec } from './http-api.ts';
import { createReader } from './reader.ts';
import { createResolver } from './resolver.ts';
import { readRestApis, type RestApiSpec } from './rest-api.ts';
import { readSchedules, type ScheduleSpec } from './schedules.ts';
import { readKeys, readPipes, readSecrets, readTables, type KeySpec, type PipeSpec, type SecretSpec, type TableSpec } from './state.ts';
import { TemplateError, type Stack } from './template.ts';

export type Deployment = {
  readonly functions: readonly FunctionSpec[];
  readonly roles: readonly RoleSpec[];
  readonly tables: readonly TableSpec[];
  readonly keys: readonly KeySpec[];
  readonly secrets: readonly SecretSpec[];
  readonly pipes: readonly PipeSpec[];
  readonly httpApi: HttpApiSpec;
  readonly restApis: readonly RestApiSpec[];
  readonly schedules: readonly ScheduleSpec[];
  /** What the outputs say that callers of the routes below `/iam` need. */
  readonly callerPolicies: readonly Policy[];
};

/**
 * Reads a synthesized cloud assembly. Throws `TemplateError` for whatever the local run does not know.
 * @param origin where the local gateway listens, which is what the API's endpoint resolves to.
 */
export function readDeployment(assemblyDirectory: string, origin: string): Deployment {
  const stacks = readAssembly(assemblyDirectory);
  refuseUnknownTypes(stacks);
  const resolver = createResolver(stacks, origin);
  const reader = createReader(stacks, resolver);
  return {
    functions: readFunctions(reader),
    roles: readRoles(reader),
    tables: readTables(reader),
    keys: readKeys(reader),
    secrets: readSecrets(reader),
    pipes: readPipes(reader),
    httpApi: readHttpApi(reader),
    restApis: readRestApis(reader),
    schedules: readSchedules(reader),
    callerPolicies: readCallerPolicies(stacks, resolver),
  };
}

/** The only table, or a clear error: the local engine serves one. */
export function onlyTable(deployment: Deployment): TableSpec {
  const [table, ...others] = deployment.tables;
  if (!table || others.length > 0)
    throw new Error(`the templates have ${deployment.tables.length} tables; the local run serves exactly one`);
  return table;
}

function refuseUnknownTypes(stacks: readonly Stack[]): void {
  for (const stack of stacks)
    for (const [logicalId, resource] of Object.entries(stack.template.Resources))
      if (!RESOURCE_TYPES.has(resource.Type))
        throw new TemplateError(stack.name, logicalId, `is of type ${resource.Type}, which the local run does not know`);
}
