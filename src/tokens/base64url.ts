// base64url without padding (RFC 7515 section 2, RFC 4648 section 5): one text for every byte string, no leniency.
export const encodeBase64Url = (bytes: Uint8Array | string): string =>
  (typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString(
    'base64url',
  );

/**
 * The bytes of a base64url text; undefined for anything that `encodeBase64Url` would not have written: padding,
 * whitespace, `+` and `/`, a lone last character, stray bits after the last byte. The empty text is zero bytes.
 */
export function decodeBase64Url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url'); // lenient, so written again to compare
  return bytes.toString('base64url') === text ? bytes : undefined;
}
