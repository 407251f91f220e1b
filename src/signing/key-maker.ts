/**
 * Makes and discards signing keys for the rotation: one KMS key each (`kms-key-maker.ts`), or a key pair wrapped by one KMS key.
 * Recording what was made is the rotation's part, so both calls must bear being repeated after an interruption at any point.
 */
import type { KeyRecord } from '../endpoints/stores.ts';
import type { Algorithm } from '../tokens/algorithms.ts';

/** What a key is, before it is decided when it signs. */
export type KeyRecordDraft = Omit<KeyRecord, 'created_at' | 'active_from' | 'retires_at' | 'removed_at' | 'distrusted_at' | 'discarded_at'>;

export type KeyMaker = {
  /**
   * A new key. Throws `Outage`.
   * @param now epoch seconds.
   * @param recorded every record of the ring, where a former run may have made a key and not recorded it: such a key is taken first.
   */
  make(alg: Algorithm, now: number, recorded?: readonly KeyRecord[]): Promise<KeyRecordDraft>;
  /** Gives up the private key of a record that is published no more. Success too when that was done before. Throws `Outage`. */
  discard(record: KeyRecord): Promise<void>;
};
