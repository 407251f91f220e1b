// What the revocation feed costs with 100,000 live revocations: the extension that our authorizer reads, beside the whole document.
import { parseFeed } from '../src/authorizer/feed-document.ts';
import type { FetchDocument } from '../src/authorizer/issuer-document.ts';
import { createIssuerFeed } from '../src/authorizer/issuer-feed.ts';
import type { RevocationView, VerifiedToken } from '../src/authorizer/revocation.ts';
import { ISSUER } from './demo-client.ts';
import { liveId, startLiveFeed, type LiveFeed } from './feed/live-feed.ts';
import type { Bench, BenchOptions } from './options.ts';
import { quietly } from './quietly.ts';
import { settledHeapBytes } from './settled-heap.ts';
import { median, percentile } from './statistics.ts';
import { printTable, type Cell } from './table.ts';

const LIVE = 100_000;
const POLLS = 40;
/** Revocations between two polls: 100,000 an hour. */
const A_POLL = 56;
const LOOKUPS = 100_000;
const UNCHANGED_BYTES_MAX = 100;
const CHANGED_BYTES_MAX = 64_000;

/** One poll of either side: the bytes of each answer, and the time that issuer and reader take together. */
type Poll = { readonly answers: readonly number[]; readonly ms: number };

export const feed: Bench = {
  title: `the revocation feed with ${LIVE.toLocaleString('en-US')} live revocations: bytes and milliseconds a poll, lookups, memory`,
  async run(options) {
    return quietly(() => measure(options)).then(report);
  },
};

type Measured = {
  readonly polls: ReadonlyMap<string, readonly Poll[]>;
  readonly lookups: ReadonlyMap<string, number>;
  readonly memory: ReadonlyMap<string, number>;
};

async function measure({ rounds }: BenchOptions): Promise<Measured> {
  let nowMs = Date.now();
  const start = settledHeapBytes();
  const issuer = startLiveFeed(ISSUER, LIVE, nowMs);
  const stored = settledHeapBytes();
  await issuer.answer('since=0', nowMs);
  const memory = new Map([['issuer: entries, and the answers of this second', settledHeapBytes() - stored]]);

  const empty = settledHeapBytes();
  const reader = readerOf(issuer, () => nowMs);
  const cold = await reader.poll();
  memory.set('authorizer: ledger', settledHeapBytes() - empty);
  if (start > stored) throw new Error('the collector did not settle');

  const polls = new Map<string, Poll[]>([
    ['pages, new reader', [cold]],
    ['pages, changed', []],
    ['pages, unchanged', []],
    ['the whole', []],
  ]);
  const note = (name: string, poll: Poll): void => void polls.get(name)?.push(poll);
  for (let round = 0; round < rounds; round++) {
    note('pages, new reader', await readerOf(issuer, () => nowMs).poll());
    for (let poll = 0; poll < POLLS; poll++) {
      for (let index = 0; index < A_POLL; index++) issuer.revoke(`changed ${round} ${poll} ${index}`, nowMs);
      nowMs += 2000;
      note('pages, changed', await reader.poll());
      note('the whole', await pollWhole(issuer, nowMs));
    }
    nowMs += 300_000; // a quiet spell, longer than any question goes back
    await reader.poll();
    for (let poll = 0; poll < POLLS; poll++) {
      nowMs += 2000;
      note('pages, unchanged', await reader.poll());
    }
  }
  return {
    polls,
    memory,
    lookups: new Map([
      ['a token that is revoked', lookup(reader.view(), true)],
      ['one that is not', lookup(reader.view(), false)],
    ]),
  };
}

function readerOf(issuer: LiveFeed, clock: () => number): { poll(): Promise<Poll>; view(): RevocationView } {
  let answers: number[] = [];
  const fetchDocument: FetchDocument = async ({ url }) => {
    const text = await issuer.answer(new URL(url).search.slice(1), clock());
    answers.push(Buffer.byteLength(text));
    return { text, etag: undefined, maxAgeSeconds: 1 };
  };
  const source = createIssuerFeed({ issuer: ISSUER, fetchDocument, clock, whenStale: 'deny' });
  return {
    async poll() {
      answers = [];
      const before = performance.now();
      await source.prepare(clock());
      return { answers, ms: performance.now() - before };
    },
    view: () => source.view({} as VerifiedToken, clock()) as RevocationView,
  };
}

/** As a reader of the plain document, which changes every second because it says when it was read. */
async function pollWhole(issuer: LiveFeed, nowMs: number): Promise<Poll> {
  const before = performance.now();
  const text = await issuer.answer('', nowMs);
  const parsed = parseFeed(text, ISSUER);
  if (parsed === undefined) throw new Error('the whole feed was not understood');
  return { answers: [Buffer.byteLength(text)], ms: performance.now() - before };
}

/** Nanoseconds for the question whether a token stands that was verified just now, its digest included. */
function lookup(view: RevocationView, revoked: boolean): number {
  const claims = { client_id: 'some-client', epoch: 1, sid: undefined };
  // Those of the end, which are still live.
  const tokens = Array.from({ length: LOOKUPS }, (_, index) => ({
    claims: { ...claims, jti: revoked ? liveId(LIVE - 1 - (index % 1000)) : `standing-token-${index}` },
    kid: 'kid',
  })) as unknown as readonly VerifiedToken[];
  const before = performance.now();
  for (const token of tokens) if ((view.faultOf(token) !== undefined) !== revoked) throw new Error('a verdict is wrong');
  return ((performance.now() - before) * 1e6) / LOOKUPS;
}

function report({ polls, lookups, memory }: Measured): boolean {
  const rows = [...polls].map(([name, all]): Cell[] => {
    const bytes = all.flatMap(({ answers }) => answers);
    const ms = all.map((poll) => poll.ms);
    return [name, median(all.map(({ answers }) => answers.length)), median(bytes), Math.max(...bytes), median(ms), percentile(ms, 0.99)];
  });
  printTable(['poll', 'answers', 'bytes each', 'at most', 'ms', 'p99 ms'], rows);
  printTable(['lookup', 'ns'], [...lookups]);
  printTable(
    ['memory', 'MB'],
    [...memory].map(([name, bytes]): Cell[] => [name, bytes / 1e6]),
  );
  const most = (name: string): number => Math.max(...(polls.get(name) ?? []).flatMap(({ answers }) => answers));
  return most('pages, unchanged') <= UNCHANGED_BYTES_MAX && most('pages, changed') <= CHANGED_BYTES_MAX;
}
