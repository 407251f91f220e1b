// An update of many attributes at once, for records whose members come and go.

export type UpdateParts = {
  readonly expression: string;
  readonly names: Record<string, string>;
  readonly values: Record<string, unknown>;
};

/** `SET` for every attribute that has a value, `REMOVE` for every one that is undefined. Names go through `#` (reserved words). */
export function setOrRemove(attributes: Readonly<Record<string, unknown>>): UpdateParts {
  const entries = Object.entries(attributes);
  const set = entries.filter(([, value]) => value !== undefined);
  const removed = entries.filter(([, value]) => value === undefined);
  const clauses = [
    set.length === 0 ? '' : `SET ${set.map(([name]) => `#${name} = :${name}`).join(', ')}`,
    removed.length === 0 ? '' : `REMOVE ${removed.map(([name]) => `#${name}`).join(', ')}`,
  ];
  return {
    expression: clauses.filter((clause) => clause !== '').join(' '),
    names: Object.fromEntries(entries.map(([name]) => [`#${name}`, name])),
    values: Object.fromEntries(set.map(([name, value]) => [`:${name}`, value])),
  };
}
