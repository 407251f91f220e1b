// Which paths two route templates share: what a policy must know before it allows one of them by a wildcard.
import type { RouteTemplate } from './route-path.ts';

/** Whether some path matches both. Unlike a route's, a `some` here may also stand in the middle. */
export function overlap(a: RouteTemplate, b: RouteTemplate): boolean {
  const [x, ...restOfA] = a;
  const [y, ...restOfB] = b;
  if (x === undefined || y === undefined) return a.length === b.length;
  if (x.kind === 'literal' && y.kind === 'literal' && x.text !== y.text) return false;
  return overlap(restOfA, restOfB) || (x.kind === 'some' && overlap(a, restOfB)) || (y.kind === 'some' && overlap(restOfA, b));
}

/** Whether every path that matches `inner` surely matches `outer`; false where that would take more thought. */
export function covers(outer: RouteTemplate, inner: RouteTemplate): boolean {
  const last = outer.at(-1);
  if (last?.kind !== 'some' || inner.length < outer.length) return false;
  return outer.slice(0, -1).every((part, index) => {
    const other = inner[index];
    return part.kind === 'one' ? other?.kind !== 'some' : other?.kind === 'literal' && part.kind === 'literal' && other.text === part.text;
  });
}

/** As a policy's wildcard reads it: where a template has one segment, any number of them. */
export const loosened = (template: RouteTemplate): RouteTemplate => template.map((part) => (part.kind === 'one' ? { kind: 'some' } : part));

/** What the wildcards match beyond the template: for each parameter, the paths with more than one segment in its place. */
export function excesses(template: RouteTemplate): readonly RouteTemplate[] {
  const wide = loosened(template);
  return template.flatMap((part, index) =>
    part.kind === 'one' ? [[...wide.slice(0, index), { kind: 'one' as const }, ...wide.slice(index)]] : [],
  );
}
