/**
 * Reading a function's environment: each `functions/<name>/env.ts` lists its names and parses them with these.
 * A missing or malformed value throws `ConfigurationError`, which names the variable and never shows its value.
 */
export type Environment = Readonly<Record<string, string | undefined>>;

export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly variable: string;
  constructor(variable: string, expectation: string) {
    super(`${variable} ${expectation}`);
    this.variable = variable;
  }
}

export function required(environment: Environment, name: string): string {
  const value = environment[name];
  if (value === undefined || value === '') throw new ConfigurationError(name, 'is not set');
  return value;
}

export function integer(environment: Environment, name: string, range: { min: number; max: number }): number {
  const text = required(environment, name);
  const value = Number(text);
  if (!/^[0-9]{1,10}$/.test(text) || value < range.min || value > range.max)
    throw new ConfigurationError(name, `must be a whole number from ${range.min} to ${range.max}`);
  return value;
}

export function oneOf<const T extends string>(environment: Environment, name: string, allowed: readonly T[]): T {
  const value = required(environment, name);
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new ConfigurationError(name, `must be one of ${allowed.join(', ')}`);
  return found;
}

export function json(environment: Environment, name: string): unknown {
  try {
    return JSON.parse(required(environment, name));
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    throw new ConfigurationError(name, 'must be JSON');
  }
}

/** An absolute https URL without query, fragment or trailing slash (RFC 8414 section 2); http only towards this machine. */
export function issuerUrl(environment: Environment, name: string): string {
  const text = required(environment, name);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const loopback = url !== undefined && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  if (!url || !(url.protocol === 'https:' || (url.protocol === 'http:' && loopback)) || /[?#@\s]|\/$/.test(text))
    throw new ConfigurationError(name, 'must be an https URL without query, fragment or trailing slash');
  return text;
}
