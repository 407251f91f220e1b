// What a function's role allows, flattened to comparable lines: `action resource [leading keys]`.
import type { Template } from 'aws-cdk-lib/assertions';
import { resources } from './synthesized-app.ts';

type Statement = {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Record<string, Record<string, unknown>>;
};

/** Names stack and construct. */
const KEY_TAG_VALUE = /"m2m-auth-state\/[0-9a-f]{8}"/g;

const list = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value]) as readonly T[];

/** Logical id of the function whose id contains `name`. */
export function functionIdOf(template: Template, name: string): string {
  const [id, ...others] = Object.keys(resources(template, 'AWS::Lambda::Function')).filter((each) => each.includes(name));
  if (id === undefined || others.length > 0) throw new Error(`not exactly one function called ${name}`);
  return id;
}

export function statementsOf(template: Template, functionName: string): readonly Statement[] {
  const role = resources(template)[functionIdOf(template, functionName)]!.Properties.Role['Fn::GetAtt'][0];
  return Object.values(resources(template, 'AWS::IAM::Policy'))
    .filter(({ Properties }) => Properties.Roles.some(({ Ref }: { Ref: string }) => Ref === role))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
}

/** Every action on its own; resources by the kind that they name; conditions written out in full. */
export function permissionsOf(template: Template, functionName: string): string[] {
  return statementsOf(template, functionName)
    .flatMap(({ Effect, Action, Resource, Condition }) =>
      list(Action).flatMap((action) =>
        list(Resource).map((resource) => [Effect, action, kindOf(resource), conditionOf(Condition)].join(' ').trim()),
      ),
    )
    .sort();
}

function kindOf(resource: unknown): string {
  const text = JSON.stringify(resource);
  const index = /\/index\/(\w+)/.exec(text);
  if (text.includes('AuthTable')) return index ? `table/index/${index[1]}` : 'table';
  if (text.includes('SigningKeys')) return 'signing-key';
  if (text.includes(':key/*')) return 'any-key';
  if (text === '"*"') return '*';
  if (text.includes('AuthRing')) return 'ring';
  if (text.includes('Logs')) return 'own-logs';
  return text;
}

function conditionOf(condition: Statement['Condition']): string {
  if (!condition) return '';
  const { 'ForAllValues:StringLike': like, Null: absent, ...others } = condition;
  const complete = Object.keys(others).length === 0 && absent?.['dynamodb:LeadingKeys'] === 'false';
  return complete ? list(like?.['dynamodb:LeadingKeys']).join(',') : JSON.stringify(condition).replace(KEY_TAG_VALUE, 'TAG');
}
