// The policies that the stacks' outputs give to callers of the routes below `/iam`; the local role has exactly these.
import type { Policy } from './functions.ts';
import type { Resolver } from './resolver.ts';
import { isObject, TemplateError, type Json, type Stack } from './template.ts';

const OUTPUTS = ['IamCallerPolicy', 'IamAdministratorPolicy'];

export const readCallerPolicies = (stacks: readonly Stack[], resolver: Resolver): readonly Policy[] =>
  stacks.flatMap((stack) =>
    OUTPUTS.flatMap((name) => {
      const output = stack.template.Outputs?.[name];
      return output === undefined ? [] : [policyFrom(stack, name, String(resolver.value(stack, output.Value, `Outputs.${name}`)))];
    }),
  );

function policyFrom(stack: Stack, name: string, text: string): Policy {
  try {
    const policy = JSON.parse(text) as Json;
    if (isObject(policy)) return { name, policy };
  } catch {
    // Said below.
  }
  throw new TemplateError(stack.name, `Outputs.${name}`, 'is not a policy in JSON');
}
