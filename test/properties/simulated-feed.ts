/**
 * An issuer with several environments over an index that lags, and readers of its feed, in simulated time: every clock is up to a
 * minute wrong, and whatever is between them loses, cuts, holds back and repeats answers.
 */
import type { FetchDocument } from '../../src/authorizer/issuer-document.ts';
import { createIssuerFeed } from '../../src/authorizer/issuer-feed.ts';
import type { RevocationSource, VerifiedToken } from '../../src/authorizer/revocation.ts';
import { feedRequestFrom } from '../../src/endpoints/feed-documents.ts';
import { createFeedReader, type FeedReader } from '../../src/endpoints/revocation-feed.ts';
import type { FeedEntry, FeedStore } from '../../src/endpoints/stores.ts';
import { Outage } from '../../src/outage.ts';
import { ISSUER, testClaims } from '../tokens/test-issuer.ts';

export const INDEX_LAG_MS = 60_000;
const START_MS = 1_800_000_000_000;
/** So that most answers have several. */
const SMALL_PAGES = { usual: 1, longAway: 2 };

/** What becomes of one fetch. */
export type Weather = {
  /** Which environment answers. */
  readonly environment: number;
  /** How far the index that it reads lags, should it read. */
  readonly lagMs: number;
  readonly fault: 'none' | 'lost' | 'cut' | 'replayed' | 'of another question';
};
type Clocks = { readonly writers: readonly number[]; readonly environments: readonly number[]; readonly reader: number };
export type Kind = 'jti' | 'sid' | 'client';
type Revoked = { readonly token: VerifiedToken; readonly entry: FeedEntry; readonly committedMs: number };

export class SimulatedFeed {
  private trueMs = START_MS;
  private readonly revoked: Revoked[] = [];
  private readonly environments = new Map<number, FeedReader>();
  private readonly past: { readonly url: string; readonly text: string }[] = [];
  private weather: Weather = { environment: 0, lagMs: 0, fault: 'none' };
  private reader: RevocationSource;
  /** Tokens that this reader has refused, and may never let pass again. */
  private readonly refused = new Set<VerifiedToken>();

  private readonly clocks: Clocks;

  constructor(clocks: Clocks) {
    this.clocks = clocks;
    this.reader = this.newReader();
  }

  advance(ms: number): void {
    this.trueMs += ms;
  }
  restartEnvironment(environment: number): void {
    this.environments.delete(environment % this.clocks.environments.length);
  }
  restartReader(): void {
    this.reader = this.newReader();
    this.refused.clear();
  }

  /** One write: a token of this kind is revoked `lifeSeconds` before it expires. */
  revoke(kind: Kind, writer: number, lifeSeconds: number): void {
    const id = `${kind}-${this.revoked.length}`;
    const writerMs = this.trueMs + (this.clocks.writers[writer % this.clocks.writers.length] ?? 0);
    const now = Math.floor(writerMs / 1000);
    const exp = now + lifeSeconds;
    const claims = testClaims({ jti: `of ${id}`, client_id: `of ${id}`, sid: `of ${id}`, epoch: 1, exp });
    const until = kind === 'jti' ? exp + 60 : now + 3660; // src/storage/retention.ts
    this.revoked.push({
      token: { claims: { ...claims, [kind === 'client' ? 'client_id' : kind]: id }, kid: 'kid' },
      entry: { kind, id, epoch: 2, atMs: now * 1000, until },
      committedMs: this.trueMs,
    });
  }

  /** A request with every token that was ever revoked. @returns what is wrong with the verdicts. */
  async request(weather: Weather, boundMs: number): Promise<string[]> {
    this.weather = weather;
    await this.reader.prepare(this.readerMs());
    return (await Promise.all(this.revoked.map((each) => this.wrongWith(each, boundMs)))).filter((wrong) => wrong !== undefined);
  }

  private async wrongWith({ token, committedMs }: Revoked, boundMs: number): Promise<string | undefined> {
    // An expired one is refused before anybody asks the feed.
    if (this.readerMs() >= token.claims.exp * 1000) return undefined;
    const verdict = await this.verdict(token);
    if (verdict === 'revoked') this.refused.add(token);
    if (verdict !== 'stands') return undefined;
    if (this.refused.has(token)) return `${token.claims.jti} lives again`;
    const age = this.trueMs - committedMs;
    return age > boundMs ? `${token.claims.jti} still passes after ${age} ms` : undefined;
  }

  private async verdict(token: VerifiedToken): Promise<'revoked' | 'stands' | 'stale'> {
    try {
      const view = await this.reader.view(token, this.readerMs());
      return view.faultOf(token) === undefined ? 'stands' : 'revoked';
    } catch (error) {
      if (error instanceof Outage) return 'stale';
      throw error;
    }
  }

  private readonly readerMs = (): number => this.trueMs + this.clocks.reader;

  private newReader(): RevocationSource {
    const fetchDocument: FetchDocument = async ({ url }) => ({ text: await this.fetch(url), etag: undefined, maxAgeSeconds: 1 });
    return createIssuerFeed({ issuer: ISSUER, fetchDocument, clock: this.readerMs, whenStale: 'deny' });
  }

  private async fetch(url: string): Promise<string> {
    const { fault, lagMs } = this.weather;
    if (fault === 'lost') throw new Outage('issuer:GET /revocations');
    const old = fault === 'replayed' ? this.past.filter((each) => each.url === url) : fault === 'of another question' ? this.past : [];
    const replayed = old[lagMs % (old.length || 1)];
    if (replayed !== undefined) return replayed.text;
    const text = await this.answer(url);
    this.past.push({ url, text });
    return fault === 'cut' ? text.slice(0, lagMs % text.length) : text;
  }

  private async answer(url: string): Promise<string> {
    const number = this.weather.environment % this.clocks.environments.length;
    const environment = this.environments.get(number) ?? createFeedReader(ISSUER, this.index, SMALL_PAGES);
    this.environments.set(number, environment);
    const nowMs = this.trueMs + (this.clocks.environments[number] ?? 0);
    return (await environment.answer(feedRequestFrom(new URL(url).search.slice(1)), nowMs)).text;
  }

  /** A replica of the index, as far as it has come: no two reads need to see the same. */
  private readonly index: FeedStore = {
    since: (sinceMs, beforeMs = Infinity) =>
      Promise.resolve(
        this.revoked
          .filter(({ committedMs }) => committedMs <= this.trueMs - this.weather.lagMs)
          .map(({ entry }) => entry)
          .filter(({ atMs }) => atMs >= sinceMs && atMs < beforeMs),
      ),
    distrustedKeys: () => Promise.resolve([]),
    deniedCertificates: () => Promise.resolve([]),
  };
}
