/**
 * Published prices, US dollars, us-east-1, on demand, without free tiers or commitments; read in October 2026. One line each, so that
 * whoever pays other prices changes them in one place.
 */
export const PRICES = {
  /** https://aws.amazon.com/api-gateway/pricing/: HTTP API, first 300 million a month, up to 512 KB each. */
  httpApiRequest: 1.0 / 1e6,
  /** The same page: REST API, first 333 million a month. */
  restApiRequest: 3.5 / 1e6,
  /** https://aws.amazon.com/lambda/pricing/: a request, and arm64 duration. */
  lambdaRequest: 0.2 / 1e6,
  lambdaGbSecond: 0.000_013_333_4,
  /** https://aws.amazon.com/dynamodb/pricing/on-demand/: a unit is 1 KB written, or 4 KB read with strong consistency. */
  writeUnit: 0.625 / 1e6,
  readUnit: 0.125 / 1e6,
  /** https://aws.amazon.com/kms/pricing/: RSA_2048 and symmetric keys; every other asymmetric key. */
  kmsRequest: 0.03 / 1e4,
  kmsEccRequest: 0.15 / 1e4,
  kmsKeyMonth: 1.0,
  /** GenerateDataKeyPair for RSA_2048; elliptic curves cost less. */
  kmsRsaKeyPair: 12 / 1e4,
  /** https://aws.amazon.com/cloudwatch/pricing/: logs ingested, an alarm, and a metric (EMF makes one for each set of dimensions). */
  logByte: 0.5 / 1e9,
  alarmMonth: 0.1,
  metricMonth: 0.3,
  /** https://aws.amazon.com/eventbridge/pricing/: an event that passes the pipe's filter, and its way onto the bus. */
  pipeEvent: 0.4 / 1e6,
  busEvent: 1.0 / 1e6,
  /** https://aws.amazon.com/secrets-manager/pricing/ */
  secretMonth: 0.4,
  /** https://aws.amazon.com/ec2/pricing/on-demand/: to the internet, first 10 TB a month. */
  egressByte: 0.09 / 1e9,
} as const;

/** https://aws.amazon.com/cognito/pricing/: tokens for machines, by what was asked for in the month so far. */
const COGNITO_TIERS: readonly { readonly upTo: number; readonly perThousand: number }[] = [
  { upTo: 250_000, perThousand: 2.25 },
  { upTo: 5_000_000, perThousand: 1.5 },
  { upTo: Infinity, perThousand: 1.125 },
];

/** What Amazon Cognito asks for so many tokens in one month. */
export function cognitoMonth(tokens: number): number {
  let [paid, total] = [0, 0];
  for (const { upTo, perThousand } of COGNITO_TIERS) {
    const inTier = Math.max(0, Math.min(tokens, upTo) - paid);
    total += (inTier / 1000) * perThousand;
    paid += inTier;
  }
  return total;
}
