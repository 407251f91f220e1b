import { beforeEach, describe, expect, it } from 'vitest';
import { feedQuery, parseFeedPage, type FeedQuestion } from '../../src/authorizer/feed-page.ts';
import { createFeedDocuments, feedRequestFrom, type FeedDocuments } from '../../src/endpoints/feed-documents.ts';
import { createFeedMemory, type FeedMemory } from '../../src/endpoints/feed-memory.ts';
import { Outage } from '../../src/outage.ts';

const ISSUER = 'https://abcdef1234.execute-api.eu-central-1.amazonaws.com';
const NOW = 1_800_000_000;
let memory: FeedMemory;
let documents: FeedDocuments;
beforeEach(() => {
  memory = createFeedMemory();
  documents = createFeedDocuments(ISSUER, memory);
  documents.refreshed(NOW);
});
/** `count` revocations in each of the last `seconds`. */
const revoke = (count: number, seconds: number): void => {
  for (let second = 0; second < seconds; second++)
    for (let index = 0; index < count; index++)
      memory.add({ kind: 'jti', id: `${second} ${index}`, atMs: (NOW - second) * 1000, until: NOW + 900 + (index % 3600) });
};
const answer = (query: string) => documents.answer(feedRequestFrom(query));
/** As a reader does: page after page. */
function pagesOf(since: number): readonly string[] {
  const texts: string[] = [];
  let question: FeedQuestion | undefined = { since, after: undefined };
  while (question !== undefined) {
    const { text } = answer(feedQuery(question).slice(1));
    const page = parseFeedPage(text, ISSUER, question);
    if (page === undefined) throw new Error('not understood');
    texts.push(text);
    question = page.next === undefined ? undefined : { since, after: page.next };
  }
  return texts;
}
const entriesIn = (texts: readonly string[]): number => texts.join('').match(/"[\w-]{22}"/g)!.length - texts.length;

describe('with 100,000 live revocations', () => {
  beforeEach(() => revoke(28, 3600));

  it('an answer that tells nothing new has at most 100 bytes', () => {
    const { text } = answer(`since=${NOW + 10}`);
    expect(Object.keys(JSON.parse(text) as object)).toEqual(['v', 'of', 'iat', 'since']);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(100);
  });
  it('and one that does at most 64 KB, page by page, however far it goes back', () => {
    expect(pagesOf(NOW - 20)).toHaveLength(1);
    const texts = pagesOf(NOW - 900);
    expect(texts.length).toBeGreaterThan(10);
    for (const text of texts) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(64_000);
    expect(entriesIn(texts)).toBeGreaterThanOrEqual(28 * 900);
  });
  it('a new reader gets them all in a few pages of at most 1 MB', () => {
    const texts = pagesOf(0);
    expect(texts).toHaveLength(4);
    for (const text of texts) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1_000_000);
    expect(entriesIn(texts)).toBe(28 * 3600);
  });
  it('the whole stays one document, and fits what Lambda may answer', () => {
    const { text } = answer('');
    expect((JSON.parse(text) as { jti: string[] }).jti).toHaveLength(28 * 3600);
    expect(Buffer.byteLength(JSON.stringify({ body: text }))).toBeLessThan(6_000_000);
  });
});

it('a page of raised epochs and of long ids is within the limit too', () => {
  for (let index = 0; index < 5000; index++)
    memory.add({ kind: 'client', id: `client ${index}`, epoch: 10_000 + index, atMs: NOW * 1000, until: NOW + index });
  for (const text of pagesOf(NOW - 10)) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(64_000);
});

it('the whole is refused where it does not fit, never cut; pages go on', () => {
  revoke(1000, 191);
  expect(() => answer('')).toThrow(Outage);
  expect(entriesIn(pagesOf(0))).toBe(191_000);
});

it('what is asked for again is not put together again, until the table was read again', () => {
  revoke(1, 1);
  const first = answer('since=0');
  expect(answer('since=0')).toBe(first);
  documents.refreshed(NOW + 1);
  expect(JSON.parse(answer('since=0').text)).toMatchObject({ iat: NOW + 1 });
});

it.each(['', 'x=1', 'since=x', 'since=12345678901', 'since=0&after=', 'since=0&after=5.jti.x', `since=0&after=10.jwt.${'x'.repeat(22)}`])(
  '?%s asks for the whole',
  (query) => {
    expect(feedRequestFrom(query)).toBe('whole');
  },
);
