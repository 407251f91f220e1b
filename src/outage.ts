/**
 * A dependency (table, KMS, Secrets Manager, issuer) did not answer or refused to: the caller gets a 503 and may try again.
 * Thrown by storage and signing alone; nothing between them and the HTTP wrapper catches it except to add safety.
 */
export class Outage extends Error {
  override readonly name = 'Outage';
  /** Which dependency, for the log: `dynamodb:UpdateItem`, `kms:Sign`, ... */
  readonly dependency: string;
  /** True where the dependency said "slow down" (throttled) and did nothing. */
  readonly throttled: boolean;
  constructor(dependency: string, options: { cause?: unknown; throttled?: boolean } = {}) {
    super(`${dependency} failed`, { cause: options.cause });
    this.dependency = dependency;
    this.throttled = options.throttled ?? false;
  }
}
