// What the two endpoints that issue tokens work with.
import type { AdmissionDeps } from './admission.ts';
import type { IssueSettings } from './issue.ts';
import type { ReportUseDeps } from './report-use.ts';
import type { SecretRing, SessionStore, TokenSigner } from './stores.ts';
import type { ConclusionDeps } from './trail.ts';

export type TokenDeps = AdmissionDeps &
  ConclusionDeps &
  ReportUseDeps & {
    readonly settings: IssueSettings;
    readonly refreshGraceSeconds: number;
    /** Strict: no access token leaves without a durable record of it. */
    readonly auditMode: 'standard' | 'strict';
    readonly sessions: SessionStore;
    readonly signer: TokenSigner;
    readonly ring: SecretRing;
    /** Cryptographically secure random bytes. */
    readonly random: (bytes: number) => Uint8Array;
  };
