/** A new identifier for a token or a write: 144 bits, base64url. @param random cryptographically secure random bytes. */
export const freshId = (random: (bytes: number) => Uint8Array): string => Buffer.from(random(18)).toString('base64url');
