// The log groups of a deployed service, over CloudWatch Logs with the operator's own AWS credentials (logs:DescribeLogGroups, logs:FilterLogEvents).
import { CommandError, type Arguments, type Options } from './command.ts';
import { inWords } from './table.ts';
import { PROFILE_OPTIONS, shellCredentials, shellRegion, signedHeaders, type Signing } from './signature.ts';

export const DEPLOYED_OPTIONS: Options = {
  stack: { value: 'NAME', help: 'A deployed service, by its service stack: m2m-auth-service' },
  'log-group': { value: 'NAME', repeatable: true, help: 'A log group besides, such as that of an authorizer in another stack' },
  ...PROFILE_OPTIONS,
};

export const isDeployed = (call: Arguments): boolean => call.text('stack') !== undefined || call.list('log-group') !== undefined;

export type LogLine = { readonly timestamp: number; readonly message: string };
export type LogReader = {
  /** Log groups of the stack and those named. */
  readonly groups: readonly string[];
  /** Lines that contain `phrase`, or any without one, from `sinceMs` on, in order of time. */
  readonly find: (phrase: string | undefined, sinceMs: number) => Promise<readonly LogLine[]>;
};

const TIMEOUT_MS = 30_000;
/** CloudWatch Logs answers as much as it has looked through in a second, be it nothing. */
const PAGES_MAX = 200;

export async function deployedLogs(call: Arguments): Promise<LogReader> {
  const profile = call.text('profile');
  const region = await shellRegion(profile);
  const signing: Signing = { region, service: 'logs', credentials: shellCredentials(profile) };
  const stack = call.text('stack');
  const groups = [...(stack === undefined ? [] : await groupsOf(stack, signing)), ...(call.list('log-group') ?? [])];
  return {
    groups,
    find: async (phrase, sinceMs) => {
      const found = await Promise.all(groups.map((logGroupName) => linesOf(logGroupName, phrase, sinceMs, signing)));
      return found.flat().toSorted((one, other) => one.timestamp - other.timestamp);
    },
  };
}

/** Those of its functions begin with the stack's name, as CloudFormation makes names; that of the events is below /aws/events/. */
async function groupsOf(stack: string, signing: Signing): Promise<readonly string[]> {
  const prefixes = [`${stack}-`, `/aws/events/${stack}`];
  const pages = await Promise.all(
    prefixes.map((logGroupNamePrefix) => everyPage('DescribeLogGroups', { logGroupNamePrefix }, 'logGroups', signing)),
  );
  const groups = pages.flat().map((group) => String((group as { logGroupName?: unknown }).logGroupName));
  if (groups.length > 0) return groups;
  throw new CommandError(
    `There are no log groups of a stack ${JSON.stringify(stack)} in ${signing.region}.`,
    'Name the service stack as "aws cloudformation list-stacks" shows it, set AWS_REGION to its Region, or name its log groups by --log-group.',
  );
}

async function linesOf(logGroupName: string, phrase: string | undefined, startTime: number, signing: Signing): Promise<readonly LogLine[]> {
  const filter = phrase === undefined ? {} : { filterPattern: `"${phrase}"` };
  const events = await everyPage('FilterLogEvents', { logGroupName, startTime, ...filter }, 'events', signing);
  return events.map((event) => event as LogLine);
}

async function everyPage(operation: string, input: object, member: string, signing: Signing): Promise<readonly unknown[]> {
  const items: unknown[] = [];
  let nextToken: unknown;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await ask(operation, { ...input, ...(nextToken === undefined ? {} : { nextToken }) }, signing);
    items.push(...((answer[member] ?? []) as readonly unknown[]));
    nextToken = answer['nextToken'];
    if (nextToken === undefined) return items;
  }
  throw new CommandError('CloudWatch Logs has more than can be looked through.', 'Narrow it down with --since.');
}

type Answer = Readonly<Record<string, unknown>>;

async function ask(operation: string, input: object, signing: Signing): Promise<Answer> {
  const url = new URL(process.env['AWS_ENDPOINT_URL_CLOUDWATCH_LOGS'] || `https://logs.${signing.region}.${domainOf(signing.region)}/`);
  const body = JSON.stringify(input);
  const unsigned = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `Logs_20140328.${operation}` };
  const headers = await signedHeaders(signing, { method: 'POST', url, headers: unsigned, body });
  const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((error: unknown) => {
    throw new CommandError(
      `CloudWatch Logs does not answer at ${url.origin} (${(error as Error).message}).`,
      'Check the network and AWS_REGION.',
    );
  });
  const answer = (await response.json().catch(() => ({}))) as Answer;
  if (response.ok) return answer;
  throw refused(operation, response.status, answer);
}

const domainOf = (region: string): string => (region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com');

function refused(operation: string, status: number, answer: Answer): CommandError {
  const type = (inWords(answer['__type']) ?? `HTTP ${status}`).replace(/^.*#/, '');
  const message = answer['message'] ?? answer['Message'];
  const says = typeof message === 'string' ? `: ${message}` : '';
  const next = type.includes('AccessDenied')
    ? `Your role needs logs:${operation} on the log groups of the service.`
    : '"aws sts get-caller-identity" shows as whom you call.';
  return new CommandError(`CloudWatch Logs refuses ${operation} (${type})${says}`, next);
}
