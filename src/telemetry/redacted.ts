// The last line of defence behind the allow-list of what is logged: callers put secrets into wrong places (a user agent, a scope).

/** Our secrets, keys and refresh tokens by their prefix, and every JWT, whole or cut off. */
const CONFIDENTIAL = /m2m_(?:cs|ak|rt)_[A-Za-z0-9_.-]+|\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)+/g;

/** The text with `[redacted]` in place of whatever has the form of a secret or token (CWE-532). */
export const redacted = (text: string): string => text.replaceAll(CONFIDENTIAL, '[redacted]');
