// The little of DER (X.690) that reading a certificate's names takes. What is read was parsed by OpenSSL before; anything odd throws.

export type DerElement = { readonly tag: number; readonly content: Buffer };

export const TAG = { integer: 0x02, octets: 0x04, oid: 0x06, sequence: 0x30, set: 0x31 } as const;

/** The elements that follow each other in `bytes`. */
export function derElements(bytes: Buffer): readonly DerElement[] {
  const elements: DerElement[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const tag = bytes.readUInt8(offset);
    const { length, start } = derLength(bytes, offset + 1);
    if (start + length > bytes.length) throw new RangeError('a DER element is cut short');
    elements.push({ tag, content: bytes.subarray(start, start + length) });
    offset = start + length;
  }
  return elements;
}

function derLength(bytes: Buffer, offset: number): { readonly length: number; readonly start: number } {
  const first = bytes.readUInt8(offset);
  if (first < 0x80) return { length: first, start: offset + 1 };
  const size = first & 0x7f;
  if (size === 0 || size > 4) throw new RangeError('a DER length is indefinite or too large');
  return { length: bytes.readUIntBE(offset + 1, size), start: offset + 1 + size };
}

/** `2.5.4.3`. */
export function oidText(content: Buffer): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f);
    if (!Number.isSafeInteger(arc)) throw new RangeError('an object identifier is too large');
    if ((byte & 0x80) === 0) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const [first = 0, ...others] = arcs;
  const top = Math.min(Math.floor(first / 40), 2);
  return [top, first - top * 40, ...others].join('.');
}
