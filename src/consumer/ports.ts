// What a rotation needs of the secret's versions and of the issuer.
import type { ClientCredentials } from './kept-credentials.ts';

/** By version id, of versions that have one. */
export type Stages = ReadonlyMap<string, readonly string[]>;

export type Version = {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
};

/** The versions of one secret. Every method throws `Outage` when its store cannot be reached. */
export interface SecretVersions {
  stages(): Promise<Stages>;
  /** Undefined where the version is not there or holds nothing yet. */
  read(versionId: string): Promise<string | undefined>;
  /** All versions, also those without a stage, newest first. */
  newestFirst(): Promise<readonly Version[]>;
  /** The same value again changes nothing. `taken`: the version holds another one. */
  putPending(versionId: string, value: string): Promise<'put' | 'taken'>;
  /** Moves AWSCURRENT in one step. `moved_meanwhile`: it is not on `formerId` any more. */
  makeCurrent(versionId: string, formerId: string): Promise<'moved' | 'moved_meanwhile'>;
}

/** What is wrong, in the issuer's words. */
export type Refusal = { readonly status: number; readonly problem: string };

export type Claimed =
  | { readonly outcome: 'successor'; readonly secret: string }
  /** There is nothing to exchange. `endsAt`: the secret was given an end (RFC 3339). */
  | { readonly outcome: 'unchanged'; readonly endsAt: string | undefined }
  | ({ readonly outcome: 'refused' } & Refusal);

/** Every method throws `Outage` where the issuer decides nothing: it is down, busy, or answers nonsense. */
export interface Issuer {
  readonly tokenEndpoint: string;
  /** The successor of this secret. @param early opens the exchange before it is due. */
  claim(credentials: ClientCredentials, early: boolean): Promise<Claimed>;
  /** Whether the secret gets a token, and the token is the client's. */
  tryToken(credentials: ClientCredentials): Promise<{ readonly outcome: 'token' } | ({ readonly outcome: 'refused' } & Refusal)>;
}
