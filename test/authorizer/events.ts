// API Gateway's authorizer events as they look in AWS, with what a caller can put into them.
const STAGE_ARN = 'arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod';
const HTTP_STAGE_ARN = 'arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/$default';

export type Sent = {
  readonly method?: string;
  readonly path?: string;
  readonly authorization?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly ip?: string;
};

export const restToken = ({ method = 'GET', path = '/protected', authorization = '' }: Sent) => ({
  type: 'TOKEN',
  authorizationToken: authorization,
  methodArn: `${STAGE_ARN}/${method}${path}`,
});

export const restRequest = ({ method = 'GET', path = '/protected', authorization, headers = {}, ip = '192.0.2.7' }: Sent) => {
  const all: Record<string, string> = { Host: 'abcdef1234.execute-api.eu-west-1.amazonaws.com', 'X-Forwarded-For': '10.0.0.1', ...headers };
  if (authorization !== undefined) all['Authorization'] = authorization;
  return {
    type: 'REQUEST',
    methodArn: `${STAGE_ARN}/${method}${path}`,
    resource: path,
    path,
    httpMethod: method,
    headers: all,
    multiValueHeaders: Object.fromEntries(Object.entries(all).map(([name, value]) => [name, [value]])),
    queryStringParameters: { access_token: 'from-the-query' },
    multiValueQueryStringParameters: { access_token: ['from-the-query'] },
    pathParameters: {},
    stageVariables: {},
    requestContext: {
      accountId: '123456789012',
      apiId: 'abcdef1234',
      domainName: 'abcdef1234.execute-api.eu-west-1.amazonaws.com',
      httpMethod: method,
      identity: { sourceIp: ip, userAgent: 'billing/4.2\r\nforged: line', accountId: null, caller: null, user: null },
      path: `/prod${path}`,
      protocol: 'HTTP/1.1',
      requestId: 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef',
      resourcePath: path,
      stage: 'prod',
    },
  };
};

/** HTTP API with authorizer payload 1.0. */
export const httpPayload1 = (sent: Sent) => {
  const { resource: _, multiValueHeaders: __, ...event } = restRequest(sent);
  return { ...event, version: '1.0', identitySource: sent.authorization, authorizationToken: sent.authorization };
};

/** HTTP API with authorizer payload 2.0. */
export const httpPayload2 = ({ method = 'GET', path = '/protected', authorization, headers = {}, ip = '192.0.2.7' }: Sent) => {
  const all: Record<string, string> = { host: 'abcdef1234.execute-api.eu-west-1.amazonaws.com', ...headers };
  if (authorization !== undefined) all['authorization'] = authorization;
  return {
    version: '2.0',
    type: 'REQUEST',
    routeArn: `${HTTP_STAGE_ARN}/${method}${path}`,
    identitySource: authorization === undefined ? [] : [authorization],
    routeKey: `${method} ${path}`,
    rawPath: path,
    rawQueryString: 'access_token=from-the-query',
    cookies: ['access_token=from-a-cookie'],
    headers: all,
    requestContext: {
      accountId: '123456789012',
      apiId: 'abcdef1234',
      domainName: 'abcdef1234.execute-api.eu-west-1.amazonaws.com',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: ip, userAgent: 'billing/4.2' },
      requestId: 'JKJaXmPLvHcESHA=',
      routeKey: `${method} ${path}`,
      stage: '$default',
      time: '10/Mar/2026:05:16:23 +0000',
      timeEpoch: 1773119783000,
    },
  };
};

/** WebSocket API, `$connect`: as in the API Gateway developer guide, with what a caller can put into it. */
export const webSocketConnect = ({ authorization, headers = {}, ip = '192.0.2.7' }: Omit<Sent, 'method' | 'path'>) => {
  const all: Record<string, string> = {
    Connection: 'upgrade',
    'content-length': '0',
    Host: 'abcdef1234.execute-api.eu-west-1.amazonaws.com',
    'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version': '13',
    Upgrade: 'websocket',
    'User-Agent': 'billing/4.2',
    'X-Forwarded-For': '10.0.0.1',
    ...headers,
  };
  if (authorization !== undefined) all['Authorization'] = authorization;
  return {
    type: 'REQUEST',
    methodArn: `${STAGE_ARN}/$connect`,
    headers: all,
    multiValueHeaders: Object.fromEntries(Object.entries(all).map(([name, value]) => [name, [value]])),
    queryStringParameters: { access_token: 'from-the-query' },
    multiValueQueryStringParameters: { access_token: ['from-the-query'] },
    stageVariables: {},
    requestContext: {
      routeKey: '$connect',
      eventType: 'CONNECT',
      extendedRequestId: 'JKJaXmPLvHcESHA=',
      requestTime: '19/Jan/2026:21:13:26 +0000',
      messageDirection: 'IN',
      stage: 'prod',
      connectedAt: 1768857206344,
      requestTimeEpoch: 1768857206345,
      identity: { sourceIp: ip },
      requestId: 'JKJaXmPLvHcESHA=',
      domainName: 'abcdef1234.execute-api.eu-west-1.amazonaws.com',
      connectionId: 'JKJaXeiKvHcCE5A=',
      apiId: 'abcdef1234',
    },
    isBase64Encoded: false,
  };
};
