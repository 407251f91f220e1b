// The environment variables of a function: the template's, the knobs over them, and what Lambda's runtime adds.
import { REGION } from '../template/account.ts';
import type { FunctionSpec } from '../template/functions.ts';

export type Credentials = { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken: string };
export type Endpoints = { readonly dynamodb: string; readonly kms: string; readonly secretsmanager: string };

/** `knobs` change only names that the function's template environment has. */
export function variablesOf(
  spec: FunctionSpec,
  runtime: { readonly knobs: Readonly<Record<string, string>>; readonly credentials: Credentials; readonly endpoints: Endpoints },
): Readonly<Record<string, string>> {
  return {
    ...overlaid(spec.environment, runtime.knobs),
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_LAMBDA_FUNCTION_NAME: spec.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(spec.memoryMb),
    AWS_EXECUTION_ENV: `AWS_Lambda_${spec.runtime}`,
    LAMBDA_TASK_ROOT: spec.directory,
    AWS_ACCESS_KEY_ID: runtime.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: runtime.credentials.secretAccessKey,
    AWS_SESSION_TOKEN: runtime.credentials.sessionToken,
    AWS_ENDPOINT_URL_DYNAMODB: runtime.endpoints.dynamodb,
    AWS_ENDPOINT_URL_KMS: runtime.endpoints.kms,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: runtime.endpoints.secretsmanager,
    // Nothing of the AWS configuration of whoever runs this may leak in.
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    TZ: ':UTC',
  };
}

export function overlaid(
  environment: Readonly<Record<string, string>>,
  knobs: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const result: Record<string, string> = { ...environment };
  for (const [name, value] of Object.entries(knobs)) if (name in environment) result[name] = value;
  // The template's burst belongs to the template's limit: another limit brings its own default.
  if (knobs['RATE_LIMIT_PER_MINUTE'] !== undefined && 'RATE_LIMIT_PER_MINUTE' in environment) {
    delete result['RATE_LIMIT_BURST'];
    if (knobs['RATE_LIMIT_BURST'] !== undefined) result['RATE_LIMIT_BURST'] = knobs['RATE_LIMIT_BURST'];
  }
  // Who runs it without limits to try things out is not slowed down either, unless that is asked for.
  if (Number(knobs['RATE_LIMIT_PER_MINUTE']) === 0 && knobs['LOCKOUT'] === undefined && 'LOCKOUT' in environment) result['LOCKOUT'] = 'off';
  return result;
}
