// IAM's evaluation of a policy, as its documentation has it: an explicit denial outweighs, `*` is any text, `?` any character.
import type { PolicyDocument } from '../../src/authorizer/policy.ts';

const patterns = new Map<string, RegExp>();
function patternOf(resource: string): RegExp {
  let pattern = patterns.get(resource);
  if (pattern === undefined) {
    pattern = new RegExp(
      `^${resource
        .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
        .replaceAll('*', '.*')
        .replaceAll('?', '.')}$`,
      's',
    );
    patterns.set(resource, pattern);
  }
  return pattern;
}

export function isAllowedBy(policy: PolicyDocument, arn: string): boolean {
  const matching = policy.Statement.filter(({ Resource }) => Resource.some((resource) => patternOf(resource).test(arn)));
  return matching.some(({ Effect }) => Effect === 'Allow') && !matching.some(({ Effect }) => Effect === 'Deny');
}
