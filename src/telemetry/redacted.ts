// The last line of defence behind the allow-list of what is logged: callers put secrets into wrong places (a user agent, a scope).

/** Our secrets, keys and refresh tokens by their prefix (also form-encoded), every JWT, whole or cut off, and Basic credentials. */
const CONFIDENTIAL =
  /m2m(?:_|%5[Ff])(?:cs|ak|rt)(?:_|%5[Ff])[A-Za-z0-9_.%-]+|\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)+|\b[Bb][Aa][Ss][Ii][Cc] +[A-Za-z0-9+/]{20,}={0,2}/g;

/** The text with `[redacted]` in place of whatever has the form of a secret or token (CWE-532). */
export const redacted = (text: string): string => text.replaceAll(CONFIDENTIAL, '[redacted]');
