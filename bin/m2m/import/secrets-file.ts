// Where an import keeps the secrets that it is given: JSON Lines, mode 600, each line on disk before the next client is asked for.
import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { CommandError } from '../command.ts';

export type Kept = { readonly client_id: string; readonly client_secret: string; readonly client_name?: string };
export type SecretsFile = {
  readonly has: (clientId: string) => boolean;
  /** On disk when it returns. */
  readonly keep: (entry: Kept) => void;
  readonly close: () => void;
};

const MODE = 0o600;

/** Made anew, or taken up where an earlier run of the same import was interrupted. @param issuer whose secrets these are. */
export function openSecretsFile(path: string, issuer: string): SecretsFile {
  const { file, isNew } = open(path);
  try {
    const held = isNew ? begin(file, issuer) : resume(file, path, issuer);
    return {
      has: (clientId) => held.has(clientId),
      keep: (entry) => {
        append(file, entry);
        held.add(entry.client_id);
      },
      close: () => {
        closeSync(file);
      },
    };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

/** Never through a symbolic link: somebody else could have put it there. */
function open(path: string): { readonly file: number; readonly isNew: boolean } {
  const { O_RDWR, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  try {
    return { file: openSync(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW, MODE), isNew: true };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(path, (error as Error).message);
  }
  try {
    return { file: openSync(path, O_RDWR | O_APPEND | O_NOFOLLOW), isNew: false };
  } catch (error) {
    throw unusable(path, (error as Error).message);
  }
}

const unusable = (path: string, why: string): CommandError =>
  new CommandError(
    `The secrets file ${path} cannot be used: ${why}`,
    'Name a file that does not exist yet, or that of the interrupted run.',
    2,
  );

function begin(file: number, issuer: string): Set<string> {
  append(file, { m2m_auth_import: 1, issuer });
  return new Set();
}

/** The ids that it holds; a line that was cut off is taken away, since its client's secret is asked for again. */
function resume(file: number, path: string, issuer: string): Set<string> {
  if (process.platform !== 'win32' && (fstatSync(file).mode & 0o077) !== 0) throw unusable(path, 'others may read it (chmod 600)');
  const content = readFileSync(path);
  const whole = content.lastIndexOf(0x0a) + 1;
  const [header, ...lines] = content
    .subarray(0, whole)
    .toString()
    .split('\n')
    .slice(0, -1)
    .map((line) => parsed(line, path));
  if (header === undefined) {
    if (content.length > 0 && !'{"m2m_auth_import"'.startsWith(content.toString().slice(0, 18)))
      throw unusable(path, 'it is not one of an import');
    ftruncateSync(file, 0);
    return begin(file, issuer);
  }
  if (header['m2m_auth_import'] !== 1) throw unusable(path, 'it is not one of an import');
  if (header['issuer'] !== issuer) throw unusable(path, `it has the secrets of ${String(header['issuer'])}`);
  ftruncateSync(file, whole);
  return new Set(lines.flatMap(({ client_id: id }) => (typeof id === 'string' ? [id] : [])));
}

function parsed(line: string, path: string): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(line) ?? {}) as Readonly<Record<string, unknown>>;
  } catch {
    throw unusable(path, 'it is not one of an import');
  }
}

function append(file: number, entry: object): void {
  writeSync(file, `${JSON.stringify(entry)}\n`);
  fsyncSync(file);
}
