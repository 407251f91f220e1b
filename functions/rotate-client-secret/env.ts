// The environment of the function that rotates a client's secret in its consumer's account; lib/ supplies exactly these names.
import { CLIENT_ID_PATTERN } from '../../src/clients/client.ts';
import { ConfigurationError, issuerUrl, required, type Environment } from '../../src/environment.ts';

export const ROTATE_CLIENT_SECRET_ENV = [
  /** Where the client gets its tokens and the successors of its secret. */
  'ISSUER',
  /** Whose secret is rotated. */
  'CLIENT_ID',
] as const;

export type RotateClientSecretEnv = { readonly issuer: string; readonly clientId: string };

export function rotateClientSecretEnv(environment: Environment): RotateClientSecretEnv {
  const clientId = required(environment, 'CLIENT_ID');
  if (!CLIENT_ID_PATTERN.test(clientId)) throw new ConfigurationError('CLIENT_ID', 'must be the id of a client');
  return { issuer: issuerUrl(environment, 'ISSUER'), clientId };
}
