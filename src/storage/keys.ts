/**
 * Every key of the table (DESIGN section 5). Parts are validated by the callers long before; a part that is empty, holds the
 * separator or makes a key longer than DynamoDB takes is a defect and throws, so that no key ever means another item.
 */
import type { ExpiryWarning, FailureSubject, OneTimeValue, RateWindow } from '../endpoints/stores.ts';
import { isApiKeyId } from '../tokens/api-key.ts';

export type Key = { readonly PK: string; readonly SK: string };

/** DynamoDB's limits for a partition and a sort key, in bytes of UTF-8. */
const PARTITION_KEY_BYTES_MAX = 2048;
const SORT_KEY_BYTES_MAX = 1024;
const SEPARATOR = '#';

export const KEY_RING_PARTITION = 'KEYRING';
export const CLIENT_PREFIX = 'CLIENT#';
export const SESSION_PREFIX = 'SESSION#';
export const API_KEY_PREFIX = 'APIKEY#';
export const REVOKED_PREFIX = 'REVOKED#';
export const SIGNING_KEY_PREFIX = 'KEY#';

export const clientKey = (clientId: string): Key => key(['CLIENT', clientId], ['CLIENT']);
export const sessionKey = (clientId: string, sid: string): Key => key(['CLIENT', clientId], ['SESSION', sid]);
export const apiKeyKey = (clientId: string, id: string): Key => key(['CLIENT', clientId], ['APIKEY', id]);
/** Of what gave a token, and ends it: its `sid` names a session or an API key. */
export const originKey = (clientId: string, sid: string): Key => (isApiKeyId(sid) ? apiKeyKey(clientId, sid) : sessionKey(clientId, sid));
/** Apart from the client's own item, so that a use neither changes its version nor stands in the way of a change. */
export const secretUseKey = (clientId: string, secretId: string): Key => key(['CLIENT', clientId], ['USED', secretId]);
/** A warning that was given: once for each credential, end and number of days before it. */
export const warningKey = ({ clientId, kind, id, endsAt, days }: ExpiryWarning): Key =>
  key(['CLIENT', clientId], ['WARNED', kind, id, String(endsAt), String(days)]);
/** How far the upkeep of credentials has come. */
export const UPKEEP_CHECKPOINT_KEY: Key = { PK: 'UPKEEP', SK: 'CHECKPOINT' };
export const revocationKey = (jti: string): Key => key(['REVOKED', jti], ['REVOKED']);
/** @param digest of all that the token depends on, base64url. */
export const issuedTokenKey = (clientId: string, digest: string): Key => key(['ISSUED', clientId, digest], ['ISSUED']);
/** @param of the client or issuer that the value is unique to. @param digest of the value. */
export const oneTimeKey = (use: OneTimeValue['use'], of: string, digest: string): Key => key(['ONCE', use, of, digest], ['ONCE']);
/** @param id `<digest of the issuer>.<client id>.<random>` */
export function trustRuleKey(id: string): Key {
  const [digest = '', clientId = '', random = ''] = id.split('.');
  return key(['ISSUER', digest], ['RULE', clientId, random]);
}
/** What the keys of an issuer's rules begin with, or of those one client's. */
export const trustRulesKey = (digest: string, clientId: string | undefined): Key => ({
  PK: key(['ISSUER', digest], ['RULE']).PK,
  SK: clientId === undefined ? 'RULE#' : `${key(['ISSUER'], ['RULE', clientId]).SK}#`,
});
export const signingKeyKey = (kid: string): Key => key([KEY_RING_PARTITION], ['KEY', kid]);
/** Who makes keys at the moment. */
export const rotationRunKey = (): Key => key([KEY_RING_PARTITION], ['ROTATION']);

/** One item a day of UTC, which counts its hours too. @param day since the epoch. */
export const quotaKey = (clientId: string, day: number): Key => key(['QUOTA', clientId], ['DAY', String(day)]);

export const windowKey = (window: RateWindow): Key => key(['RATE', ...caller(window)], ['WINDOW', minute(window)]);
export const previousWindowKey = (window: RateWindow): Key => windowKey({ ...window, minute: window.minute - 1 });
/** Failed authentications of a client from a network, or with any client of a network. */
export const failureKey = ({ clientId, network }: FailureSubject): Key =>
  key(['FAIL', ...(clientId === undefined ? [] : [clientId]), network], ['SERIES']);
/** Of a client from wherever. `*` is no network. */
export const attackKey = (clientId: string, window: number): Key => key(['FAIL', clientId, '*'], ['WINDOW', minute({ minute: window })]);
/** Denied certificates: by thumbprint, or by a digest of issuer and serial number. */
export const DENIED_CERTIFICATES_PARTITION = 'CERTS';
export const CERTIFICATE_PREFIX = 'CERT#';
export const deniedCertificateKey = (id: string): Key => key([DENIED_CERTIFICATES_PARTITION], ['CERT', id]);
/** All blocked networks in one item. */
export const BLOCKS_KEY: Key = { PK: 'BLOCKS', SK: 'BLOCKS' };
export const denialKey = (window: RateWindow): Key => key(['DENIED', ...caller(window)], ['WINDOW', minute(window)]);

/** One text for a key, to find its item among the answers of a batch: neither half can hold a line feed. */
export const keyText = ({ PK, SK }: Key): string => `${PK}\n${SK}`;

const caller = ({ endpoint, subject, network }: RateWindow): string[] => [endpoint, subject, network];

function minute({ minute: value }: Pick<RateWindow, 'minute'>): string {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError('a window is named by a whole minute');
  return String(value);
}

const key = (partition: readonly string[], sort: readonly string[]): Key => ({
  PK: joined(partition, PARTITION_KEY_BYTES_MAX),
  SK: joined(sort, SORT_KEY_BYTES_MAX),
});

function joined(parts: readonly string[], maxBytes: number): string {
  for (const part of parts)
    if (part === '' || /[#\n]/.test(part)) throw new RangeError(`a part of a ${String(parts[0])} key is empty or holds a separator`);
  const text = parts.join(SEPARATOR);
  if (Buffer.byteLength(text) > maxBytes) throw new RangeError(`a ${String(parts[0])} key is longer than ${maxBytes} bytes`);
  return text;
}
