// Refuses props that could only fail later: in the functions, which would answer 503, or in the middle of a deployment.
import { Token, type Duration } from 'aws-cdk-lib';
import { clientsEnv } from '../functions/clients/env.ts';
import { rotateKeysEnv } from '../functions/rotate-keys/env.ts';
import { tokenEnv } from '../functions/token/env.ts';
import { ConfigurationError } from '../src/environment.ts';
import type { CustomDomainProps } from './m2m-auth-props.ts';
import type { Settings } from './settings.ts';

/** Lambda allows 4 KB of environment in all; this leaves room for the ARNs and URLs beside. */
const LARGEST_JSON_VALUE_BYTES = 3072;

export function refuseImpossibleProps(settings: Settings): void {
  refuseCustomDomain(settings);
  refuseMutualTls(settings);
  refuseIssuer(settings);
  refuseAudiences(settings);
  refuseAdministrators(settings);
  const upkeepMinutes = settings.upkeepEvery.toMinutes({ integral: false });
  // EventBridge knows whole minutes, and the alarm that nothing runs looks at three runs within a day.
  if (!Number.isInteger(upkeepMinutes) || upkeepMinutes < 5 || upkeepMinutes > 360)
    refuse('upkeepEvery', `${upkeepMinutes} min`, 'must be whole minutes, from 5 minutes to 6 hours');
  if (settings.formerSigning === settings.signing) refuse('formerSigning', settings.formerSigning, 'must be the other mode than signing');
  refuseValuesThatTheFunctionsRefuse(settings);
  refuseUnlessCount('throttling.rate', settings.throttling.rate);
  refuseUnlessCount('throttling.burst', settings.throttling.burst);
  refuseUnlessCount('tableThroughput.maxReads', settings.tableThroughput.maxReads);
  refuseUnlessCount('tableThroughput.maxWrites', settings.tableThroughput.maxWrites);
  const { alarmEmail } = settings;
  if (alarmEmail !== undefined && !/^[^@\s]+@[^@\s]+$/.test(alarmEmail)) refuse('alarmEmail', alarmEmail, 'must be one mail address');
}

/** `prop` is what the caller wrote, `allowed` completes "<prop> ...". */
export function refuse(prop: string, given: unknown, allowed: string): never {
  throw new Error(`${prop} is ${JSON.stringify(given)}, but it ${allowed}`);
}

export function refuseLargeJson(prop: string, json: string): void {
  const bytes = Buffer.byteLength(json);
  if (bytes > LARGEST_JSON_VALUE_BYTES)
    throw new Error(`${prop} takes ${bytes} bytes as JSON, but at most ${LARGEST_JSON_VALUE_BYTES} fit into a function's environment`);
}

/** Runs a function's own reading of its environment, so that there is one truth about what is allowed. */
export function refuseUnlessParsed(prop: string, given: unknown, parse: () => unknown): void {
  try {
    parse();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new Error(`${prop} is ${JSON.stringify(given)}, but ${error.message}`, { cause: error });
  }
}

function refuseIssuer({ issuer, customDomain }: Settings): void {
  if (issuer === undefined || Token.isUnresolved(issuer)) return;
  if (!URL.canParse(issuer) || new URL(issuer).origin !== issuer || !issuer.startsWith('https://'))
    refuse('issuer', issuer, 'must be an https URL of a host alone, without path or trailing slash, because the API is served at its root');
  if (customDomain && !Token.isUnresolved(customDomain.domainName) && issuer !== `https://${customDomain.domainName}`)
    refuse('issuer', issuer, `must be https://${customDomain.domainName} or be left out where customDomain is given`);
}

function refuseCustomDomain({ customDomain }: Settings): void {
  if (customDomain) refuseDomain('customDomain', customDomain);
}

function refuseMutualTls({ customDomain, mtls }: Settings): void {
  if (!mtls) return;
  const { domainName } = mtls;
  if (!customDomain)
    refuse('mtls', domainName, 'needs customDomain too: a name for the issuer, and a second one on which every caller has a certificate');
  if (domainName === customDomain.domainName) refuse('mtls.domainName', domainName, 'must be another name than customDomain.domainName');
  refuseDomain('mtls', mtls);
}

