/**
 * Which table files a LevelDB manifest names. Others may lie beside them: what a compaction was writing when the process ended, which
 * LevelDB removes when it opens. The format is `doc/impl.md` and `db/version_edit.cc` of LevelDB.
 */

/** Tags of the fields of a version edit. */
const TAG = {
  comparator: 1,
  logNumber: 2,
  nextFileNumber: 3,
  lastSequence: 4,
  compactPointer: 5,
  deletedFile: 6,
  newFile: 7,
  prevLogNumber: 9,
} as const;

/** @param edits the manifest's records, whole. @throws RangeError for a field that is not known. */
export function tablesOf(edits: readonly Buffer[]): ReadonlySet<number> {
  const live = new Set<number>();
  for (const edit of edits) {
    const field = readerOf(edit);
    while (!field.atEnd()) apply(field, live);
  }
  return live;
}

function apply(field: FieldReader, live: Set<number>): void {
  const tag = field.number();
  switch (tag) {
    case TAG.comparator:
      field.skipText();
      return;
    case TAG.logNumber:
    case TAG.nextFileNumber:
    case TAG.lastSequence:
    case TAG.prevLogNumber:
      field.number();
      return;
    case TAG.compactPointer:
      field.number();
      field.skipText();
      return;
    case TAG.deletedFile:
      field.number();
      live.delete(field.number());
      return;
    case TAG.newFile:
      field.number();
      live.add(field.number());
      field.number();
      field.skipText();
      field.skipText();
      return;
    default:
      throw new RangeError(`a manifest has no field ${tag}`);
  }
}

type FieldReader = { atEnd(): boolean; number(): number; skipText(): void };

function readerOf(edit: Buffer): FieldReader {
  let offset = 0;
  /** Seven bits a byte, the lowest first. */
  const number = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = edit.readUInt8(offset);
      offset += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  return {
    atEnd: () => offset >= edit.length,
    number,
    skipText() {
      const length = number();
      offset += length;
    },
  };
}
