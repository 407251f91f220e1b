// Typed access to the resources of all stacks, resolved once each.
import type { Resolver } from './resolver.ts';
import { isObject, TemplateError, type Json, type JsonObject, type Resource, type Stack } from './template.ts';

/** One resource with its intrinsics resolved. */
export type Found = {
  readonly stack: Stack;
  readonly logicalId: string;
  readonly type: string;
  /** What `Ref` answers. */
  readonly ref: string;
  attribute(name: string): string;
  text(property: string): string;
  optionalText(property: string): string | undefined;
  number(property: string, otherwise: number): number;
  flag(property: string, otherwise: boolean): boolean;
  object(property: string): JsonObject;
  list(property: string): readonly Json[];
  objects(property: string): readonly JsonObject[];
  refuse(problem: string): never;
};

export type Reader = {
  readonly stacks: readonly Stack[];
  /** Every resource of the type in every stack; those whose condition is false are absent. */
  all(type: string): readonly Found[];
};

export function createReader(stacks: readonly Stack[], resolver: Resolver): Reader {
  const found = stacks.flatMap((stack) =>
    Object.entries(stack.template.Resources)
      .filter(([, resource]) => resolver.exists(stack, resource))
      .map(([logicalId, resource]) => createFound(stack, logicalId, resource, resolver)),
  );
  return { stacks, all: (type) => found.filter((candidate) => candidate.type === type) };
}

function createFound(stack: Stack, logicalId: string, resource: Resource, resolver: Resolver): Found {
  const resolved = new Map<string, Json | undefined>();
  const property = (name: string): Json | undefined => {
    if (!resolved.has(name)) {
      const value = resource.Properties?.[name];
      resolved.set(name, value === undefined ? undefined : resolver.value(stack, value, `${logicalId}.${name}`));
    }
    return resolved.get(name) ?? undefined;
  };
  const refuse = (problem: string): never => {
    throw new TemplateError(stack.name, logicalId, problem);
  };
  const list = (name: string): readonly Json[] => {
    const value = property(name) ?? [];
    return Array.isArray(value) ? (value as readonly Json[]) : refuse(`should have a list ${name}`);
  };
  return {
    stack,
    logicalId,
    type: resource.Type,
    get ref() {
      return String(resolver.value(stack, { Ref: logicalId }, logicalId));
    },
    attribute: (name) => String(resolver.value(stack, { 'Fn::GetAtt': [logicalId, name] }, logicalId)),
    text: (name) => {
      const value = property(name);
      return typeof value === 'string' ? value : refuse(`should have a text ${name}`);
    },
    optionalText: (name) => {
      const value = property(name);
      return value === undefined || typeof value === 'string' ? value : refuse(`should have a text ${name}`);
    },
    number: (name, otherwise) => {
      const value = Number(property(name) ?? otherwise);
      return Number.isFinite(value) ? value : refuse(`should have a number ${name}`);
    },
    flag: (name, otherwise) => String(property(name) ?? otherwise) === 'true',
    object: (name) => {
      const value = property(name) ?? {};
      return isObject(value) ? value : refuse(`should have an object ${name}`);
    },
    list,
    objects: (name) => list(name).map((item) => (isObject(item) ? item : refuse(`should have objects in ${name}`))),
    refuse,
  };
}