function refuseDomain(
  prop: 'customDomain' | 'mtls',
  { domainName, hostedZone }: Pick<CustomDomainProps, 'domainName' | 'hostedZone'>,
): void {
  if (Token.isUnresolved(domainName)) return;
  if (!/^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/.test(domainName))
    refuse(`${prop}.domainName`, domainName, 'must be a full host name in lower case, without scheme, port or wildcard');
  if (hostedZone && !Token.isUnresolved(hostedZone.zoneName) && !`.${domainName}`.endsWith(`.${hostedZone.zoneName}`))
    refuse(`${prop}.domainName`, domainName, `must lie in the hosted zone given, ${hostedZone.zoneName}`);
}

function refuseAudiences({ audiences }: Settings): void {
  for (const audience of Object.keys(audiences)) {
    // RFC 8707 section 2: an absolute URI without a fragment.
    if (!Token.isUnresolved(audience) && (!URL.canParse(audience) || audience.includes('#')))
      refuse('audiences', audience, 'must name each audience by an absolute URI without a fragment');
  }
  refuseLargeJson('audiences', JSON.stringify(audiences));
}

function refuseAdministrators({ administrators }: Settings): void {
  // ARNs of roles of the same app are known only after the deployment; the function then checks them.
  if (administrators === undefined || administrators.some((arn) => Token.isUnresolved(arn))) return;
  const others = {
    ISSUER: 'https://issuer.example',
    TABLE_NAME: 'table',
    RING_SECRET_ARN: 'secret',
    RATE_LIMIT_PER_MINUTE: '60',
    LOCKOUT: 'off',
  };
  refuseUnlessParsed('administrators', administrators, () => clientsEnv({ ...others, ADMINISTRATORS: JSON.stringify(administrators) }));
  refuseLargeJson('administrators', JSON.stringify(administrators));
}

function refuseValuesThatTheFunctionsRefuse(settings: Settings): void {
  const acceptable = {
    ISSUER: 'https://issuer.example',
    TABLE_NAME: 'table',
    RING_SECRET_ARN: 'secret',
    SIGNING: 'kms',
    SIGNING_KEYS: JSON.stringify(Object.fromEntries(settings.algorithms.map((algorithm) => [algorithm, 'key']))),
    AUDIENCES: '{}',
    ACCESS_TOKEN_LIFETIME_SECONDS: '900',
    REFRESH_GRACE_SECONDS: '30',
    RATE_LIMIT_PER_MINUTE: '60',
    LOCKOUT: 'off',
    AUDIT_MODE: 'standard',
    DPOP_NONCE: 'off',
  };
  const check = (prop: string, given: unknown, environment: Readonly<Record<string, string>>) =>
    refuseUnlessParsed(prop, given, () => tokenEnv({ ...acceptable, ...environment }));
  const seconds = (duration: Duration) => duration.toSeconds({ integral: false });
  check('algorithm', settings.algorithms, {});
  check('audiences', settings.audiences, { AUDIENCES: JSON.stringify(settings.audiences) });
  const lifetime = seconds(settings.accessTokenLifetime);
  check('accessTokenLifetime', `${lifetime} s`, { ACCESS_TOKEN_LIFETIME_SECONDS: String(lifetime) });
  const grace = seconds(settings.refreshGrace);
  check('refreshGrace', `${grace} s`, { REFRESH_GRACE_SECONDS: String(grace) });
  check('signing', settings.signing, { SIGNING: settings.signing });
  if (settings.formerSigning !== undefined) check('formerSigning', settings.formerSigning, { SIGNING: settings.formerSigning });
  const rotation = seconds(settings.keyRotation);
  refuseUnlessParsed('keyRotation', `${rotation} s`, () =>
    rotateKeysEnv({ ...acceptable, KEY_ROTATION_SECONDS: String(rotation), KEY_TAG: 'tag' }),
  );
  check('auditMode', settings.auditMode, { AUDIT_MODE: settings.auditMode });
  check('dpopNonce', settings.dpopNonce, { DPOP_NONCE: settings.dpopNonce });
  for (const [endpoint, { perMinute, burst = 0 }] of Object.entries(settings.rateLimits))
    check(`rateLimits.${endpoint}`, { perMinute, burst }, { RATE_LIMIT_PER_MINUTE: String(perMinute), RATE_LIMIT_BURST: String(burst) });
  check('lockout', settings.lockout, { LOCKOUT: settings.lockout });
}

function refuseUnlessCount(prop: string, given: number): void {
  if (!Token.isUnresolved(given) && !(Number.isInteger(given) && given >= 1)) refuse(prop, given, 'must be a whole number of at least 1');
}
