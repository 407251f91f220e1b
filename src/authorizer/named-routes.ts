// The routes that a policy can name for one kind of token: wildcard patterns that allow, and those that deny what they take too much.
import { covers, excesses, loosened, overlap } from './template-overlap.ts';
import type { RouteTemplate } from './route-path.ts';
import { HTTP_METHODS, type ParsedRouteRule } from './route-rule.ts';

/** Patterns of `METHOD/path` as IAM reads them: `*` is any text, `?` any character; a denial outweighs. */
export type NamedRoutes = { readonly allow: readonly string[]; readonly deny: readonly string[] };

/** Paths that match no rule (route-path.ts), in case a wildcard would take them. */
const AMBIGUOUS_PATHS = ['*//*', '*/./*', '*/../*', '*/.', '*/..', '*;*', '*\\*', '*%*', '*/?*/'];

type Shape = { readonly methods: readonly string[]; readonly template: RouteTemplate };
/** Something denied: the paths of an earlier rule that refuses (`shadow`), or what a wildcard takes too much (`excess`). */
type Denial = Shape & { readonly kind: 'shadow' | 'excess'; readonly ruleIndex: number };

/**
 * @param usable for each rule whether the token meets it.
 * @returns patterns that allow no path but those whose first matching rule is usable.
 */
export function namedRoutes(rules: readonly ParsedRouteRule[], usable: readonly boolean[]): NamedRoutes {
  const named = new Map<number, Shape>();
  const denials: Denial[] = [];
  for (const [index, rule] of rules.entries()) {
    if (usable[index] !== true) continue;
    const shape = shapeOf(rule);
    const own = denialsFor(index, shape, rules, usable);
    const candidates = new Map([...named, [index, shape]]);
    if ([...denials, ...own].some((denial) => hurtsAny(denial, candidates, rules))) continue;
    named.set(index, shape);
    denials.push(...own);
  }
  const shapes = [...named.values()];
  const wildcards = shapes.some(({ template }) => template.some((part) => part.kind !== 'literal'));
  const deny = [...denials.flatMap(patternsOf), ...(wildcards ? AMBIGUOUS_PATHS : [])];
  return { allow: unique(shapes.flatMap(patternsOf)), deny: unique(deny) };
}

/** Whether the patterns allow `METHOD/path`, as IAM would evaluate them. */
export const patternsAllow = ({ allow, deny }: NamedRoutes, asked: string): boolean =>
  allow.some((pattern) => matchesPattern(pattern, asked)) && !deny.some((pattern) => matchesPattern(pattern, asked));

const shapeOf = (rule: ParsedRouteRule): Shape => ({
  methods: rule.method === 'ANY' ? HTTP_METHODS : [rule.method],
  template: rule.template,
});
const sharedMethods = (a: Shape, b: Shape): readonly string[] => a.methods.filter((method) => b.methods.includes(method));
const meet = (a: Shape, b: Shape): boolean => sharedMethods(a, b).length > 0 && overlap(a.template, b.template);
const unique = (patterns: readonly string[]): readonly string[] => [...new Set(patterns)];

/** What must be denied if this usable rule is named. */
function denialsFor(index: number, shape: Shape, rules: readonly ParsedRouteRule[], usable: readonly boolean[]): readonly Denial[] {
  const shadows = rules.slice(0, index).flatMap((rule, ruleIndex): readonly Denial[] => {
    const earlier = shapeOf(rule);
    if (usable[ruleIndex] === true || !meet(earlier, shape)) return [];
    return [{ kind: 'shadow', ruleIndex, methods: sharedMethods(shape, earlier), template: rule.template }];
  });
  const excess = excesses(shape.template)
    .map((template): Denial => ({ kind: 'excess', ruleIndex: index, methods: shape.methods, template }))
    .filter((denial) => !isUsableAnyway(denial, rules, usable));
  return [...shadows, ...excess];
}

/** What a wildcard takes too much may be usable all the same, by a rule such as `/{proxy+}`. */
function isUsableAnyway(excess: Shape, rules: readonly ParsedRouteRule[], usable: readonly boolean[]): boolean {
  const shapes = rules.map(shapeOf);
  const covered = shapes.some(
    (shape, index) =>
      usable[index] === true && covers(shape.template, excess.template) && excess.methods.every((method) => shape.methods.includes(method)),
  );
  return covered && !shapes.some((shape, index) => usable[index] !== true && meet(shape, excess));
}

/** Whether a denial would refuse a path that one of the named rules rightly allows. */
function hurtsAny(denial: Denial, named: ReadonlyMap<number, Shape>, rules: readonly ParsedRouteRule[]): boolean {
  return [...named].some(([index, shape]) => {
    if (denial.kind === 'excess' || index < denial.ruleIndex) return meet({ ...denial, template: loosened(denial.template) }, shape);
    // An earlier rule's own paths are rightly denied to later rules; only what its wildcard takes too much is not.
    return excesses(rules[denial.ruleIndex]?.template ?? []).some((template) => meet({ ...denial, template }, shape));
  });
}

/** `GET/items/?*`, once for each method: `*` for the method would cross the slash behind it. */
function patternsOf({ methods, template }: Shape): readonly string[] {
  const path = template.map((part) => (part.kind === 'literal' ? part.text : '?*')).join('/');
  return methods.map((method) => `${method}/${path}`);
}

/** IAM's wildcards, without regular expressions: linear but for going back to the last `*`. */
function matchesPattern(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let position = 0; position < text.length;) {
    const wanted = pattern[at];
    if (wanted === '*') {
      star = at++;
      resume = position;
    } else if (wanted !== undefined && (wanted === '?' || wanted === text[position])) {
      at++;
      position++;
    } else if (star >= 0) {
      at = star + 1;
      position = ++resume;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
