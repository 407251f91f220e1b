// EventBridge rules that call functions again and again. Rules that wait for events have no schedule: the pipe's local end is the audit file.
import type { Found, Reader } from './reader.ts';
import { isObject, type JsonObject } from './template.ts';

export type ScheduleSpec = {
  /** The `schedule` of its input. */
  readonly name: string;
  readonly functionName: string;
  readonly everyMs: number;
  /** JSON: what the function is called with. */
  readonly input: string;
};

const RATE = /^rate\((\d+) (minute|hour|day)s?\)$/;
/** What a timer of Node can wait for. */
const LONGEST_MS = 2 ** 31 - 1;
const UNIT_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

export function readSchedules(reader: Reader): readonly ScheduleSpec[] {
  const functions = new Map(reader.all('AWS::Lambda::Function').map((lambda) => [lambda.attribute('Arn'), lambda.ref]));
  const callable = new Set(
    reader
      .all('AWS::Lambda::Permission')
      .filter((permission) => permission.text('Principal') === 'events.amazonaws.com')
      .map((permission) => `${permission.text('FunctionName')} ${permission.text('SourceArn')}`),
  );
  return reader
    .all('AWS::Events::Rule')
    .filter((rule) => rule.optionalText('ScheduleExpression') !== undefined && rule.optionalText('State') !== 'DISABLED')
    .flatMap((rule) =>
      rule.objects('Targets').map((target) => {
        const arn = String(target['Arn']);
        const functionName =
          functions.get(arn) ?? rule.refuse(`has the target ${arn}; the local run knows only functions as targets of schedules`);
        if (!callable.has(`${arn} ${rule.attribute('Arn')}`)) rule.refuse(`calls ${functionName}, which EventBridge has no permission to`);
        return { ...inputOf(rule, target), functionName, everyMs: everyMsOf(rule) };
      }),
    );
}

function everyMsOf(rule: Found): number {
  const expression = rule.text('ScheduleExpression');
  const [, count, unit] = RATE.exec(expression) ?? rule.refuse(`has the schedule ${expression}; the local run knows only rate()`);
  const everyMs = Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
  return everyMs <= LONGEST_MS ? everyMs : rule.refuse(`has the schedule ${expression}; the local run waits 24 days at most`);
}

function inputOf(rule: Found, { Input: input }: JsonObject): Pick<ScheduleSpec, 'name' | 'input'> {
  if (typeof input !== 'string') return rule.refuse('has a target without a constant input');
  const parsed: unknown = JSON.parse(input);
  const name = isObject(parsed) ? parsed['schedule'] : undefined;
  return typeof name === 'string' ? { name, input } : rule.refuse('has an input that does not say {"schedule": "<name>"}');
}
