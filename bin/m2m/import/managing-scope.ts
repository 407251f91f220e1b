// A scope of another system that is called what manages clients here: its name must not give what it never meant.
import { MANAGE_CLIENTS } from '../../../src/tokens/scope.ts';
import type { ImportedClient } from './imported-client.ts';

const FIELDS = ['scope', 'default_scope'] as const;

/** The client without that scope, which its report names. */
export function withoutManagingScope(client: ImportedClient): ImportedClient {
  const lists = FIELDS.flatMap((field) => {
    const value = client.metadata[field];
    return typeof value === 'string' ? [{ field, tokens: value.split(' ') }] : [];
  });
  if (!lists.some(({ tokens }) => tokens.includes(MANAGE_CLIENTS))) return client;
  const changed = lists.map(({ field, tokens }) => [field, tokens.filter((token) => token !== MANAGE_CLIENTS).join(' ')] as const);
  const left = [...client.left, `scope ${MANAGE_CLIENTS}: here it manages clients`];
  return { ...client, metadata: { ...client.metadata, ...Object.fromEntries(changed) }, left };
}
