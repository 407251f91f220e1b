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
  const text = typeof source === 'string' ? wellFormed(source) : utf8(source);
  if (text === undefined) return undefined;
  const members = countMembers(text);
  const value = members === undefined ? undefined : parse(text);
  if (!isObject(value)) return undefined;
  // JSON.parse keeps one member of each name, so fewer members than the text has means that a name was repeated.
  if (countIn(value) !== members) return undefined;
  // Only escapes can bring a lone surrogate, or a name that the text does not show.
  const hidden = text.includes('\\') || text.includes('__proto__');
  return hidden && !isHarmless(value) ? undefined : value;
}

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);
const wellFormed = (text: string): string | undefined => (text.isWellFormed() ? text : undefined);
const utf8 = (bytes: Uint8Array): string | undefined =>
  isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8') : undefined;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
/** `[` or `{`, `]` or `}`, once the bit that tells them apart is set. */
const OPENING = 0x7b;
const CLOSING = 0x7d;
const BRACKET_OR_BRACE = 0x20;

/** Colons outside strings, which are the members if the text is JSON at all; undefined when nested too deep. */
function countMembers(text: string): number | undefined {
  const escapes = text.includes('\\');
  let members = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = escapes ? endOfString(text, at) : indexOrEnd(text, at + 1);
    else if (code === COLON) members++;
    else if ((code | BRACKET_OR_BRACE) === CLOSING) depth--;
    else if ((code | BRACKET_OR_BRACE) === OPENING && ++depth > DEPTH_MAX) return undefined;
  }
  return members;
}

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

/** Members in a parsed value; NaN, which equals nothing, where a number is beyond a double. */
function countIn(value: unknown): number {
  if (typeof value === 'number') return Number.isFinite(value) ? 0 : NaN;
  if (typeof value !== 'object' || value === null) return 0;
  let members = 0;
  if (Array.isArray(value)) for (const element of value) members += countIn(element);
  else for (const name in value) members += 1 + countIn((value as JsonObject)[name]);
  return members;
}

function isHarmless(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, member]) => name !== '__proto__' && name.isWellFormed() && isHarmless(member));
}
