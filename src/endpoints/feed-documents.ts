/**
 * The revocation feed as it is sent (docs/revocation.md): the whole of it in the form that every reader understands, and the extension's
 * pages of what was written since a time. What many ask for within a second is put together once.
 */
import { feedId } from '../authorizer/feed-document.ts';
import { Outage } from '../outage.ts';
import { preparedDocument, type PreparedDocument } from './document.ts';
import { slotOf, type FeedMemory, type FeedPlace, type HeldEntry } from './feed-memory.ts';

/** What was asked for: everything, or the entries written since (epoch seconds) and behind a place. */
export type FeedRequest = 'whole' | { readonly since: number; readonly after: FeedPlace | undefined };

/** How many entries a page has at most. */
export type PageSizes = { readonly usual: number; readonly longAway: number };
/** 64 KB and 1 MB: an entry has 31 bytes at most, and their times some hundreds. */
const PAGE_SIZES: PageSizes = { usual: 2_000, longAway: 32_000 };
/** Who has been away for longer than this, or knows nothing yet, wants few pages rather than small ones. */
const LONG_AWAY_SECONDS = 900;
/** Lambda answers at most 6 MB, in which a quotation mark is two bytes. Never a part of the feed in its stead. */
const WHOLE_ENTRIES_MAX = 190_000;
/** Pages tell until when to the next ten minutes: few batches. Environments' and readers' clocks may each be a minute off. */
const UNTIL_STEP_SECONDS = 600;
export const CLOCKS_SECONDS = 180;
/** Of one second's answers; what strangers ask for beyond that is put together and not kept. */
const KEPT_CHARACTERS_MAX = 16_000_000;

export type FeedDocuments = {
  /** Says when the table was read (epoch seconds): what was put together before is old. */
  refreshed(iat: number): void;
  answer(request: FeedRequest): PreparedDocument;
};

export function createFeedDocuments(issuer: string, memory: FeedMemory, sizes = PAGE_SIZES): FeedDocuments {
  const of = feedId(issuer);
  const kept = new Map<string, PreparedDocument>();
  let keptCharacters = 0;
  let iat = 0;

  const whole = (): PreparedDocument => {
    if (memory.size > WHOLE_ENTRIES_MAX) throw new Outage('feed:size', { cause: new RangeError(`${memory.size} entries`) });
    const { jti = [], sid = [], clients = {}, kids = [], certs } = listsOf(memory.all());
    return preparedDocument({ v: 1, iss: issuer, iat, jti, sid, clients, kids, certs });
  };
  const page = (since: number, after: FeedPlace | undefined): PreparedDocument => {
    const limit = since < iat - LONG_AWAY_SECONDS ? sizes.longAway : sizes.usual;
    const { entries, next } = memory.page({ since, after, limit });
    const until = entries.length > 0 ? batchesOf(entries) : undefined;
    return preparedDocument({ v: 1, of, iat, since, after: placeText(after), next: placeText(next), until });
  };

  return {
    refreshed(readAt) {
      iat = readAt;
      kept.clear();
      keptCharacters = 0;
    },
    answer(request) {
      const name = request === 'whole' ? request : `${request.since} ${placeText(request.after) ?? ''}`;
      const known = kept.get(name);
      if (known !== undefined) return known;
      const document = request === 'whole' ? whole() : page(request.since, request.after);
      keptCharacters += document.text.length;
      if (keptCharacters <= KEPT_CHARACTERS_MAX) kept.set(name, document);
      return document;
    },
  };
}

/** What `?since` and `after` ask for; anything that is not understood is answered with the whole feed, which is never wrong. */
export function feedRequestFrom(query: string): FeedRequest {
  const parameters = new URLSearchParams(query);
  const since = parameters.get('since') ?? '';
  const after = parameters.get('after');
  if (!/^\d{1,10}$/.test(since)) return 'whole';
  if (after === null) return { since: Number(since), after: undefined };
  const place = placeFrom(after);
  return place === undefined ? 'whole' : { since: Number(since), after: place };
}

const placeText = (place: FeedPlace | undefined): string | undefined => place && `${place.slot}.${place.key}`;

function placeFrom(text: string): FeedPlace | undefined {
  const [, slot = '', key = ''] = /^(\d{1,10})\.((?:jti|sid|client|kid|cert)\.[\w-]{22})$/.exec(text) ?? [];
  return key === '' || slotOf(Number(slot)) !== Number(slot) || String(Number(slot)) !== slot ? undefined : { slot: Number(slot), key };
}

type Lists = { jti?: string[]; sid?: string[]; clients?: Record<string, number>; kids?: string[]; certs?: string[] };
const LIST_OF = { jti: 'jti', sid: 'sid', kid: 'kids', cert: 'certs' } as const;

/** Only the lists that have something. */
function listsOf(entries: Iterable<HeldEntry>): Lists {
  const lists: Lists = {};
  for (const { kind, name, epoch } of entries) {
    if (kind === 'client') (lists.clients ??= {})[name] = epoch;
    else (lists[LIST_OF[kind]] ??= []).push(name);
  }
  return lists;
}

function batchesOf(entries: readonly HeldEntry[]): Record<number, Lists> {
  const groups = Map.groupBy(entries, ({ until }) => Math.ceil((until + CLOCKS_SECONDS) / UNTIL_STEP_SECONDS) * UNTIL_STEP_SECONDS);
  return Object.fromEntries([...groups].map(([until, group]) => [until, listsOf(group)]));
}
