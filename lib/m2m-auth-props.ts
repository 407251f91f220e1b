// Everything that a deployment may decide. Every default is chosen to be right for most, and written down here.
import type { Duration } from 'aws-cdk-lib';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IHostedZone } from 'aws-cdk-lib/aws-route53';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { SigningMode, TokenEnv } from '../functions/token/env.ts';
import type { Algorithm } from '../src/tokens/algorithms.ts';
import type { AudienceSettings } from '../src/tokens/audience.ts';

/** The endpoints that count their callers. */
export type RateLimitedEndpoint = 'token' | 'refresh' | 'revoke' | 'introspect' | 'clients' | 'sessions';

/** What one client may ask of one endpoint from one network: at most `perMinute + burst` calls in any sliding minute. */
export interface RateLimitProps {
  /** 0 = no limit, unless a client has one of its own. */
  readonly perMinute: number;
  /** @default a third of `perMinute`, rounded up */
  readonly burst?: number;
}

/** When failed authentications begin to be slowed down, for each client and network (docs/lockout.md). */
export interface LockoutProps {
  /**
   * So many failures within the window start a delay.
   * @default 5
   */
  readonly failures?: number;
  /** @default Duration.minutes(15) */
  readonly window?: Duration;
  /**
   * Doubles with each further failure.
   * @default Duration.seconds(30)
   */
  readonly firstDelay?: Duration;
  /** @default Duration.minutes(30) */
  readonly maxDelay?: Duration;
}

export interface CustomDomainProps {
  /** Host name alone, e.g. `auth.example.com`. */
  readonly domainName: string;
  /** For that name, in the Region of the stack. */
  readonly certificate: ICertificate;
  /**
   * Where the address record goes.
   * @default no record is made: point the name at the domain's `RegionalDomainName` yourself
   */
  readonly hostedZone?: IHostedZone;
}

/** Authorities whose certificates API Gateway lets in, and self-signed certificates: PEM, one after the other. */
export type TruststoreProps =
  | {
      readonly bucket: IBucket;
      readonly key: string;
      /** @default the object as it is now; a later one takes effect with the next deployment that changes something here */
      readonly version?: string;
    }
  /** A file of the app, which the deployment uploads. */
  | { readonly file: string };

export interface MutualTlsProps {
  /** Host name alone, e.g. `mtls.auth.example.com`; another than the issuer's. */
  readonly domainName: string;
  /** For that name, in the Region of the stack. */
  readonly certificate: ICertificate;
  readonly truststore: TruststoreProps;
  /**
   * Where the address record goes.
   * @default no record is made: point the name at the domain's `RegionalDomainName` yourself
   */
  readonly hostedZone?: IHostedZone;
}

export interface ThrottlingProps {
  /** Requests a second. */
  readonly rate: number;
  /** Requests at once. */
  readonly burst: number;
}

export interface TableThroughputProps {
  /** Read request units a second, of the table and of each index. */
  readonly maxReads: number;
  /** Write request units a second, of the table and of each index. */
  readonly maxWrites: number;
}

export interface M2mAuthProps {
  /**
   * The issuer URL that tokens name, where something of your own (CloudFront, say) stands in front of the API.
   * @default `https://<customDomain.domainName>`, else the URL that API Gateway gives the API
   */
  readonly issuer?: string;

  /**
   * Serves the API under a name of yours; API Gateway's own URL is then switched off.
   * @default API Gateway's own URL
   */
  readonly customDomain?: CustomDomainProps;

  /**
   * Serves the API once more under a second name, where every caller proves a client certificate in the TLS handshake
   * (docs/mtls.md). Needs `customDomain`: API Gateway's own URL would let callers in without.
   * @default no mutual TLS
   */
  readonly mtls?: MutualTlsProps;

  /**
   * Algorithm of access tokens, unless `audiences` says otherwise. RS256 is what the JWT authorizers of API Gateway and
   * of load balancers can verify, and the cheapest to sign with in KMS.
   * @default 'RS256'
   */
  readonly algorithm?: Algorithm;

  /**
   * `kms`: KMS signs every token, with keys that never leave it. `delegated`: KMS makes short-lived keys, which sign in the functions'
   * memory: no call for a token, but whoever breaks into a function can take a key. docs/signing-modes.md has the whole choice.
   * @default 'kms'
   */
  readonly signing?: SigningMode;

