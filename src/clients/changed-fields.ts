// Which metadata a change has changed, for the audit trail: names of fields, never values.
import { isDeepStrictEqual } from 'node:util';
import type { Client } from './client.ts';
import { METADATA_FIELDS } from './client-metadata.ts';

/** In the order of the table of metadata; none for a change that changed nothing. */
export const changedFields = (from: Client, to: Client): readonly string[] =>
  METADATA_FIELDS.filter((field) => !isDeepStrictEqual(from[field], to[field]));
