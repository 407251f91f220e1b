// EventBridge event patterns, as far as they are used; an operator that is not known is refused.
import { isObject, TemplateError } from '../template/template.ts';

export type Pattern = (event: unknown) => boolean;

export function createPattern(pattern: unknown, owner: string): Pattern {
  if (Array.isArray(pattern)) {
    const conditions = pattern.map((condition) => createCondition(condition, owner));
    return (value) => {
      const values: readonly unknown[] = Array.isArray(value) && value.length > 0 ? value : [value];
      return conditions.some((condition) => values.some(condition));
    };
  }
  if (!isObject(pattern)) throw new TemplateError('the pipe', owner, 'has a filter that is no event pattern');
  const members = Object.entries(pattern).map(([name, below]) => {
    if (name === '$or') throw new TemplateError('the pipe', owner, 'has a filter with $or, which the local run does not know');
    return [name, createPattern(below, owner)] as const;
  });
  return (event) =>
    members.every(([name, matches]) =>
      matches(typeof event === 'object' && event !== null ? (event as Readonly<Record<string, unknown>>)[name] : undefined),
    );
}

function createCondition(condition: unknown, owner: string): Pattern {
  if (condition === null || ['string', 'number', 'boolean'].includes(typeof condition)) return (value) => value === condition;
  const [operator, argument] = isObject(condition) ? (Object.entries(condition)[0] ?? []) : [];
  switch (operator) {
    case 'exists':
      // In EventBridge only leaves exist: an object is not one.
      return (value) => (value !== undefined && !isObject(value)) === argument;
    case 'prefix':
      return (value) => typeof value === 'string' && value.startsWith(String(argument));
    case 'suffix':
      return (value) => typeof value === 'string' && value.endsWith(String(argument));
    case 'equals-ignore-case':
      return (value) => typeof value === 'string' && value.toLowerCase() === String(argument).toLowerCase();
    case 'anything-but': {
      const excluded: readonly unknown[] = Array.isArray(argument) ? argument : [argument];
      return (value) => value !== undefined && !excluded.includes(value);
    }
    default:
      throw new TemplateError('the pipe', owner, `has a filter with ${JSON.stringify(condition)}, which the local run does not know`);
  }
}
