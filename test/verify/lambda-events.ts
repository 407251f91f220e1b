// Events that invoke a Lambda function with an HTTP request, as they look in AWS.
export type Sent = { readonly method?: string; readonly path?: string; readonly headers?: Readonly<Record<string, string>> };

const lists = (headers: Readonly<Record<string, string>>): Record<string, string[]> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));

/** A function URL, or with another domain name an HTTP API with payload 2.0. */
export const functionUrlEvent = ({ method = 'GET', path = '/orders', headers = {} }: Sent) => ({
  version: '2.0',
  routeKey: '$default',
  rawPath: path,
  rawQueryString: 'access_token=from-the-query',
  cookies: ['access_token=from-a-cookie'],
  headers: { host: 'abc.lambda-url.eu-west-1.on.aws', ...headers },
  requestContext: {
    accountId: 'anonymous',
    apiId: 'abc',
    domainName: 'abc.lambda-url.eu-west-1.on.aws',
    http: { method, path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.7', userAgent: 'billing/4.2' },
    requestId: 'e1506fd5-9e7b-434f-bd42-4f8fa224b599',
    routeKey: '$default',
    stage: '$default',
    timeEpoch: 1773119783000,
  },
  isBase64Encoded: false,
});

/** A target group has `headers` or `multiValueHeaders`, never both. */
export const loadBalancerEvent = ({
  method = 'GET',
  path = '/orders',
  headers = {},
  multiValue = false,
}: Sent & { readonly multiValue?: boolean }) => ({
  requestContext: { elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/orders/49e9d65c45c6791a' } },
  httpMethod: method,
  path,
  ...(multiValue
    ? { multiValueQueryStringParameters: { access_token: ['from-the-query'] }, multiValueHeaders: lists(headers) }
    : { queryStringParameters: { access_token: 'from-the-query' }, headers }),
  body: '',
  isBase64Encoded: false,
});

export const restProxyEvent = ({ method = 'GET', path = '/orders', headers = {} }: Sent) => ({
  resource: '/{proxy+}',
  path,
  httpMethod: method,
  headers,
  multiValueHeaders: lists(headers),
  queryStringParameters: { access_token: 'from-the-query' },
  requestContext: { stage: 'prod', path: `/prod${path}`, identity: { sourceIp: '192.0.2.7', userAgent: 'billing/4.2' } },
  body: null,
  isBase64Encoded: false,
});
