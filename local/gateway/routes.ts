// Route matching as API Gateway does it: by segments, undecoded; fixed text before `{parameter}` before `{greedy+}`.
export type RouteMatch<T> = { readonly target: T; readonly pathParameters: Readonly<Record<string, string>> };
export type RouteTable<T> = {
  /** The best route for the path and method; `ANY` matches every method, a named method is preferred. */
  match(method: string, path: string): RouteMatch<T> | undefined;
  /** Whether any route has this path, whatever the method. */
  owns(path: string): boolean;
};

type Route<T> = { readonly method: string; readonly segments: readonly string[]; readonly target: T };

export function createRouteTable<T>(
  routes: readonly { readonly method: string; readonly path: string; readonly target: T }[],
): RouteTable<T> {
  const known: Route<T>[] = routes.map(({ method, path, target }) => ({ method, segments: segmentsOf(path), target }));
  known.sort((left, right) => rank(right).localeCompare(rank(left)));
  const candidates = (path: string): readonly RouteMatchOf<T>[] => {
    const segments = segmentsOf(path);
    return known.flatMap((route) => {
      const pathParameters = matchSegments(route.segments, segments);
      return pathParameters ? [{ route, pathParameters }] : [];
    });
  };
  return {
    match(method, path) {
      for (const { route, pathParameters } of candidates(path))
        if (route.method === method || route.method === 'ANY') return { target: route.target, pathParameters };
      return undefined;
    },
    owns: (path) => candidates(path).length > 0,
  };
}

type RouteMatchOf<T> = { readonly route: Route<T>; readonly pathParameters: Readonly<Record<string, string>> };

const segmentsOf = (path: string): readonly string[] => path.slice(1).split('/');
const isParameter = (segment: string): boolean => segment.startsWith('{') && segment.endsWith('}');
const isGreedy = (segment: string): boolean => isParameter(segment) && segment.endsWith('+}');

/** Higher is better, segment by segment; a named method is better than ANY. */
function rank<T>({ segments, method }: Route<T>): string {
  const kinds = segments.map((segment) => (isGreedy(segment) ? '0' : isParameter(segment) ? '1' : '2'));
  return `${kinds.join('')}${method === 'ANY' ? '0' : '1'}`;
}

function matchSegments(pattern: readonly string[], segments: readonly string[]): Readonly<Record<string, string>> | undefined {
  const parameters: Record<string, string> = {};
  for (const [index, expected] of pattern.entries()) {
    const actual = segments[index];
    if (actual === undefined) return undefined;
    if (isGreedy(expected)) {
      parameters[expected.slice(1, -2)] = decoded(segments.slice(index).join('/'));
      return parameters;
    }
    if (isParameter(expected)) {
      if (actual === '') return undefined;
      parameters[expected.slice(1, -1)] = decoded(actual);
    } else if (expected !== actual) return undefined;
  }
  return pattern.length === segments.length ? parameters : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
