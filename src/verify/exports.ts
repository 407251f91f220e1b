// What `m2m-auth/verify` exports.
export { authOf } from './attached-auth.ts';
export type { AddressOptions } from './caller-address.ts';
export { requestFromFetch } from './fetch-request.ts';
export { lambdaAnswer, requestFromLambda } from './lambda-request.ts';
export { requestFromNode } from './node-request.ts';
export { createVerifier } from './verifier.ts';
export type { Auth, Demand, Refusal, Verification, Verifier, VerifierOptions, Verify } from './verifier.ts';
export type { VerifyRequest } from './verify-request.ts';
