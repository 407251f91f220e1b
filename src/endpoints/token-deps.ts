// What the two endpoints that issue tokens work with.
import type { AdmissionDeps } from './admission.ts';
import type { CallerDeps } from './caller.ts';
import type { DpopDeps } from './dpop.ts';
import type { ExternalTokenDeps } from './external-token.ts';
import type { IssueSettings } from './issue.ts';
import type { ReportUseDeps } from './report-use.ts';
import type { RememberedTokens } from '../tokens/remembered-tokens.ts';
import type { IssuedTokenStore, SecretRing, SessionStore, TokenSigner } from './stores.ts';
import type { ConclusionDeps } from './trail.ts';

export type TokenDeps = AdmissionDeps &
  CallerDeps &
  ConclusionDeps &
  DpopDeps &
  ReportUseDeps & {
    readonly settings: IssueSettings;
    /** Tokens of external issuers. */
    readonly external: ExternalTokenDeps;
    readonly refreshGraceSeconds: number;
    /** Strict: no access token leaves without a durable record of it. */
    readonly auditMode: 'standard' | 'strict';
    readonly sessions: SessionStore;
    readonly issuedTokens: IssuedTokenStore;
    readonly rememberedTokens: RememberedTokens;
    readonly signer: TokenSigner;
    readonly ring: SecretRing;
    /** Cryptographically secure random bytes. */
    readonly random: (bytes: number) => Uint8Array;
  };
