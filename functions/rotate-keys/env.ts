// The environment of the function that rotates signing keys; lib/ supplies exactly these names.
import { integer, issuerUrl, required, type Environment } from '../../src/environment.ts';
import { signingFrom, type SigningEnv } from '../token/env.ts';

export const ROTATE_KEYS_ENV = ['ISSUER', 'TABLE_NAME', 'SIGNING', 'SIGNING_KEYS', 'KEY_ROTATION_SECONDS', 'KEY_TAG'] as const;

export type RotateKeysEnv = SigningEnv & {
  readonly issuer: string;
  readonly tableName: string;
  /** How long a key signs. */
  readonly keyRotationSeconds: number;
  /** Value of the tag of this deployment's keys. */
  readonly keyTag: string;
};

const DAY = 24 * 3600;
/** A day holds the successions of four algorithms, apart from each other. */
const PERIOD = { min: DAY, max: 730 * DAY };

export const rotateKeysEnv = (environment: Environment): RotateKeysEnv => ({
  ...signingFrom(environment),
  issuer: issuerUrl(environment, 'ISSUER'),
  tableName: required(environment, 'TABLE_NAME'),
  keyRotationSeconds: integer(environment, 'KEY_ROTATION_SECONDS', PERIOD),
  keyTag: required(environment, 'KEY_TAG'),
});
