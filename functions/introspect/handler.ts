// POST /introspect
import { createIntrospectEndpoint } from '../../src/endpoints/introspect.ts';
import { lambda } from '../../src/http/lambda.ts';
import { inspectingDeps } from '../inspecting.ts';
import { introspectEnv } from './env.ts';

export const handler = lambda('introspect', () => createIntrospectEndpoint(inspectingDeps(introspectEnv(process.env)).deps));
