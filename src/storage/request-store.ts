// What every authenticated request reads and counts: the client, its session, a revocation, and the rate window.
import type { Loaded, LoadRequest, RateWindow, RequestStore } from '../endpoints/stores.ts';
import type { AuditEvent } from '../audit/event.ts';
import { isApiKeyId } from '../tokens/api-key.ts';
import { apiKeyFrom } from './api-key-store.ts';
import { blocksFrom } from './block-store.ts';
import { isDenied } from './certificate-store.ts';
import { clientFrom } from './client-codec.ts';
import { failureFrom } from './failure-store.ts';
import { sealedTokenFrom } from './issued-token-store.ts';
import { wholeNumber, type Item } from './item.ts';
import {
  apiKeyKey,
  BLOCKS_KEY,
  clientKey,
  denialKey,
  deniedCertificateKey,
  failureKey,
  issuedTokenKey,
  keyText,
  previousWindowKey,
  revocationKey,
  sessionKey,
  windowKey,
  type Key,
} from './keys.ts';
import { denialPurgeAt, windowPurgeAt } from './retention.ts';
import { createQuotaCounter } from './quota-counter.ts';
import { isRevoked } from './revocation-store.ts';
import { sessionFrom } from './session-codec.ts';
import { createSettledWindows } from './settled-windows.ts';
import { getItems, putItem, updateItem, type Table } from './table.ts';

/** One call more. The item may still carry the event of an issued token (strict mode), which must not go out again. */
const COUNT_ONE_CALL = 'ADD hits :one SET purge_at = if_not_exists(purge_at, :purge_at) REMOVE event';
const CARRY_ISSUE_EVENT = 'SET event = :event, purge_at = if_not_exists(purge_at, :purge_at)';
/** The first denial of its minute. The minute is in the key, so no earlier one can stand in the way. */
const FIRST_OF_ITS_MINUTE = 'attribute_not_exists(PK)';

export function createRequestStore(table: Table): RequestStore {
  const settled = createSettledWindows();
  const hitsRead = (window: RateWindow | undefined, previous: Item | undefined, now: number): number => {
    const hits = hitsOf(previous);
    if (window !== undefined) settled.learn(window, hits, now);
    return hits;
  };
  return {
    async load(request: LoadRequest, now: number): Promise<Loaded> {
      const knownHits = request.window === undefined ? 0 : settled.hits(request.window);
      const keys = keysOf(request, knownHits === undefined ? request.window : undefined);
      const items = await getItems(table, [...Object.values(keys).filter((key) => key !== undefined), ...certificateKeys(request)]);
      const found = (key: Key | undefined): Item | undefined => (key === undefined ? undefined : items.get(keyText(key)));
      const read = <T>(key: Key | undefined, from: (item: Item) => T): T | undefined => {
        const item = found(key);
        return item === undefined ? undefined : from(item);
      };
      return {
        client: read(keys.client, clientFrom),
        owner: read(keys.owner, clientFrom),
        session: read(keys.session, sessionFrom),
        apiKey: read(keys.apiKey, apiKeyFrom),
        tokenRevoked: isRevoked(found(keys.revocation), now),
        previousHits: knownHits ?? hitsRead(request.window, found(keys.previous), now),
        failures: { ofClient: failureFrom(found(keys.clientFailures)), ofNetwork: failureFrom(found(keys.networkFailures)) },
        ...(request.certificates && {
          deniedCertificates: request.certificates.filter((id) => isDenied(found(deniedCertificateKey(id)), now)),
        }),
        blocks: keys.blocks === undefined ? undefined : blocksFrom(found(keys.blocks)),
        issuedToken: sealedTokenFrom(found(keys.issuedToken)),
      };
    },

    async countCall(window: RateWindow): Promise<number> {
      const counted = await updateItem(table, {
        Key: windowKey(window),
        UpdateExpression: COUNT_ONE_CALL,
        ExpressionAttributeValues: { ':one': 1, ':purge_at': windowPurgeAt(window.minute) },
        ReturnValues: 'UPDATED_NEW',
      });
      return wholeNumber(counted ?? {}, 'hits');
    },

    async recordIssue(window: RateWindow, event: AuditEvent): Promise<void> {
      await updateItem(table, {
        Key: windowKey(window),
        UpdateExpression: CARRY_ISSUE_EVENT,
        ExpressionAttributeValues: { ':event': event, ':purge_at': windowPurgeAt(window.minute) },
      });
    },

    ...createQuotaCounter(table),

    recordDenial: (window: RateWindow, event: AuditEvent): Promise<boolean> =>
      putItem(table, {
        Item: { ...denialKey(window), purge_at: denialPurgeAt(window.minute), event },
        ConditionExpression: FIRST_OF_ITS_MINUTE,
      }),
  };
}

/** A window that holds only the event of an issued token has no hits yet. */
const hitsOf = (window: Item | undefined): number => (window?.['hits'] === undefined ? 0 : wholeNumber(window, 'hits'));

type Wanted =
  'client' | 'owner' | 'session' | 'apiKey' | 'revocation' | 'previous' | 'clientFailures' | 'networkFailures' | 'blocks' | 'issuedToken';
type LoadKeys = { readonly [item in Wanted]: Key | undefined };

/** @param window whose previous minute is to be read. */
function keysOf(request: LoadRequest, window: RateWindow | undefined): LoadKeys {
  const { clientId, ownerId = clientId, jti } = request;
  return {
    client: clientId === undefined ? undefined : clientKey(clientId),
    owner: ownerId === undefined ? undefined : clientKey(ownerId),
    ...originKeys(request.sid, ownerId),
    revocation: jti === undefined ? undefined : revocationKey(jti),
    previous: window === undefined ? undefined : previousWindowKey(window),
    issuedToken: request.issuedToken === undefined ? undefined : issuedTokenKey(request.issuedToken.clientId, request.issuedToken.digest),
    ...guardKeys(request),
  };
}

/** A token's `sid` names the API key that it came from, where it came from one, and else its session. */
function originKeys(origin: string | undefined, ownerId: string | undefined): Pick<LoadKeys, 'session' | 'apiKey'> {
  if (origin === undefined) return { session: undefined, apiKey: undefined };
  if (ownerId === undefined) throw new RangeError('a session is loaded with its client');
  return isApiKeyId(origin)
    ? { session: undefined, apiKey: apiKeyKey(ownerId, origin) }
    : { session: sessionKey(ownerId, origin), apiKey: undefined };
}

const certificateKeys = ({ certificates = [] }: LoadRequest): readonly Key[] => certificates.map(deniedCertificateKey);

function guardKeys({
  clientId,
  failingNetwork: network,
  blocks,
}: LoadRequest): Pick<LoadKeys, 'clientFailures' | 'networkFailures' | 'blocks'> {
  return {
    clientFailures: network === undefined || clientId === undefined ? undefined : failureKey({ clientId, network }),
    networkFailures: network === undefined ? undefined : failureKey({ network }),
    blocks: blocks === true ? BLOCKS_KEY : undefined,
  };
}
