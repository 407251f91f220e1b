// Whether a caller's role allows a call: iam-simulate decides, equal questions are asked once.
import { runSimulation } from '@cloud-copilot/iam-simulate';
import { matches } from '../gateway/policy.ts';
import { ACCOUNT } from '../template/account.ts';
import { isObject, type Json, type JsonObject } from '../template/template.ts';
import { knownContext, knownPolicy } from './encryption-context.ts';
import type { Principal } from './principals.ts';

/** One thing that a call needs to be allowed to do. */
export type AccessQuestion = {
  /** `dynamodb:GetItem` */
  readonly action: string;
  readonly resource: string;
  /** Condition keys of the request; a list for keys with several values. */
  readonly context: Readonly<Record<string, string | readonly string[]>>;
  /** The resource's own policy, where it has one that counts (KMS keys). */
  readonly resourcePolicy?: JsonObject;
};

/** A kind of access that a role was first seen to want. */
export type AccessRecord = {
  /** `arn:aws:sts::...:assumed-role/<role>/<function>` */
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  /** An example of the partition keys that it touches. */
  readonly leadingKeys: readonly string[];
  readonly allowed: boolean;
};

export type AccessCheck = (principal: Principal, question: AccessQuestion) => Promise<boolean>;

const CACHE_MAX = 20_000;

/** @param onAccess told once of each kind: least privilege is proven by comparing this with the templates. */
export function createAccessCheck(onAccess: (access: AccessRecord) => void = () => undefined): AccessCheck {
  const decisions = new Map<string, Promise<boolean>>();
  const kinds = new Map<string, KindOf>();
  const kindOf = (principal: Principal, { resource, resourcePolicy }: AccessQuestion): KindOf => {
    const key = `${principal.accessKeyId}\n${resourcePolicy === undefined ? '' : resource}`;
    const known = kinds.get(key) ?? kindOfValue([...principal.policies.map(({ policy }) => policy), resourcePolicy ?? {}]);
    kinds.set(key, known);
    return known;
  };
  return (principal, question) => {
    if (principal.operator) return Promise.resolve(true);
    const key = questionKey(principal, question, kindOf(principal, question));
    const known = decisions.get(key);
    if (known) return known;
    if (decisions.size >= CACHE_MAX) decisions.clear();
    const decision = simulate(principal, question).then((allowed) => {
      onAccess({
        principal: principal.arn,
        action: question.action,
        resource: question.resource,
        leadingKeys: leadingKeysOf(question),
        allowed,
      });
      return allowed;
    });
    decisions.set(key, decision);
    return decision;
  };
}

const leadingKeysOf = ({ context }: AccessQuestion): readonly string[] => [context['dynamodb:LeadingKeys'] ?? []].flat();

async function simulate(principal: Principal, { action, resource, context, resourcePolicy }: AccessQuestion): Promise<boolean> {
  const contextVariables: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(knownContext(context)))
    contextVariables[name] = typeof value === 'string' ? value : [...value];
  const result = await runSimulation(
    {
      request: { principal: principal.arn, action, resource: { resource, accountId: ACCOUNT }, contextVariables },
      identityPolicies: principal.policies.map(({ name, policy }) => ({ name, policy: knownPolicy(policy) })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(resourcePolicy === undefined ? {} : { resourcePolicy: knownPolicy(resourcePolicy) }),
    },
    {},
  );
  if (result.resultType === 'error') throw new Error(`IAM cannot be evaluated for ${action}: ${JSON.stringify(result.errors)}`);
  return result.overallResult === 'Allowed';
}

type KindOf = (value: string) => string;

/**
 * Values of a condition key (partition keys, mostly) differ from request to request, but matter only by which values of
 * the policies they match: two requests that match the same ones get the same decision.
 */
function questionKey(principal: Principal, { action, resource, context }: AccessQuestion, kindOf: KindOf): string {
  const shape = Object.entries(context).map(([name, value]) => {
    const kinds = new Set((typeof value === 'string' ? [value] : value).map(kindOf));
    return `${name}:${[...kinds].sort().join(',')}`;
  });
  return [principal.accessKeyId, action, resource, ...shape.sort()].join('\n');
}

/** Operators that only compare texts with a value or a pattern. With any other, every value is a kind of its own. */
const COMPARES_TEXT =
  /^((ForAllValues|ForAnyValue):)?(String(Equals|NotEquals|Like|NotLike)|Arn(Equals|Like|NotEquals|NotLike)|Bool|Null)(IfExists)?$/;

function kindOfValue(policies: readonly JsonObject[]): KindOf {
  const conditions = policies.flatMap(conditionsOf);
  const isPlain = conditions.every(([operator, values]) => COMPARES_TEXT.test(operator) && !values.some((value) => value.includes('${')));
  if (!isPlain) return (value) => value;
  const patterns = [...new Set(conditions.flatMap(([, values]) => values))];
  return (value) => patterns.map((pattern) => (pattern === value ? '=' : matches(pattern, value) ? '~' : '-')).join('');
}

/** Operator and values of every condition of a policy. */
function conditionsOf(policy: JsonObject): readonly (readonly [operator: string, values: readonly string[]])[] {
  const statements = [policy['Statement'] ?? []].flat() as readonly Json[];
  return statements
    .flatMap((statement) => Object.entries(objectOrEmpty(objectOrEmpty(statement)['Condition'])))
    .map(([operator, keys]) => [operator, Object.values(objectOrEmpty(keys)).flat().map(String)] as const);
}

const objectOrEmpty = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
