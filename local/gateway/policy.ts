// What a Lambda authorizer's policy says about one method ARN: an explicit deny wins, and silence denies.
export type Decision = 'allow' | 'deny';

/** Undefined = not a policy that API Gateway could evaluate. */
export function evaluatePolicy(document: unknown, methodArn: string): Decision | undefined {
  if (typeof document !== 'object' || document === null) return undefined;
  const statements = (document as { Statement?: unknown }).Statement;
  if (!Array.isArray(statements)) return undefined;
  let decision: Decision = 'deny';
  let denied = false;
  for (const statement of statements as readonly unknown[]) {
    const effect = effectOf(statement, methodArn);
    if (effect === 'malformed') return undefined;
    if (effect === 'Deny') denied = true;
    if (effect === 'Allow') decision = 'allow';
  }
  return denied ? 'deny' : decision;
}

type Statement = { readonly Effect?: unknown; readonly Action?: unknown; readonly Resource?: unknown; readonly Condition?: unknown };

function effectOf(candidate: unknown, methodArn: string): 'Allow' | 'Deny' | 'none' | 'malformed' {
  if (typeof candidate !== 'object' || candidate === null) return 'malformed';
  const { Effect: effect, Action: action, Resource: resource, Condition: condition } = candidate as Statement;
  const actions = texts(action);
  const resources = texts(resource);
  // Conditions are possible in AWS, but nothing here has the context to evaluate them.
  if ((effect !== 'Allow' && effect !== 'Deny') || !actions || !resources || condition !== undefined) return 'malformed';
  const applies =
    actions.some((pattern) => matches(pattern.toLowerCase(), 'execute-api:invoke')) &&
    resources.some((pattern) => matches(pattern, methodArn));
  return applies ? effect : 'none';
}

function texts(value: unknown): readonly string[] | undefined {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.length > 0 && list.every((item) => typeof item === 'string') ? list : undefined;
}

/** `*` stands for any text, `?` for one character. Linear in the length of the text for each star. */
export function matches(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star !== -1) {
      p = star + 1;
      t = ++resume;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
