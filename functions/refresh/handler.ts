// POST /refresh
import { createRefreshEndpoint } from '../../src/endpoints/refresh.ts';
import { lambda } from '../../src/http/lambda.ts';
import { issuingDeps } from '../issuing.ts';
import { refreshEnv } from './env.ts';

export const handler = lambda('refresh', () => createRefreshEndpoint(issuingDeps(refreshEnv(process.env))));
