// What can be chosen about a local run: PORT, HOST, DATA_DIR, SIGNING, FORMER_SIGNING, the knobs, `--environments N`, `--assembly DIR`.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { SIGNING_MODES, type SigningMode } from '../functions/token/env.ts';
import type { M2mAuthProps } from '../lib/m2m-auth-props.ts';
import { messageOf, StartError } from './start-error.ts';

/** Names of the functions' environment that can be set without synthesizing again. */
export const KNOBS = [
  'RATE_LIMIT_PER_MINUTE',
  'RATE_LIMIT_BURST',
  'LOCKOUT',
  'REFRESH_GRACE_SECONDS',
  'ACCESS_TOKEN_LIFETIME_SECONDS',
] as const;

export type LocalConfig = {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly dataDir: string;
  /** Of the listener that asks for client certificates, 0 = any free port; undefined = there is none. */
  readonly mtlsPort?: number;
  /** Overlaid on every function whose template environment has the name. Not checked here: the functions refuse what is malformed. */
  readonly knobs: Readonly<Record<string, string>>;
  /** Workers per function. */
  readonly environments: number;
  /** `SIGNING` and `FORMER_SIGNING`: props over those of the stage, for which the app is synthesized again. */
  readonly auth?: Pick<M2mAuthProps, 'signing' | 'formerSigning'>;
  /** A synthesized cloud assembly to run instead of this project's own. */
  readonly assembly?: string;
};

export type ProcessEnvironment = Readonly<Record<string, string | undefined>>;

export function localConfig(environment: ProcessEnvironment, argv: readonly string[]): LocalConfig {
  const options = parseOptions(argv);
  return {
    host: loopback(environment['HOST'] || '127.0.0.1'),
    port: wholeNumber('PORT', environment['PORT'] || '3000', 0, 65_535),
    dataDir: resolve(environment['DATA_DIR'] || '.local'),
    ...(environment['MTLS_PORT'] ? { mtlsPort: wholeNumber('MTLS_PORT', environment['MTLS_PORT'], 0, 65_535) } : {}),
    knobs: Object.fromEntries(KNOBS.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]]))),
    environments: wholeNumber('--environments', options.environments ?? '1', 1, 64),
    auth: {
      ...signingMode(environment, 'SIGNING', (signing) => ({ signing })),
      ...signingMode(environment, 'FORMER_SIGNING', (formerSigning) => ({ formerSigning })),
    },
    ...(options.assembly === undefined ? {} : { assembly: resolve(options.assembly) }),
  };
}

/** The origin under which callers on this machine reach the service. */
export function originOf(host: string, port: number): string {
  if (host === '0.0.0.0') return `http://127.0.0.1:${port}`;
  if (host === '::' || host === '::1') return `http://[::1]:${port}`;
  return `http://${host}:${port}`;
}

function parseOptions(argv: readonly string[]): { environments?: string | undefined; assembly?: string | undefined } {
  try {
    return parseArgs({ args: [...argv], options: { environments: { type: 'string' }, assembly: { type: 'string' } } }).values;
  } catch (error) {
    throw new StartError(`${messageOf(error)}; known are --environments N and --assembly DIR.`);
  }
}

function signingMode<T>(environment: ProcessEnvironment, name: string, prop: (mode: SigningMode) => T): T | undefined {
  const text = environment[name];
  if (text === undefined || text === '') return undefined;
  const mode = SIGNING_MODES.find((each) => each === text);
  if (mode === undefined) throw new StartError(`${name} must be one of ${SIGNING_MODES.join(', ')}, not "${text}".`);
  return prop(mode);
}

function loopback(host: string): string {
  if (['127.0.0.1', 'localhost', '::1', '0.0.0.0', '::'].includes(host)) return host;
  throw new StartError(
    `HOST must be 127.0.0.1, localhost, ::1, 0.0.0.0 or :: (an issuer without TLS is only for this machine), not "${host}".`,
  );
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || value < min || value > max)
    throw new StartError(`${name} must be a whole number from ${min} to ${max}, not "${text}".`);
  return value;
}
