// The part of CloudFormation's template format that is read here.
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export type JsonObject = { readonly [name: string]: Json };

export type Resource = {
  readonly Type: string;
  readonly Condition?: string;
  readonly Properties?: JsonObject;
  readonly Metadata?: JsonObject;
};

export type Template = {
  readonly Parameters?: Readonly<Record<string, { readonly Type: string; readonly Default?: Json }>>;
  readonly Mappings?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, Json>>>>>>;
  readonly Conditions?: Readonly<Record<string, Json>>;
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<
    Record<string, { readonly Value: Json; readonly Condition?: string; readonly Export?: { readonly Name: Json } }>
  >;
};

export type Stack = {
  readonly name: string;
  readonly template: Template;
  /** Object key of an asset -> its folder in the cloud assembly. */
  readonly assets: ReadonlyMap<string, string>;
};

/** A template that the local run cannot read faithfully: it refuses rather than guesses. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  constructor(stack: string, path: string, problem: string) {
    super(`template of ${stack}: ${path} ${problem}`);
  }
}

export const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);
