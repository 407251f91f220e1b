/**
 * Stands in for the SDK's default credential chain in the bundles (lib/bundled-code.ts): Lambda always gives its role's credentials
 * in environment variables, so the providers for profiles, SSO, processes and instances are 60 KB that never run.
 */
import { fromEnv } from '@aws-sdk/credential-provider-env';

export const defaultProvider = fromEnv;
