// The AWS account that the local run pretends to be, and the names that its resources get.
import { createHash } from 'node:crypto';

export const ACCOUNT = '000000000000';
export const REGION = 'us-east-1';

/** What a resource without a name of its own is called: stable as long as stack and logical id are. */
export const physicalName = (stack: string, logicalId: string): string => `${stack}-${logicalId}`;

/** Lower-case letters and digits, as AWS makes for generated ids. */
export const shortId = (stack: string, logicalId: string, length = 10): string =>
  BigInt(`0x${digest(stack, logicalId)}`)
    .toString(36)
    .slice(0, length);

/** KMS key ids are UUIDs. */
export function uuidOf(stack: string, logicalId: string): string {
  const hex = digest(stack, logicalId);
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}

export const arn = (service: string, resource: string, options: { regional?: boolean; account?: string } = {}): string =>
  `arn:aws:${service}:${options.regional === false ? '' : REGION}:${options.account ?? ACCOUNT}:${resource}`;

const digest = (stack: string, logicalId: string): string => createHash('sha256').update(`${stack}/${logicalId}`).digest('hex');
