// What a verifier with access to the table must know of a token, in one strongly consistent BatchGetItem.
import { isLive } from './client-codec.ts';
import { hasEnded } from '../clients/client.ts';
import { flag, oneOf, optional, wholeNumber, type Item } from './item.ts';
import { clientKey, keyText, originKey, revocationKey } from './keys.ts';
import { isRevoked } from './revocation-store.ts';
import { SESSION_STATUSES } from './session-codec.ts';
import { getItems, type Table } from './table.ts';

export type TokenIds = { readonly jti: string; readonly clientId: string; readonly sid?: string | undefined };

export type TokenStanding = {
  /** Tokens of a lower epoch are revoked. Undefined: the client does not exist or was deleted. */
  readonly clientEpoch: number | undefined;
  /** Also a client whose own end is past. */
  readonly clientDisabled: boolean;
  /**
   * `none` for a token without a session. A session that reached its absolute end is still `active`: it gives no more tokens,
   * but those that it gave live until their own `exp`.
   */
  readonly sessionStatus: 'active' | 'ended' | 'absent' | 'none';
  readonly tokenRevoked: boolean;
};

export type RevocationCheck = (token: TokenIds, now: number) => Promise<TokenStanding>;

/** The ids are to come from a token whose signature was verified. Throws `Outage` when the table does not answer in full. */
export function createRevocationCheck(table: Table): RevocationCheck {
  return async ({ jti, clientId, sid }, now) => {
    const keys = {
      client: clientKey(clientId),
      revocation: revocationKey(jti),
      // An API key has the same two states under the same name.
      session: sid === undefined ? undefined : originKey(clientId, sid),
    };
    const items = await getItems(table, [keys.client, keys.revocation, ...(keys.session === undefined ? [] : [keys.session])]);
    const client = items.get(keyText(keys.client));
    const live = client !== undefined && isLive(client) ? client : undefined;
    return {
      clientEpoch: live === undefined ? undefined : wholeNumber(live, 'epoch'),
      clientDisabled:
        live !== undefined &&
        (flag(live, 'disabled') || hasEnded({ client_expires_at: optional(live, 'client_expires_at', wholeNumber) }, now)),
      sessionStatus: keys.session === undefined ? 'none' : sessionStatus(items.get(keyText(keys.session))),
      tokenRevoked: isRevoked(items.get(keyText(keys.revocation)), now),
    };
  };
}

const sessionStatus = (item: Item | undefined): 'active' | 'ended' | 'absent' =>
  item === undefined ? 'absent' : oneOf(item, 'status', SESSION_STATUSES);
