// What the operator is told of a refusal, and what several explanations say alike.
export type Explanation = {
  /** A sentence on what was wrong. */
  readonly wrong: string;
  /** What to do next; commands stand without the tool's own name. */
  readonly next: string;
};

export const said = (wrong: string, next: string): Explanation => ({ wrong, next });
export const MALFORMED = "Correct the calling program: the service's log never holds what it sent.";
export const SIGN_IN_AGAIN = 'The caller gets a new token at /token; its next call then passes.';
export const LIBRARY = 'Compare what the caller sends with what /token answered: tokens are sent whole, in "Authorization: Bearer ...".';
export const REVOKED = '"audit --client ID" shows who ended it and when. The caller may ask for a new token, unless it was disabled.';
export const RULE = 'Give the client what is missing ("clients update"), let it ask for that scope at /token, or change the route rule.';
