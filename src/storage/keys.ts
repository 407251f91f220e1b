/**
 * Every key of the table (DESIGN section 5). Parts are validated by the callers long before; a part that is empty, holds the
 * separator or makes a key longer than DynamoDB takes is a defect and throws, so that no key ever means another item.
 */
import type { RateWindow } from '../endpoints/stores.ts';

export type Key = { readonly PK: string; readonly SK: string };

/** DynamoDB's limits for a partition and a sort key, in bytes of UTF-8. */
const PARTITION_KEY_BYTES_MAX = 2048;
const SORT_KEY_BYTES_MAX = 1024;
const SEPARATOR = '#';

export const KEY_RING_PARTITION = 'KEYRING';
export const CLIENT_PREFIX = 'CLIENT#';
export const SESSION_PREFIX = 'SESSION#';
export const REVOKED_PREFIX = 'REVOKED#';
export const SIGNING_KEY_PREFIX = 'KEY#';

export const clientKey = (clientId: string): Key => key(['CLIENT', clientId], ['CLIENT']);
export const sessionKey = (clientId: string, sid: string): Key => key(['CLIENT', clientId], ['SESSION', sid]);
/** Apart from the client's own item, so that a use neither changes its version nor stands in the way of a change. */
export const secretUseKey = (clientId: string, secretId: string): Key => key(['CLIENT', clientId], ['USED', secretId]);
export const revocationKey = (jti: string): Key => key(['REVOKED', jti], ['REVOKED']);
export const signingKeyKey = (kid: string): Key => key([KEY_RING_PARTITION], ['KEY', kid]);

export const windowKey = (window: RateWindow): Key => key(['RATE', ...caller(window)], ['WINDOW', minute(window)]);
export const previousWindowKey = (window: RateWindow): Key => windowKey({ ...window, minute: window.minute - 1 });
export const denialKey = (window: RateWindow): Key => key(['DENIED', ...caller(window)], ['WINDOW', minute(window)]);

/** One text for a key, to find its item among the answers of a batch: neither half can hold a line feed. */
export const keyText = ({ PK, SK }: Key): string => `${PK}\n${SK}`;

const caller = ({ endpoint, subject, network }: RateWindow): string[] => [endpoint, subject, network];

function minute({ minute: value }: RateWindow): string {
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
