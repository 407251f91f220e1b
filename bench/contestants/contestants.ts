import type { RequestListener } from 'node:http';
import { floorWithJose, floorWithNodeCrypto } from './floor.ts';
import { ours } from './ours.ts';
import { peer } from './peer.ts';
import type { BenchAlgorithm } from './signing-key.ts';

/** Token endpoints, each answering client_credentials from memory. */
export const CONTESTANTS = {
  'm2m-auth': ours,
  'oidc-provider': peer,
  'floor with jose': floorWithJose,
  'floor with node:crypto': floorWithNodeCrypto,
} as const satisfies Readonly<Record<string, (algorithm: BenchAlgorithm) => RequestListener>>;
export type ContestantName = keyof typeof CONTESTANTS;
export const CONTESTANT_NAMES = Object.keys(CONTESTANTS) as readonly ContestantName[];
