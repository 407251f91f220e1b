// Which service is meant, and as whom: the local one with the clients that it registered for itself, or --issuer with the
// client that the environment names.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, type Arguments } from './command.ts';

export type Credentials = { readonly clientId: string; readonly secret: string };
export type Service = {
  /** Without a trailing slash. */
  readonly issuer: string;
  readonly local: boolean;
  /** Clients that may be named by --client; empty for --issuer without M2M_CLIENT_ID. */
  readonly clients: ReadonlyMap<string, Credentials>;
  /** Who manages clients. */
  readonly manager: Credentials | undefined;
  /** Who asks for tokens unless told otherwise. */
  readonly subject: Credentials | undefined;
};

type CredentialsFile = {
  readonly issuer?: string;
  readonly clients?: Readonly<Record<string, { readonly client_id: string; readonly client_secret: string }>>;
};

export const dataFolder = (): string => process.env['DATA_DIR'] || '.local';

export function findService(call: Arguments): Service {
  const issuer = call.text('issuer');
  return issuer === undefined ? localService() : remoteService(issuer);
}

function remoteService(text: string): Service {
  const issuer = text.replace(/\/+$/, '');
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  const loopback = url !== undefined && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  if (url === undefined || !(url.protocol === 'https:' || (url.protocol === 'http:' && loopback)))
    throw new CommandError('--issuer must be an https URL.', 'Example: --issuer https://auth.example.com', 2);
  const environment = fromEnvironment();
  const clients = new Map(environment === undefined ? [] : [[environment.clientId, environment]]);
  return { issuer, local: false, clients, manager: environment, subject: environment };
}

function localService(): Service {
  const file = credentialsFile();
  const clients = new Map(
    Object.entries(file.clients ?? {}).map(([name, client]) => [name, { clientId: client.client_id, secret: client.client_secret }]),
  );
  return { issuer: localIssuer(file), local: true, clients, manager: clients.get('demo-admin'), subject: clients.get('demo-service') };
}

/** PORT wins over the file, whose issuer is that of the last start; an empty value counts as none, as it does for the service. */
function localIssuer(file: CredentialsFile): string {
  const port = process.env['PORT'] || '0';
  if (port === '0' && file.issuer !== undefined) return file.issuer.replace(/\/+$/, '');
  const host = process.env['HOST'] || '127.0.0.1';
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port === '0' ? '3000' : port}`;
}

function credentialsFile(): CredentialsFile {
  const path = join(dataFolder(), 'credentials.json');
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as CredentialsFile;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      throw new CommandError(`Cannot read ${path}: ${(error as Error).message}`, 'Run it as the user who runs the service.');
    throw new CommandError(
      `There is no local service here: ${path} does not exist.`,
      'Start one with "npm start" in another terminal (with the same DATA_DIR), or name another service by --issuer URL.',
    );
  }
}

function fromEnvironment(): Credentials | undefined {
  const { M2M_CLIENT_ID: clientId, M2M_CLIENT_SECRET: secret } = process.env;
  return clientId === undefined || secret === undefined ? undefined : { clientId, secret };
}
