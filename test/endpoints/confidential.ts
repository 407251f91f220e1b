// Everything secret that a test run has seen, and whether any of it shows up where it must not.
import type { Sent, Answer } from './request.ts';
import { basicAuthorization } from './request.ts';

export type Confidential = {
  /** Remembers what of a request and its answer is secret. */
  learn(sent: Sent, answer: Answer): void;
  add(...texts: readonly string[]): void;
  /** The lines that hold something secret. */
  leaksIn(lines: readonly string[]): readonly string[];
};

/** Shorter texts occur by chance; a longer one is looked for wherever its first characters stand. */
const LENGTH_MIN = 12;

export function createConfidential(): Confidential {
  const secrets = new Map<string, Set<string>>();
  const add = (...texts: readonly string[]): void => {
    // Of a token also its last two parts: a handle, a MAC, a payload or a signature alone is a leak as well.
    for (const part of texts.flatMap((text) => [text, ...text.split('.').slice(1).slice(-2)])) {
      if (part.length < LENGTH_MIN) continue;
      const start = part.slice(0, LENGTH_MIN);
      secrets.set(start, (secrets.get(start) ?? new Set()).add(part));
    }
  };
  return {
    add,
    learn({ form, json, basic, bearer, headers = {} }, { body }) {
      if (basic !== undefined) add(basic.client_secret, basicAuthorization(basic).slice('Basic '.length));
      if (bearer !== undefined) add(bearer);
      for (const name of ['authorization', 'x-client-secret', 'x-api-key']) add(headers[name] ?? '');
      const parameters = typeof form === 'string' ? Object.fromEntries(new URLSearchParams(form)) : { ...form, ...(json as object) };
      for (const name of ['client_secret', 'password', 'token', 'access_token', 'refresh_token', 'client_assertion'])
        add(textOf(parameters[name]));
      for (const name of ['client_secret', 'api_key', 'access_token', 'refresh_token']) add(textOf(body?.[name]));
      // What stands before it is the key's id, which is no secret.
      add(textOf(body?.['api_key']).slice(-49));
    },
    leaksIn: (lines) =>
      lines.filter((line) => {
        for (let at = 0; at + LENGTH_MIN <= line.length; at += 1) {
          for (const secret of secrets.get(line.slice(at, at + LENGTH_MIN)) ?? []) if (line.startsWith(secret, at)) return true;
        }
        return false;
      }),
  };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
