// JSON objects from strangers (RFC 8259, with RFC 7515 section 4's "member names MUST be unique" made true at any depth).
import { isUtf8 } from 'node:buffer';

export type JsonObject = { readonly [member: string]: unknown };

/** Tokens and client metadata nest two or three deep; nothing legitimate comes near this. */
const DEPTH_MAX = 8;

/**
 * The JSON object in `source`; undefined when it is anything else or is ambiguous: invalid UTF-8, a byte order mark, a
 * repeated member name, `__proto__`, nesting deeper than 8, a number beyond a double, a lone surrogate.
 * Read members with `Object.hasOwn`, or by names that `Object.prototype` does not have.
 */
export function parseJsonObject(source: Uint8Array | string): JsonObject | undefined {
  const text = typeof source === 'string' ? source : utf8(source);
  const members = text === undefined ? undefined : countMembers(text);
  const value = text === undefined || members === undefined ? undefined : parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  // JSON.parse keeps one member of each name, so fewer members than the text has means that a name was repeated.
  return countUnambiguous(value) === members ? (value as JsonObject) : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function utf8(bytes: Uint8Array): string | undefined {
  return isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8') : undefined;
}

/** Colons outside strings, which are the members if the text is JSON at all; undefined when nested too deep. */
function countMembers(text: string): number | undefined {
  const escapes = text.includes('\\');
  let members = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = escapes ? endOfString(text, at) : indexOrEnd(text, at + 1);
    else if (code === COLON) members++;
    else if (code === BRACKET || code === BRACE) {
      if (++depth > DEPTH_MAX) return undefined;
    } else if (code === BRACKET + 2 || code === BRACE + 2) depth--;
  }
  return members;
}

const QUOTE = 0x22;
const COLON = 0x3a;
const BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const BRACE = 0x7b;

/** Index of the quote that closes the string opened at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at++; // a backslash takes the next character with it
  }
  return text.length;
}

function indexOrEnd(text: string, from: number): number {
  const at = text.indexOf('"', from);
  return at < 0 ? text.length : at;
}

/** Members in the parsed value; NaN, which equals nothing, where a value has no single meaning. */
function countUnambiguous(value: unknown): number {
  if (typeof value === 'string') return value.isWellFormed() ? 0 : NaN;
  if (typeof value === 'number') return Number.isFinite(value) ? 0 : NaN;
  if (typeof value !== 'object' || value === null) return 0;
  let members = 0;
  if (Array.isArray(value)) {
    for (const element of value) members += countUnambiguous(element);
    return members;
  }
  for (const name of Object.keys(value)) {
    if (name === '__proto__' || !name.isWellFormed()) return NaN;
    members += 1 + countUnambiguous((value as JsonObject)[name]);
  }
  return members;
}
