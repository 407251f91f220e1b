// How every Lambda bundle is made: what the CDK app uploads and what bench/ measures are built with the same options.
import { fileURLToPath } from 'node:url';
import type { BuildOptions } from 'esbuild';

/** Entries are named relative to it, e.g. `token/handler.ts`. */
export const functionsFolder = fileURLToPath(new URL('../functions/', import.meta.url));

/**
 * CommonJS, because Node evaluates it faster than ES modules at a cold start; the AWS SDK is inside, because a pinned and
 * tree-shaken copy starts faster than the runtime's and cannot change underneath; `module` first among the main fields
 * drops the SDK's CommonJS twins, a third of the bytes; credentials come from the environment alone, a sixth (decision 0008).
 */
export const BUNDLE_SETTINGS = {
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  mainFields: ['module', 'main'],
  alias: { '@aws-sdk/credential-provider-node': `${functionsFolder}environment-credentials.ts` },
  legalComments: 'none',
  logLevel: 'error',
} as const satisfies BuildOptions;
