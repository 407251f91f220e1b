/** What a token is bound to (RFC 7800 `cnf`), and what a request has proven to hold: the same words for both. */
export type Confirmation = {
  /** Thumbprint of a key that DPoP proofs are signed with (RFC 9449 section 6.1, RFC 7638). */
  readonly jkt?: string;
  /** SHA-256 of a client certificate (RFC 8705 section 3.1). */
  readonly 'x5t#S256'?: string;
};

const MEMBERS = ['jkt', 'x5t#S256'];

/** Whether all that `cnf` demands has been proven. One that demands nothing, or what nobody here can prove, never has. */
export function isProven(cnf: Readonly<Record<string, unknown>>, proven: Confirmation): boolean {
  const demands = Object.entries(cnf);
  return (
    demands.length > 0 &&
    demands.every(([member, value]) => MEMBERS.includes(member) && value !== undefined && proven[member as keyof Confirmation] === value)
  );
}
