/**
 * Names of certificates (X.501) and their text form (RFC 4514): taken apart and compared member by member, never as text. Values
 * are compared as they are, capitals and spaces too: whoever registers a name writes it as the certificate has it.
 */
import { derElements, oidText, TAG } from './der.ts';

/** `CN`, or a dotted object identifier for types that have no short name here; and its value. */
type Attribute = readonly [type: string, value: string];
/** In the order of RFC 4514, most specific first; the attributes of one RDN are a set, sorted here. */
export type DistinguishedName = readonly (readonly Attribute[])[];

/** RFC 4514 section 3, and two that OpenSSL writes. */
const TYPES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.6': 'C',
  '2.5.4.9': 'STREET',
  '0.9.2342.19200300.100.1.25': 'DC',
  '0.9.2342.19200300.100.1.1': 'UID',
  '2.5.4.5': 'SERIALNUMBER',
  '1.2.840.113549.1.9.1': 'EMAILADDRESS',
};
const SHORT_NAMES = new Set(Object.values(TYPES));
/** Before the bytes of a value that is no text here; a value that is text has no NUL. */
const BINARY = '\u0000';

export const isSameName = (one: DistinguishedName, other: DistinguishedName): boolean => nameKey(one) === nameKey(other);

/** One text for each name. */
export const nameKey = (name: DistinguishedName): string => JSON.stringify(name);

/** The first value of the type, from the most specific on. */
export const valueOf = (name: DistinguishedName, type: string): string | undefined => name.flat().find(([known]) => known === type)?.[1];

/** RFC 4514, for people: what `parseName` reads. */
export const nameText = (name: DistinguishedName): string =>
  name.map((rdn) => rdn.map(([type, value]) => `${type}=${escaped(value)}`).join('+')).join(',');

function escaped(value: string): string {
  if (value.startsWith(BINARY)) return `#${value.slice(1)}`;
  return value.replace(/[",+;<>\\=]|^[ #]| $/g, (character) => `\\${character}`);
}

/** A name out of a certificate. @param content of its SEQUENCE. */
export function nameFromDer(content: Buffer): DistinguishedName {
  const rdns = derElements(content).map((set) => sorted(derElements(set.content).map(attributeFromDer)));
  return rdns.reverse();
}

function attributeFromDer({ content }: { readonly content: Buffer }): Attribute {
  const [type, value] = derElements(content);
  if (type?.tag !== TAG.oid || value === undefined) throw new TypeError('a name has an attribute of another form');
  const oid = oidText(type.content);
  return [TYPES[oid] ?? oid, valueFromDer(value)];
}

/** UTF8String, PrintableString, IA5String; others (BMPString, TeletexString) are told by their bytes. */
const TEXT_TAGS = [0x0c, 0x13, 0x16];

function valueFromDer({ tag, content }: { readonly tag: number; readonly content: Buffer }): string {
  const text = content.toString('utf8');
  const isText = TEXT_TAGS.includes(tag) && !text.includes(BINARY) && Buffer.from(text).equals(content);
  return isText ? text : `${BINARY}${tag.toString(16).padStart(2, '0')}${content.toString('hex')}`;
}

/** Undefined for what is not RFC 4514, for values in hexadecimal and for short names of types that are not known here. */
export function parseName(text: string): DistinguishedName | undefined {
  const rdns = split(text, ',')?.map((rdn) => split(rdn, '+')?.map(parseAttribute));
  if (rdns === undefined || rdns.length === 0) return undefined;
  const name: (readonly Attribute[])[] = [];
  for (const rdn of rdns) {
    const attributes = rdn?.filter((attribute) => attribute !== undefined);
    if (rdn === undefined || attributes?.length !== rdn.length) return undefined;
    name.push(sorted(attributes));
  }
  return name;
}

/** At each separator that no backslash stands before. */
const split = (text: string, separator: ',' | '+'): readonly string[] | undefined => {
  const parts = text.match(separator === ',' ? /(?:\\[\s\S]|[^\\,])+/g : /(?:\\[\s\S]|[^\\+])+/g);
  return parts?.join(separator) === text ? parts : undefined;
};

function parseAttribute(text: string): Attribute | undefined {
  const [, type = '', raw = ''] = /^ *([A-Za-z]+|\d+(?:\.\d+)+)=([\s\S]*)$/.exec(text) ?? [];
  const known = TYPES[type] ?? (type.includes('.') ? type : type.toUpperCase());
  const value = unescaped(raw);
  return value === undefined || !(known.includes('.') || SHORT_NAMES.has(known)) ? undefined : [known, value];
}

/** RFC 4514 section 3: `\` and a special character, or `\` and two hexadecimal digits for each byte of UTF-8. */
function unescaped(raw: string): string | undefined {
  if (!/^(?:[^\\",+;<>\u0000]|\\[ "#+,;<=>\\]|\\[0-9A-Fa-f]{2})+$/.test(raw) || /^[ #]/.test(raw) || /(?:^|[^\\]) $/.test(raw))
    return undefined;
  const value = raw.replace(/(?:\\[0-9A-Fa-f]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll('\\', ''), 'hex').toString('utf8'));
  return /[\u0000\uFFFD]/.test(value) ? undefined : value.replace(/\\([ "#+,;<=>\\])/g, '$1');
}

const sorted = (attributes: readonly Attribute[]): readonly Attribute[] =>
  attributes.toSorted((one, other) => (one.join('=') < other.join('=') ? -1 : 1));