  /**
   * Set, beside a new `signing`, to what `signing` was: its keys then sign on until verifiers know the new ones, 2 hours and 10 minutes
   * after the deployment. To be removed some time after that (docs/signing-modes.md#changing-the-mode).
   * @default none
   */
  readonly formerSigning?: SigningMode;

  /**
   * How long a signing key signs before the next one takes over, from a day to two years (docs/signing-keys.md).
   * @default 90 days; a day where `signing` is `delegated`
   */
  readonly keyRotation?: Duration;

  /**
   * Audience URL to what its tokens have of their own: `algorithm`, `access_token_lifetime` (seconds).
   * @default {} every audience is treated alike
   */
  readonly audiences?: Readonly<Record<string, AudienceSettings>>;

  /**
   * How long an access token lives, at most an hour.
   * @default Duration.minutes(15)
   */
  readonly accessTokenLifetime?: Duration;

  /**
   * How long after its use the last refresh token still brings the same successor, for callers that never saw the answer.
   * Zero ends the session of every caller that repeats itself; at most 5 minutes.
   * @default Duration.seconds(30)
   */
  readonly refreshGrace?: Duration;

  /**
   * How often credentials are looked after: exchanges of secrets by schedule, their ends, warnings before credentials end. From 5 minutes
   * to 6 hours; what it does is late by as much at most.
   * @default Duration.hours(1)
   */
  readonly upkeepEvery?: Duration;

  /**
   * Limits per client, network and endpoint; a client may be registered with limits of its own.
   * @default 60 a minute and a burst of 20 at each endpoint
   */
  readonly rateLimits?: Readonly<Partial<Record<RateLimitedEndpoint, RateLimitProps>>>;

  /**
   * How guessing at secrets is slowed down, per client and network; `false` = not at all.
   * @default 5 failures in 15 minutes start a delay that doubles from 30 seconds to 30 minutes
   */
  readonly lockout?: LockoutProps | false;

  /**
   * ARNs of the IAM roles (or users) that manage clients and sessions below `/iam`, of this account. They also need IAM's permission
   * to call those routes; the output `IamAdministratorPolicy` is a policy that gives it.
   * @default every principal that IAM lets call those routes
   */
  readonly administrators?: readonly string[];

  /**
   * Ceiling of the whole API, which API Gateway answers with 429. It bounds what strangers can cost.
   * @default 500 requests a second, 1,000 at once
   */
  readonly throttling?: ThrottlingProps;

  /**
   * Ceiling of the on-demand table. It bounds the bill where `throttling` does not reach: authorizers in `table` mode.
   * @default 4,000 reads and 2,000 writes a second
   */
  readonly tableThroughput?: TableThroughputProps;

  /**
   * `standard`: changes of state reach the audit bus losslessly, issued tokens are log lines.
   * `strict`: issued tokens too reach the bus before they leave, at the price of one more write each.
   * @default 'standard'
   */
  readonly auditMode?: TokenEnv['auditMode'];

  /**
   * `required`: a DPoP proof at `/token` and `/refresh` must carry a nonce that this server gave out in the last minutes. A client whose
   * clock is wrong then gets tokens too, and proofs cannot be made in advance; it costs each client a second request now and then.
   * @default 'off' proofs must be of the last 60 seconds
   */
  readonly dpopNonce?: TokenEnv['dpopNonce'];

  /**
   * How long audit events and the log lines of the functions that write them are kept.
   * @default RetentionDays.ONE_YEAR
   */
  readonly auditRetention?: RetentionDays;

  /**
   * How long access logs and the logs of functions without audit lines are kept.
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;

  /**
   * Also archives audit events on the bus for this long, from where they can be replayed.
   * @default no archive
   */
  readonly auditArchive?: Duration;

  /**
   * Gets every alarm, and each `refresh_token_reuse` event. An imported topic must itself let `cloudwatch.amazonaws.com`
   * and `events.amazonaws.com` publish.
   * @default none, or a new topic where `alarmEmail` is given
   */
  readonly alarmTopic?: ITopic;

  /**
   * Subscribed to the alarm topic. AWS asks the address for its consent first.
   * @default none
   */
  readonly alarmEmail?: string;
}
