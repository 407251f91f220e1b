// What a consumer's secret holds: `{"client_id", "client_secret", "token_endpoint"}`, and whatever else its owner put there.
import { isWellFormedClientSecret } from '../client-authentication/secret.ts';

export type ClientCredentials = { readonly clientId: string; readonly secret: string };
export type KeptCredentials = ClientCredentials & { readonly others: Readonly<Record<string, unknown>> };

/** Undefined for a value that holds no credentials of ours, as that of a secret which nobody has put anything into yet. */
export function readKept(text: string): KeptCredentials | undefined {
  const value = parsed(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { client_id: clientId, client_secret: secret, ...others } = value as Readonly<Record<string, unknown>>;
  if (typeof clientId !== 'string' || typeof secret !== 'string' || !isWellFormedClientSecret(secret)) return undefined;
  return { clientId, secret, others };
}

/** The same with another secret. The same input gives the same text, so that a repeated write is the same write. */
export const writeKept = ({ clientId, others }: KeptCredentials, secret: string, tokenEndpoint: string): string =>
  JSON.stringify({ ...others, client_id: clientId, client_secret: secret, token_endpoint: tokenEndpoint });

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
