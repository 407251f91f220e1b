// The function that rotates signing keys: of a deployed service by lambda:InvokeFunction with the operator's own AWS credentials, of the
// local one through the control channel that its data directory names.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, type Arguments, type Options } from './command.ts';
import { dataFolder } from './service.ts';
import { PROFILE_OPTIONS, shellCredentials, shellRegion, signedHeaders, type Signing } from './signature.ts';

export const ROTATION_OPTIONS: Options = {
  stack: { value: 'NAME', help: 'A deployed service, by its service stack: m2m-auth-service (default: the local one)' },
  ...PROFILE_OPTIONS,
};

/** As lib/functions/rotate-keys.ts describes it; CloudFormation shortens names. */
const DESCRIPTION = 'm2m-auth: rotation of signing keys';
const TIMEOUT_MS = 70_000;
const PAGES_MAX = 100;

export type JsonObject = Readonly<Record<string, unknown>>;

/** What the function answers to `command`. */
export async function askRotation(call: Arguments, command: JsonObject): Promise<JsonObject> {
  const stack = call.text('stack');
  if (stack !== undefined) return askDeployed(stack, call.text('profile'), command);
  if (call.text('profile') !== undefined) throw new CommandError('--profile needs --stack.', '', 2);
  return askLocal(command);
}

async function askLocal(command: JsonObject): Promise<JsonObject> {
  const { url, token } = localControl();
  const answer = await fetch(`${url}/schedule/rotate-keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify(command),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(() => {
    throw noLocalService();
  });
  const body = (await answer.json().catch(() => ({}))) as JsonObject;
  if (answer.ok) return body;
  throw failed(body);
}

function localControl(): { readonly url: string; readonly token: string } {
  try {
    const { control } = JSON.parse(readFileSync(join(dataFolder(), 'service.lock'), 'utf8')) as {
      control?: { url: string; token: string };
    };
    if (control !== undefined) return control;
  } catch {
    // Told below.
  }
  throw noLocalService();
}

const noLocalService = (): CommandError =>
  new CommandError(
    `No local service runs on ${dataFolder()}.`,
    'Start one with "npm start" in another terminal (with the same DATA_DIR), or name a deployed one by --stack.',
  );

async function askDeployed(stack: string, profile: string | undefined, command: JsonObject): Promise<JsonObject> {
  const region = await shellRegion(profile);
  const signing: Signing = { region, service: 'lambda', credentials: shellCredentials(profile) };
  const name = await functionOf(stack, signing);
  const { headers, body } = await send(signing, 'POST', `/2015-03-31/functions/${encodeURIComponent(name)}/invocations`, command);
  if (headers.has('x-amz-function-error')) throw failed(body);
  return body;
}

/** The names of the rotation functions that a stack of this name may have. */
async function functionsOf(stack: string, signing: Signing): Promise<readonly string[]> {
  const names: string[] = [];
  let marker = '';
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { body } = await send(signing, 'GET', `/2015-03-31/functions?MaxItems=50${marker}`);
    for (const { FunctionName: name, Description: description } of (body['Functions'] ?? []) as readonly JsonObject[])
      if (typeof name === 'string' && isOfStack(name, stack) && String(description).startsWith(DESCRIPTION)) names.push(name);
    if (typeof body['NextMarker'] !== 'string') break;
    marker = `&Marker=${encodeURIComponent(body['NextMarker'])}`;
  }
  return names;
}

async function functionOf(stack: string, signing: Signing): Promise<string> {
  const names = await functionsOf(stack, signing);
  const [only, ...others] = names;
  if (only !== undefined && others.length === 0) return only;
  // A key revoked in the wrong service cannot be given back.
  if (only !== undefined)
    throw new CommandError(
      `Several rotation functions go by the stack ${JSON.stringify(stack)}: ${names.join(', ')}.`,
      'Name the service stack in full. If it is that already, ask the function that you mean yourself: aws lambda invoke.',
    );
  throw new CommandError(
    `There is no rotation function of a stack ${JSON.stringify(stack)} in ${signing.region}.`,
    'Name the service stack as "aws cloudformation list-stacks" shows it, and set AWS_REGION to its Region.',
  );
}

/** `<stack>-<logical id>-<random>`, without a dash in the last two: `m2m-auth` is not to mean a stack `m2m-auth-staging`. */
const isOfStack = (name: string, stack: string): boolean =>
  name.startsWith(`${stack}-`) && /^[A-Za-z0-9]+(?:-[A-Za-z0-9]+)?$/.test(name.slice(stack.length + 1));

async function send(
  signing: Signing,
  method: 'GET' | 'POST',
  path: string,
  content?: JsonObject,
): Promise<{ readonly headers: Headers; readonly body: JsonObject }> {
  const url = new URL(path, process.env['AWS_ENDPOINT_URL_LAMBDA'] || `https://lambda.${signing.region}.${domainOf(signing.region)}`);
  const body = content === undefined ? '' : JSON.stringify(content);
  const headers = await signedHeaders(signing, { method, url, headers: { 'content-type': 'application/json' }, body });
  const response = await fetch(url, { method, headers, ...(body === '' ? {} : { body }), signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(
    (error: unknown) => {
      throw new CommandError(`Lambda does not answer at ${url.origin} (${(error as Error).message}).`, 'Check the network and AWS_REGION.');
    },
  );
  const answer = (await response.json().catch(() => ({}))) as JsonObject;
  if (response.ok) return { headers: response.headers, body: answer };
  const says = answer['Message'] ?? answer['message'];
  throw new CommandError(
    `Lambda refuses the call (HTTP ${response.status})${typeof says === 'string' ? `: ${says}` : ''}`,
    'Your role needs lambda:ListFunctions, and lambda:InvokeFunction on the rotation function.',
  );
}

const domainOf = (region: string): string => (region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com');

const failed = (answer: JsonObject): CommandError => {
  const says = answer['errorMessage'] ?? answer['error'];
  return new CommandError(
    `The rotation could not do it${typeof says === 'string' ? `: ${says}` : ''}`,
    'Say it again: what was begun is taken up where it was left. The log of the rotation function says more.',
  );
};
