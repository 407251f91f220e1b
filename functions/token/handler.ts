// POST /token
import { createTokenEndpoint } from '../../src/endpoints/token.ts';
import { lambda } from '../../src/http/lambda.ts';
import { issuingDeps } from '../issuing.ts';
import { tokenEnv } from './env.ts';

export const handler = lambda('token', () => createTokenEndpoint(issuingDeps(tokenEnv(process.env))));
