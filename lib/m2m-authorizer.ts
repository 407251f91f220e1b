// Protects any API Gateway API, in any stack or account, needing nothing but the issuer's URL.
import { Duration, Token } from 'aws-cdk-lib';
import { RequestAuthorizer, type IAuthorizer } from 'aws-cdk-lib/aws-apigateway';
import type { IHttpRouteAuthorizer, IWebSocketRouteAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaAuthorizer, HttpLambdaResponseType, WebSocketLambdaAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import {
  authorizerFeedEnv,
  type AUTHORIZER_FEED_ENV,
  type AUTHORIZER_TABLE_ENV,
  type AuthorizerEnv,
  type FeedAuthorizerEnv,
} from '../functions/authorizer/env.ts';
import type { RouteRule } from '../src/authorizer/route-rule.ts';
import { refuse, refuseLargeJson, refuseUnlessParsed } from './impossible-props.ts';
import { ServiceFunction } from './service-function.ts';
import { allowTableAccess, type TableReference } from './table-access.ts';

export interface M2mAuthorizerProps {
  /** The issuer URL, without a trailing slash. */
  readonly issuer: string;
  /** What tokens must carry as `aud`. */
  readonly audience: string;
  /** Which routes need what. The first rule that fits decides; where none fits, nobody passes. */
  readonly rules: readonly RouteRule[];
  /**
   * How a token's revocation is learnt: `feed` reads the issuer's revocation feed (a revoked token is refused within 5 s),
   * `{ table }` asks the service's table at every call (at once; same account), `off` lets tokens live until they expire.
   * @default 'feed'
   */
  readonly revocation?: 'feed' | 'off' | { readonly table: TableReference };
  /**
   * What happens while the feed cannot be read; for `revocation: 'feed'` alone.
   * @default 'deny'
   */
  readonly whenStale?: FeedAuthorizerEnv['whenStale'];
  /**
   * `policy` fits REST, HTTP and WebSocket APIs, `simple` only HTTP APIs.
   * @default 'policy'
   */
  readonly responseFormat?: AuthorizerEnv['responseFormat'];
  /**
   * The URL before the API's paths as its callers know it, without a trailing slash, where something of yours (CloudFront, a load
   * balancer) stands before API Gateway. DPoP proofs name it (docs/dpop.md).
   * @default the domain and path that API Gateway was called by
   */
  readonly publicUrl?: string;
  /**
   * How long its log lines are kept, among them audit lines of refused tokens.
   * @default RetentionDays.ONE_YEAR
   */
  readonly logRetention?: RetentionDays;
}

/** API Gateway asks the function at every request: a cached answer would outlive a revocation. */
const NO_CACHE = Duration.seconds(0);

export class M2mAuthorizer extends Construct {
  readonly function: ServiceFunction;
  private readonly responseFormat: AuthorizerEnv['responseFormat'];
  private rest: RequestAuthorizer | undefined;
  private http: HttpLambdaAuthorizer | undefined;
  private webSocket: WebSocketLambdaAuthorizer | undefined;

  constructor(scope: Construct, id: string, props: M2mAuthorizerProps) {
    super(scope, id);
    refuseImpossible(props);
    this.responseFormat = props.responseFormat ?? 'policy';
    this.function = this.authorizerFunction(props);
  }

  /**
   * For the methods of one REST API. Without identity sources, so that a request without a token reaches the function
   * too: a route may allow that, and API Gateway then has nothing of its own to decide.
   */
  forRestApi(): IAuthorizer {
    this.refuseSimple('a REST API');
    this.rest ??= new RequestAuthorizer(this, 'Rest', {
      handler: this.function.function,
      identitySources: [],
      resultsCacheTtl: NO_CACHE,
    });
    return this.rest;
  }

  /** For the routes of one HTTP API. */
  forHttpApi(): IHttpRouteAuthorizer {
    this.http ??= new HttpLambdaAuthorizer('Http', this.function.function, {
      identitySource: [],
      resultsCacheTtl: NO_CACHE,
      responseTypes: [this.responseFormat === 'simple' ? HttpLambdaResponseType.SIMPLE : HttpLambdaResponseType.IAM],
    });
    return this.http;
  }

  /** For the `$connect` route of one WebSocket API, which rules know as `GET /$connect`; its other routes need no authorizer. */
  forWebSocketApi(): IWebSocketRouteAuthorizer {
    this.refuseSimple('a WebSocket API');
    this.webSocket ??= new WebSocketLambdaAuthorizer('WebSocket', this.function.function, { identitySource: [] });
    return this.webSocket;
  }

  private refuseSimple(api: string): void {
    if (this.responseFormat === 'simple')
      refuse('responseFormat', 'simple', `must be 'policy' for ${api}, which knows no simple responses`);
  }

  private authorizerFunction(props: M2mAuthorizerProps): ServiceFunction {
    const { revocation = 'feed', logRetention = RetentionDays.ONE_YEAR } = props;
    const logs = { logRetention, retainLogs: true };
    const common = {
      ISSUER: props.issuer,
      AUDIENCE: props.audience,
      RULES: JSON.stringify(props.rules),
      RESPONSE_FORMAT: this.responseFormat,
      ...(props.publicUrl === undefined ? {} : { PUBLIC_URL: props.publicUrl }),
    };
    if (typeof revocation === 'string') {
      const environment: Readonly<Record<(typeof AUTHORIZER_FEED_ENV)[number], string>> = {
        ...common,
        REVOCATION: revocation,
        WHEN_STALE: props.whenStale ?? 'deny',
      };
      const description = 'm2m-auth: Lambda authorizer, needs no permissions';
      return new ServiceFunction(this, 'Feed', { entry: 'authorizer/feed.ts', description, environment, ...logs });
    }
    const environment: Readonly<Record<(typeof AUTHORIZER_TABLE_ENV)[number], string>> = {
      ...common,
      TABLE_NAME: revocation.table.tableName,
    };
    const description = 'm2m-auth: Lambda authorizer, asks the table at every call';
    const authorizer = new ServiceFunction(this, 'Table', { entry: 'authorizer/table.ts', description, environment, ...logs });
    allowTableAccess(authorizer, revocation.table, {
      batchGet: ['CLIENT#*', 'REVOKED#*', 'CERTS'],
      put: ['DENIED#*', 'ONCE#*'],
      query: ['KEYRING'],
    });
    return authorizer;
  }
}

function refuseImpossible({ issuer, audience, rules, revocation = 'feed', publicUrl, whenStale }: M2mAuthorizerProps): void {
  const acceptable = {
    ISSUER: 'https://issuer.example',
    AUDIENCE: 'audience',
    RULES: '[]',
    RESPONSE_FORMAT: 'policy',
    REVOCATION: 'feed',
    WHEN_STALE: 'deny',
  };
  const check = (prop: string, given: unknown, environment: Readonly<Record<string, string>>) =>
    refuseUnlessParsed(prop, given, () => authorizerFeedEnv({ ...acceptable, ...environment }));
  if (!Token.isUnresolved(issuer)) check('issuer', issuer, { ISSUER: issuer });
  check('audience', audience, { AUDIENCE: audience });
  if (publicUrl !== undefined && !Token.isUnresolved(publicUrl)) check('publicUrl', publicUrl, { PUBLIC_URL: publicUrl });
  if (typeof revocation === 'string') check('revocation', revocation, { REVOCATION: revocation });
  check('rules', rules, { RULES: JSON.stringify(rules) });
  if (whenStale !== undefined && revocation !== 'feed')
    refuse('whenStale', whenStale, "may be given with revocation 'feed' alone, because nothing else can be stale");
  if (rules.length === 0) refuse('rules', rules, 'must hold at least one rule, because a route without one lets nobody pass');
  refuseLargeJson('rules', JSON.stringify(rules));
}
