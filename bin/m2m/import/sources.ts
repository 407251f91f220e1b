// The text of an export -> clients in our words, whichever system it is from.
import { CommandError } from '../command.ts';
import { auth0, withGrants } from './auth0.ts';
import { cognito } from './cognito.ts';
import { readCsv } from './csv.ts';
import type { ImportedClient, Metadata, Source } from './imported-client.ts';
import { keycloak } from './keycloak.ts';
import { withoutManagingScope } from './managing-scope.ts';
import { fromCells, hydra, plain } from './rfc7591.ts';

/** The first that recognises an entry has it; plain takes what is left. */
const SOURCES: readonly Source[] = [cognito, keycloak, auth0, hydra, plain];
export const SOURCE_NAMES: readonly string[] = SOURCES.map(({ name }) => name);

export type Export = { readonly source: Source['name']; readonly clients: readonly ImportedClient[] };

/** @param from the system's name; undefined = by the looks of the first entry. */
export function readExport(text: string, from: string | undefined): Export {
  const isJson = /^\s*[[{]/.test(text.replace(/^\uFEFF/, ''));
  const entries = isJson ? entriesOf(documentsIn(text)) : readCsv(text).map(fromCells);
  const [first] = entries;
  if (first === undefined)
    throw new CommandError('There are no clients in it.', 'A JSON array of clients, or a CSV with a header line.', 2);
  const source = SOURCES.find(({ name, recognises }) => (from === undefined ? recognises(first) : name === from)) ?? plain;
  const whole = source.name === 'auth0' ? withGrants(entries) : entries;
  const clients = whole.map((entry) => source.read(entry));
  // Plain files are in the words of this service: there it means what it says.
  return { source: source.name, clients: source.name === 'plain' ? clients : clients.map(withoutManagingScope) };
}

/** One document, or several one after the other, as a loop over "describe" writes them, and JSON Lines. */
function documentsIn(text: string): readonly unknown[] {
  const parts = text.trim().split(/(?<=\})\s*\n(?=\{)/);
  return parts.map((part, index) => {
    try {
      return JSON.parse(part.replace(/^\uFEFF/, '')) as unknown;
    } catch (error) {
      const which = parts.length === 1 ? 'The file' : `Document ${index + 1} of the file`;
      throw new CommandError(`${which} is not JSON: ${(error as Error).message}`, '', 2);
    }
  });
}

/** Where lists of clients lie in what the systems write: an array, or a member of the document. */
const LISTS = ['items', 'clients', 'UserPoolClients', 'results'];

function entriesOf(documents: readonly unknown[]): readonly Metadata[] {
  return documents.flatMap((document) => {
    if (Array.isArray(document)) return document.map(objectIn);
    const object = objectIn(document);
    const list = LISTS.map((member) => object[member]).find((value) => Array.isArray(value)) as readonly unknown[] | undefined;
    return list === undefined ? [object] : list.map(objectIn);
  });
}

function objectIn(value: unknown): Metadata {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Metadata;
  throw new CommandError('An entry of the file is not a JSON object.', 'Each client is an object.', 2);
}
