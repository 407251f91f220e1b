import type { Algorithm } from './algorithms.ts';

/** What an audience may set for its tokens; absent = as for any other. */
export type AudienceSettings = { readonly algorithm?: Algorithm; readonly access_token_lifetime?: number };
