// What an import means to do with each client of the file, before anything is asked of the service.
import { createHash } from 'node:crypto';
import { CLIENT_ID_PATTERN } from '../../../src/clients/client.ts';
import { readClientMetadata } from '../../../src/clients/client-metadata.ts';
import { inWords } from '../table.ts';
import type { ImportedClient, Metadata } from './imported-client.ts';

export type Row = {
  /** Of the client in the file, from 1. */
  readonly number: number;
  readonly clientId: string;
  /** Its id in the other system, where that is another. */
  readonly formerId?: string;
  readonly metadata: Metadata;
  readonly left: readonly string[];
  /** Why nothing is asked of the service. */
  readonly refused?: string;
  readonly skipped?: string;
};

/** @param newIds gives those whose id cannot be kept a new one. */
export function planImport(clients: readonly ImportedClient[], newIds: boolean): readonly Row[] {
  const seen = new Map<string, number>();
  return clients.map(({ id, metadata, left, skipped }, index) => {
    const number = index + 1;
    const identity = idFor(id, metadata, newIds);
    const { clientId = '', formerId } = identity;
    const row = { number, clientId, ...(formerId === undefined ? {} : { formerId }), metadata, left };
    if (skipped !== undefined) return { ...row, skipped };
    const former = seen.get(clientId);
    const refused = identity.problem ?? (former === undefined ? problemOf(metadata) : `repeats client ${former} of the file`);
    if (clientId !== '' && former === undefined) seen.set(clientId, number);
    return refused === undefined ? row : { ...row, refused };
  });
}

type Identity = { readonly clientId?: string; readonly formerId?: string; readonly problem?: string };

/**
 * The id that a client keeps or gets. One that is made follows from the former id or the name, so that the same file names the same
 * clients whenever it is imported, and by whomever.
 */
function idFor(id: string | undefined, { client_name: name }: Metadata, newIds: boolean): Identity {
  if (id !== undefined && CLIENT_ID_PATTERN.test(id) && !/^m2m_/i.test(id)) return { clientId: id };
  if (id !== undefined && newIds) return { clientId: madeFrom('id', id), formerId: id };
  if (id !== undefined)
    return {
      clientId: id,
      problem: 'its id cannot be kept (1 to 64 letters, digits, _ and -, not m2m_ at its start): --new-ids gives it another',
    };
  const text = inWords(name);
  return text === undefined ? { problem: 'it has neither client_id nor client_name' } : { clientId: madeFrom('name', text) };
}

/** In the form of ids that the service makes. */
const madeFrom = (kind: 'id' | 'name', text: string): string =>
  `c_${createHash('sha256').update(`m2m-auth import\n${kind}\n${text}`).digest().subarray(0, 16).toString('base64url')}`;

/** As the service would say it. */
function problemOf(metadata: Metadata): string | undefined {
  const reading = readClientMetadata(metadata);
  return reading.ok ? undefined : `${reading.failure.field} ${reading.failure.problem}`;
}

/** Of what the file says of a client, the fields in which the registered one differs. */
export function differences(wanted: Metadata, registered: Metadata): readonly string[] {
  const [want, have] = [readClientMetadata(wanted), readClientMetadata(registered)];
  if (!want.ok || !have.ok) return Object.keys(wanted);
  const [left, right] = [want.value as Metadata, have.value as Metadata];
  return Object.keys(wanted).filter((field) => textFor(left[field]) !== textFor(right[field]));
}

/** Lists whose order says nothing compare without it. */
const textFor = (value: unknown): string =>
  JSON.stringify(Array.isArray(value) ? value.map((entry) => JSON.stringify(entry)).toSorted() : (value ?? null));

/** The same for the same client with the same metadata, whichever file and run it comes in. */
export const keyOf = ({ clientId, metadata }: Row): string =>
  `import-${createHash('sha256')
    .update(JSON.stringify([clientId, metadata]))
    .digest('base64url')}`;
