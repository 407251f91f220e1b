/**
 * Default quotas of an account and Region (October 2026) that a token request meets, and the way past each. Where AWS gives several
 * values by Region, the smallest. https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html
 */
import type { Usage } from './metered-requests.ts';

export type Load = {
  readonly tokensPerSecond: number;
  readonly usage: Usage;
  /** Milliseconds that one request keeps an environment busy. */
  readonly busyMs: number;
};

export type Quota = {
  readonly name: string;
  /** A second, or at once. */
  readonly limit: number;
  readonly demand: (load: Load) => number;
  readonly wayPast: string;
};

const calls = ({ waits }: Usage, name: string): number => waits.flat().filter((call) => call === name).length;

export const QUOTAS: readonly Quota[] = [
  {
    name: 'KMS Sign with RSA keys, 1,000/s',
    limit: 1000,
    demand: ({ tokensPerSecond, usage }) => tokensPerSecond * calls(usage, 'Sign'),
    wayPast: "signing: 'delegated', or a quota increase",
  },
  {
    name: 'Lambda, 1,000 environments at once',
    limit: 1000,
    demand: ({ tokensPerSecond, busyMs }) => (tokensPerSecond * busyMs) / 1000,
    wayPast: 'a quota increase (tens of thousands are usual)',
  },
  {
    name: 'Lambda, 10 requests/s for each of 1,000 environments',
    limit: 10_000,
    demand: ({ tokensPerSecond }) => tokensPerSecond,
    wayPast: 'the same quota increase: the rate follows it',
  },
  {
    name: 'API Gateway, 10,000 requests/s of an account',
    limit: 10_000,
    demand: ({ tokensPerSecond }) => tokensPerSecond,
    wayPast: 'a quota increase, then several accounts as cells behind one issuer name',
  },
  {
    name: 'DynamoDB, a new table takes 4,000 write units/s',
    limit: 4000,
    demand: ({ tokensPerSecond, usage }) => tokensPerSecond * usage.writeUnits,
    wayPast: 'warm throughput on the table; it also grows by itself, doubling each half hour',
  },
  {
    name: 'DynamoDB, 40,000 write units/s of a table',
    limit: 40_000,
    demand: ({ tokensPerSecond, usage }) => tokensPerSecond * usage.writeUnits,
    wayPast: 'a quota increase; longer token lifetimes',
  },
  {
    name: 'EventBridge, 600 events/s in the smallest Regions',
    limit: 600,
    demand: ({ tokensPerSecond, usage }) => tokensPerSecond * usage.events,
    wayPast: 'a quota increase; the pipe waits and loses nothing for 12 h',
  },
];
