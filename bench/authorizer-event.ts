/** A REST API's REQUEST authorizer event. */
export const authorizerEvent = (accessToken: string): object => ({
  type: 'REQUEST',
  methodArn: 'arn:aws:execute-api:eu-central-1:111122223333:abcdef1234/prod/GET/protected',
  path: '/protected',
  headers: { authorization: `Bearer ${accessToken}` },
  requestContext: { identity: { sourceIp: '203.0.113.57', userAgent: 'bench' } },
});
