// Which service is meant, and as whom: the local one with the clients that it registered for itself, or --issuer with the
// client that the environment names.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, type Arguments } from './command.ts';
import type { SigningKey } from './key-file.ts';
import { shellSigning, type Signing } from './signature.ts';

/** `secret` is empty where an AWS principal or `key` is the proof. */
export type Credentials = { readonly clientId: string; readonly secret: string; readonly key?: SigningKey };
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
  /** With --iam: the routes below /iam are called, signed by an AWS principal. */
  readonly signing?: Signing;
};

type CredentialsFile = {
  readonly issuer?: string;
  readonly clients?: Readonly<Record<string, { readonly client_id: string; readonly client_secret: string }>>;
  readonly aws?: { readonly access_key_id?: string; readonly secret_access_key?: string; readonly region?: string };
};

export const dataFolder = (): string => process.env['DATA_DIR'] || '.local';

export async function findService(call: Arguments): Promise<Service> {
  const issuer = call.text('issuer');
  const profile = call.text('profile');
  if (issuer === undefined && profile !== undefined)
    throw new CommandError('--profile needs --issuer: locally --iam signs with the key pair in credentials.json.', '', 2);
  const iam = call.flag('iam') || profile !== undefined;
  return issuer === undefined ? localService(iam) : await remoteService(issuer, iam, profile);
}

async function remoteService(text: string, iam: boolean, profile: string | undefined): Promise<Service> {
  const issuer = text.replace(/\/+$/, '');
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  const loopback = url !== undefined && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  if (url === undefined || !(url.protocol === 'https:' || (url.protocol === 'http:' && loopback)))
    throw new CommandError('--issuer must be an https URL.', 'Example: --issuer https://auth.example.com', 2);
  const environment = fromEnvironment(iam);
  const clients = new Map(environment === undefined ? [] : [[environment.clientId, environment]]);
  return {
    issuer,
    local: false,
    clients,
    manager: environment,
    subject: environment,
    ...(iam && { signing: await shellSigning(issuer, profile) }),
  };
}

function localService(iam: boolean): Service {
  const file = credentialsFile();
  if (iam) return localIamService(file);
  const clients = new Map(
    Object.entries(file.clients ?? {}).map(([name, client]) => [name, { clientId: client.client_id, secret: client.client_secret }]),
  );
  return { issuer: localIssuer(file), local: true, clients, manager: clients.get('demo-admin'), subject: clients.get('demo-service') };
}

/** The key pair is a role's that demo-service names and no other client. */
function localIamService(file: CredentialsFile): Service {
  const { access_key_id: accessKeyId, secret_access_key: secretAccessKey, region } = file.aws ?? {};
  if (accessKeyId === undefined || secretAccessKey === undefined || region === undefined)
    throw new CommandError('credentials.json has no AWS key pair.', 'It is written on the first start of the local service.');
  const subject = { clientId: file.clients?.['demo-service']?.client_id ?? 'demo-service', secret: '' };
  const signing = { region, credentials: { accessKeyId, secretAccessKey } };
  return { issuer: localIssuer(file), local: true, clients: new Map([['demo-service', subject]]), manager: subject, subject, signing };
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

function fromEnvironment(iam: boolean): Credentials | undefined {
  const { M2M_CLIENT_ID: clientId, M2M_CLIENT_SECRET } = process.env;
  const secret = iam ? '' : M2M_CLIENT_SECRET;
  return clientId === undefined || secret === undefined ? undefined : { clientId, secret };
}
