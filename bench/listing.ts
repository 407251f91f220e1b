// Listing many clients: pages, and for each page its AWS calls, what they read, and our own time.
import { startChild } from './child.ts';
import type { Listed } from './in-process/listing-pages.ts';
import type { Bench } from './options.ts';
import { printTable } from './table.ts';

const CLIENTS = 10_000;
const PAGE = 100;
/** Of the manager of a rare tag; most of its pages are empty. */
const TAGGED_ONE_IN = 200;
/** Beside reading the manager and counting the call: a Query of the index, and a read of the page's clients. */
const CALLS = 'BatchGetItem + UpdateItem, then Query, then BatchGetItem';

export const listing: Bench = {
  title: `listing ${CLIENTS} clients, ${PAGE} a page`,
  async run() {
    const { child, hello } = await startChild('in-process/listing-pages.ts', String(CLIENTS), String(PAGE), String(TAGGED_ONE_IN));
    await child.stop();
    const listed = hello as readonly Listed[];
    const names = ['of all', `of a tag, one in ${TAGGED_ONE_IN}`];
    printTable(
      ['manager', 'pages', 'clients', 'read units a page', 'ms a page', 'calls of each page'],
      listed.map(({ pages, seen, calls, readUnits, ms }, at) => [names[at] ?? '', pages, seen, readUnits, ms, calls.join(' | ')]),
    );
    const isBounded = listed.every(({ calls, pages }) => pages === CLIENTS / PAGE && calls.join() === CALLS);
    return isBounded && listed[0]?.seen === CLIENTS && (listed[1]?.seen ?? CLIENTS) < CLIENTS / PAGE;
  },
};
