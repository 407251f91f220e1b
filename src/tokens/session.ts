// A session is one refresh-token family: a client's chain of refresh tokens, of which only the position is stored.

import type { Confirmation } from './confirmation.ts';

/** How every `sid` is spelt; nothing else ever reaches a key of the table. */
export const SID_PATTERN = /^[A-Za-z0-9_-]{22}$/;

export type Session = {
  readonly client_id: string;
  /** base64url of the first 128 bits of SHA-256(handle). */
  readonly sid: string;
  readonly status: 'active' | 'ended';
  /** Position of the current refresh token in the chain, from 1. */
  readonly generation: number;
  /** Random id of the write that made this generation: how a retried write recognises itself. Absent for the first. */
  readonly rotated_by?: string;
  /** Epoch milliseconds of that write. */
  readonly rotated_at?: number;
  /** Ring key of the current generation's MAC, so that a replay derives the same bytes. */
  readonly mac_key: string;
  /** Scope granted at the start; a refresh may narrow it for its access token only (RFC 6749 section 6). */
  readonly scope: readonly string[];
  readonly audience: string;
  /** Factors proven when the session began. */
  readonly amr: readonly string[];
  /** The client's epoch when the session began; a lower one than the client's now means revoked. */
  readonly epoch: number;
  /** Epoch seconds. */
  readonly created_at: number;
  readonly last_used_at: number;
  /** Absolute end, epoch seconds. */
  readonly expires_at: number;
  /** End unless used before, epoch seconds; absent = no idle lifetime. */
  readonly idle_expires_at?: number;
  /** Latest `exp` of its access tokens, epoch seconds. */
  readonly last_access_exp: number;
  readonly ip: string;
  readonly user_agent: string;
  /** CIDRs that the secret it began with was limited to: they hold for the session, whoever refreshes it. Absent = it was not. */
  readonly ip_ranges?: readonly string[];
  /** What it is bound to, and every token of it: to be proven at each refresh. Absent = nothing. */
  readonly confirmation?: Confirmation;
};
