// What `m2m-auth` exports, for CDK apps.
export { ClientSecretRotation } from './client-secret-rotation.ts';
export type { ClientSecretRotationProps } from './client-secret-rotation.ts';
export { M2mAuth } from './m2m-auth.ts';
export type { M2mAuthProps } from './m2m-auth-props.ts';
export { M2mAuthorizer } from './m2m-authorizer.ts';
export type { M2mAuthorizerProps } from './m2m-authorizer.ts';
export { setGatewayResponses } from './rest-gateway-responses.ts';
