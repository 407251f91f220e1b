// The environment of the scheduled upkeep of credentials; lib/ supplies exactly these names.
import { required, type Environment } from '../../src/environment.ts';

export const UPKEEP_ENV = ['TABLE_NAME'] as const;

export type UpkeepEnv = { readonly tableName: string };

export const upkeepEnv = (environment: Environment): UpkeepEnv => ({ tableName: required(environment, 'TABLE_NAME') });
