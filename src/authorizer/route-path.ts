/**
 * Route templates and the request paths that they match. A path that gateway, authorizer and backend could each read
 * differently (`//`, `..`, `%2f`, `;`, a trailing slash, an encoded letter) matches no template at all.
 */
export type TemplateSegment =
  | { readonly kind: 'literal'; readonly text: string }
  /** `{name}`: one segment. */
  | { readonly kind: 'one' }
  /** `{name+}`: the rest of the path, one segment or more. */
  | { readonly kind: 'some' };
export type RouteTemplate = readonly TemplateSegment[];

const LITERAL = /^[\w.~!$&'()+,=:@-]+$/;
const PARAMETER = /^\{[\w.-]+(\+?)\}$/;

/** API Gateway's route path without the stage, `/`, `/items/{id}` or `/files/{proxy+}`; undefined when it is malformed. */
export function parseRouteTemplate(path: string): RouteTemplate | undefined {
  if (path === '/') return [];
  if (!path.startsWith('/')) return undefined;
  const texts = path.slice(1).split('/');
  const template: TemplateSegment[] = [];
  for (const [index, text] of texts.entries()) {
    const segment = templateSegment(text);
    if (segment === undefined || (segment.kind === 'some' && index !== texts.length - 1)) return undefined;
    template.push(segment);
  }
  return template;
}

function templateSegment(text: string): TemplateSegment | undefined {
  const parameter = PARAMETER.exec(text);
  if (parameter) return { kind: parameter[1] === '+' ? 'some' : 'one' };
  return LITERAL.test(text) && text !== '.' && text !== '..' ? { kind: 'literal', text } : undefined;
}

/** Never in a segment, plain or decoded: separators of paths and parameters, wildcards and variables of policies, controls. */
const AMBIGUOUS = /[/\\;?#*%{}\u0000-\u001f\u007f]/;
/** RFC 3986 section 6.2.2.2: letters, digits and `-._~` are never written encoded, except to slip past a comparison. */
const ENCODED_UNRESERVED = /%(?:3\d|[46][1-9a-f]|[57][\da]|2[de]|5f|7e)/i;
const ENCODED = /%[\da-f]{2}/gi;

/** The decoded segments of a request path, `[]` for `/`; undefined for a path that could be read in two ways. */
export function pathSegments(path: string): readonly string[] | undefined {
  if (path === '/') return [];
  if (!path.startsWith('/')) return undefined;
  const segments = path.slice(1).split('/');
  if (!path.includes('%')) return segments.every(isPlain) ? segments : undefined;
  const decoded: string[] = [];
  for (const segment of segments) {
    const text = decodeSegment(segment);
    if (text === undefined) return undefined;
    decoded.push(text);
  }
  return decoded;
}

const isPlain = (segment: string): boolean => segment !== '' && segment !== '.' && segment !== '..' && !AMBIGUOUS.test(segment);

function decodeSegment(segment: string): string | undefined {
  if (ENCODED_UNRESERVED.test(segment) || AMBIGUOUS.test(segment.replaceAll(ENCODED, ''))) return undefined;
  try {
    const text = decodeURIComponent(segment);
    return isPlain(text) ? text : undefined;
  } catch {
    return undefined; // a broken escape, or bytes that are not UTF-8
  }
}

export function matchesTemplate(template: RouteTemplate, segments: readonly string[]): boolean {
  for (const [index, part] of template.entries()) {
    const segment = segments[index];
    if (segment === undefined) return false;
    if (part.kind === 'some') return true;
    if (part.kind === 'literal' && part.text !== segment) return false;
  }
  return segments.length === template.length;
}
