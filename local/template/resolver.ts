// CloudFormation's intrinsic functions, across all stacks of the app, as far as CDK uses them.
import { ACCOUNT, REGION } from './account.ts';
import { RESOURCE_TYPES, type Identity } from './attributes.ts';
import { isObject, TemplateError, type Json, type JsonObject, type Resource, type Stack } from './template.ts';

/** What `AWS::NoValue` stands for: the property, list member or joined part is absent. */
const NO_VALUE = Symbol('AWS::NoValue');
type Resolved = Json | typeof NO_VALUE;

export type Resolver = {
  /** The value with every intrinsic function replaced; throws `TemplateError` for one it does not know. */
  value(stack: Stack, value: Json, path: string): Json;
  /** Whether the resource's own condition lets it exist. */
  exists(stack: Stack, resource: Resource): boolean;
};

type Intrinsic = (stack: Stack, argument: Json, path: string) => Resolved;

/** `origin`: where the local gateway listens; the API's endpoint attribute and the execute-api URLs resolve to it. */
export function createResolver(stacks: readonly Stack[], origin: string): Resolver {
  const stages = stacks.flatMap((stack) => Object.values(stack.template.Resources)).filter(({ Type }) => Type === 'AWS::ApiGateway::Stage');
  const stageNames = new Set(stages.map((stage) => stage.Properties?.['StageName']).filter((name) => typeof name === 'string'));
  /** Generated API ids are not reachable from this machine: `https://<api>.execute-api.<region>.amazonaws.com[/<stage>]` is the local gateway. */
  const executeApiUrlsToOrigin = (value: string): string =>
    value.replace(
      /https:\/\/[a-z0-9]+\.execute-api\.[a-z0-9-]+\.amazonaws\.com(?:\/([A-Za-z0-9_-]+)(?=\/|$))?/g,
      (_, segment: string | undefined) => (segment === undefined || stageNames.has(segment) ? origin : `${origin}/${segment}`),
    );

  const pseudoParameters = (stack: Stack): Readonly<Record<string, Resolved>> => ({
    'AWS::AccountId': ACCOUNT,
    'AWS::Region': REGION,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackName': stack.name,
    'AWS::StackId': `arn:aws:cloudformation:${REGION}:${ACCOUNT}:stack/${stack.name}/local`,
    'AWS::NotificationARNs': [],
    'AWS::NoValue': NO_VALUE,
  });

  function resolve(stack: Stack, value: Json, path: string): Resolved {
    if (typeof value === 'string') return executeApiUrlsToOrigin(value);
    if (Array.isArray(value))
      return value.map((item: Json, index) => resolve(stack, item, `${path}[${index}]`)).filter((item) => item !== NO_VALUE);
    if (!isObject(value)) return value;
    const [name = '', ...others] = Object.keys(value);
    if (others.length === 0 && isIntrinsic(name, value[name])) return intrinsic(stack, name, value[name] ?? null, path);
    const entries = Object.entries(value).map(([key, item]) => [key, resolve(stack, item, `${path}.${key}`)] as const);
    return Object.fromEntries(entries.filter((entry): entry is [string, Json] => entry[1] !== NO_VALUE));
  }

  function intrinsic(stack: Stack, name: string, argument: Json, path: string): Resolved {
    const apply = intrinsics[name];
    if (!apply) throw new TemplateError(stack.name, path, `uses ${name}, which the local run does not know`);
    const result = apply(stack, argument, path);
    return typeof result === 'string' ? executeApiUrlsToOrigin(result) : result;
  }

  const text = (stack: Stack, value: Json, path: string): string => {
    const resolved = resolve(stack, value, path);
    if (typeof resolved === 'string' || typeof resolved === 'number' || typeof resolved === 'boolean') return String(resolved);
    throw new TemplateError(stack.name, path, 'should be text');
  };
  const list = (stack: Stack, value: Json | undefined, path: string): readonly Json[] => {
    const resolved = resolve(stack, value ?? null, path);
    if (Array.isArray(resolved)) return resolved as readonly Json[];
    throw new TemplateError(stack.name, path, 'should be a list');
  };
  const parts = (stack: Stack, value: Json, path: string): readonly Json[] => {
    if (Array.isArray(value)) return value as readonly Json[];
    throw new TemplateError(stack.name, path, 'should be a list of arguments');
  };

  function ref(stack: Stack, argument: Json, path: string): Resolved {
    const name = String(argument);
    const pseudo = pseudoParameters(stack)[name];
    if (pseudo !== undefined) return pseudo;
    const parameter = stack.template.Parameters?.[name];
    if (parameter) {
      if (parameter.Default === undefined) throw new TemplateError(stack.name, path, `needs the parameter ${name}, which has no default`);
      return parameter.Default;
    }
    const { type, identity } = resource(stack, name, path);
    return type.ref(identity);
  }

  function getAtt(stack: Stack, argument: Json, path: string): Resolved {
    const [logicalId = '', attribute = ''] = Array.isArray(argument) ? argument.map(String) : String(argument).split(/\.(.*)/s);
    const { type, identity, typeName } = resource(stack, logicalId, path);
    const answer = type.attributes[attribute];
    if (!answer)
      throw new TemplateError(stack.name, path, `needs the attribute ${attribute} of ${typeName}, which the local run does not know`);
    return answer(identity);
  }

  function resource(stack: Stack, logicalId: string, path: string) {
    const found = stack.template.Resources[logicalId];
    if (!found) throw new TemplateError(stack.name, path, `refers to ${logicalId}, which does not exist`);
    const type = RESOURCE_TYPES.get(found.Type);
    if (!type) throw new TemplateError(stack.name, logicalId, `is of type ${found.Type}, which the local run does not know`);
    const property = (name: string): string | undefined => {
      const value = found.Properties?.[name];
      if (value === undefined) return undefined;
      const resolved = resolve(stack, value, `${logicalId}.${name}`);
      return typeof resolved === 'string' ? resolved : undefined;
    };
    const identity: Identity = { stack: stack.name, logicalId, property, origin };
    return { type, identity, typeName: found.Type };
  }

  function substitute(stack: Stack, argument: Json, path: string): string {
    const [template, variables] = Array.isArray(argument) ? (argument as readonly Json[]) : [argument, {}];
    return String(template).replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
      if (literal === '!') return `\${${name}}`;
      const own = isObject(variables ?? null) ? (variables as JsonObject)[name] : undefined;
      if (own !== undefined) return text(stack, own, path);
      return String(name.includes('.') ? getAtt(stack, name, path) : ref(stack, name, path));
    });
  }

  function importValue(stack: Stack, argument: Json, path: string): Resolved {
    const wanted = text(stack, argument, path);
    for (const other of stacks)
      for (const [name, output] of Object.entries(other.template.Outputs ?? {}))
        if (output.Export && text(other, output.Export.Name, `Outputs.${name}`) === wanted)
          return resolve(other, output.Value, `Outputs.${name}`);
    throw new TemplateError(stack.name, path, `imports ${wanted}, which no stack exports`);
  }

  function stackOutput(stack: Stack, argument: Json, path: string): Resolved {
    const wanted = isObject(argument) ? argument : {};
    const stackName = text(stack, wanted['StackName'] ?? '', path);
    const outputName = text(stack, wanted['OutputName'] ?? '', path);
    const other = stacks.find((candidate) => candidate.name === stackName);
    const output = other?.template.Outputs?.[outputName];
    if (!other || !output)
      throw new TemplateError(stack.name, path, `reads output ${outputName} of stack ${stackName}, which does not exist`);
    return resolve(other, output.Value, `Outputs.${outputName}`);
  }

  function condition(stack: Stack, name: string, path: string): boolean {
    const definition = stack.template.Conditions?.[name];
    if (definition === undefined) throw new TemplateError(stack.name, path, `refers to the condition ${name}, which does not exist`);
    return resolve(stack, definition, `Conditions.${name}`) === true;
  }

  const intrinsics: Readonly<Record<string, Intrinsic>> = {
    Ref: ref,
    Condition: (stack, argument, path) => condition(stack, String(argument), path),
    'Fn::GetAtt': getAtt,
    'Fn::Sub': substitute,
    'Fn::ImportValue': importValue,
    'Fn::GetStackOutput': stackOutput,
    'Fn::Join': (stack, argument, path) => {
      const [separator = '', items] = parts(stack, argument, path);
      return list(stack, items, path)
        .map((item) => text(stack, item, path))
        .join(String(separator));
    },
    'Fn::Split': (stack, argument, path) => {
      const [separator = '', source = ''] = parts(stack, argument, path);
      return text(stack, source, path).split(String(separator));
    },
    'Fn::Select': (stack, argument, path) => {
      const [index = 0, items] = parts(stack, argument, path);
      const chosen = list(stack, items, path)[Number(text(stack, index, path))];
      if (chosen === undefined) throw new TemplateError(stack.name, path, 'selects beyond the end of a list');
      return chosen;
    },
    'Fn::FindInMap': (stack, argument, path) => {
      const [map = '', first = '', second = ''] = parts(stack, argument, path).map((item) => text(stack, item, path));
      const found = stack.template.Mappings?.[map]?.[first]?.[second];
      if (found === undefined) throw new TemplateError(stack.name, path, `looks for ${map}.${first}.${second}, which does not exist`);
      return found;
    },
    'Fn::If': (stack, argument, path) => {
      const [name = '', yes = null, no = null] = parts(stack, argument, path);
      return resolve(stack, condition(stack, String(name), path) ? yes : no, path);
    },
    'Fn::Equals': (stack, argument, path) => {
      const [left = null, right = null] = parts(stack, argument, path);
      return JSON.stringify(resolve(stack, left, path)) === JSON.stringify(resolve(stack, right, path));
    },
    'Fn::And': (stack, argument, path) => parts(stack, argument, path).every((item) => resolve(stack, item, path) === true),
    'Fn::Or': (stack, argument, path) => parts(stack, argument, path).some((item) => resolve(stack, item, path) === true),
    'Fn::Not': (stack, argument, path) => resolve(stack, parts(stack, argument, path)[0] ?? null, path) !== true,
  };

  return {
    value(stack, value, path) {
      const resolved = resolve(stack, value, path);
      return resolved === NO_VALUE ? null : resolved;
    },
    exists: (stack, found) => found.Condition === undefined || condition(stack, found.Condition, 'Condition'),
  };
}

/** `Condition` is also a member of policy statements, where it holds an object. */
const isIntrinsic = (name: string, argument: Json | undefined): boolean =>
  name === 'Ref' || name.startsWith('Fn::') || (name === 'Condition' && typeof argument === 'string');
