// The table's records of keys, in memory: counts its calls, can be taken down, and keeps the first record of a key as the table does.
import type { KeyRecord, KeyRecordStore } from '../../src/endpoints/stores.ts';
import { Outage } from '../../src/outage.ts';

export type RecordsInMemory = KeyRecordStore & {
  readonly records: Map<string, KeyRecord>;
  readonly calls: { readAll: number; record: number };
  down: boolean;
};

export function createRecordsInMemory(...initial: readonly KeyRecord[]): RecordsInMemory {
  const store: RecordsInMemory = {
    records: new Map(initial.map((record) => [record.kid, record])),
    calls: { readAll: 0, record: 0 },
    down: false,
    readAll() {
      store.calls.readAll++;
      return store.down ? Promise.reject(new Outage('dynamodb:Query')) : Promise.resolve([...store.records.values()]);
    },
    record(key) {
      store.calls.record++;
      if (store.down) return Promise.reject(new Outage('dynamodb:PutItem'));
      if (!store.records.has(key.kid)) store.records.set(key.kid, key);
      return Promise.resolve();
    },
  };
  return store;
}
