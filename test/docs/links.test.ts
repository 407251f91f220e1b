import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { expect, it } from 'vitest';
import { page, PAGES, prose } from './pages.ts';

/** As GitHub makes an anchor of a heading. */
const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
const anchors = (file: string): ReadonlySet<string> =>
  new Set([...prose(file).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => slug(heading)));

/** What does not resolve among `targets`, each relative to `folder`. */
function broken(folder: string, targets: readonly string[]): readonly string[] {
  return targets.filter((target) => {
    const [path = '', anchor] = target.split('#');
    const file = posix.normalize(posix.join(folder, path));
    if (!existsSync(file)) return true;
    return anchor !== undefined && !anchors(file).has(anchor);
  });
}

it.each(PAGES)('every link and anchor of %s resolves', (file) => {
  const targets = [...prose(file).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^https?:/.test(target));
  const own = targets.filter((target) => target.startsWith('#')).map((anchor) => `${posix.basename(file)}${anchor}`);
  const others = targets.filter((target) => !target.startsWith('#'));
  expect(broken(dirname(file), [...own, ...others])).toEqual([]);
});

it('every page and section that code points at exists', () => {
  const sources = globSync('{bin,lib,functions,src,local}/**/*.{ts,mjs}').map((file) => readFileSync(file, 'utf8'));
  const targets = sources.flatMap((text) => [...text.matchAll(/\bdocs\/[a-z-]+\.md(?:#[a-z-]+)?/g)].map(([target]) => target));
  expect(targets.length).toBeGreaterThan(5);
  expect(broken('.', targets)).toEqual([]);
});

it('every page of docs is reached from the README', () => {
  const reached = new Set([...page('README.md').matchAll(/\]\((docs\/[^)#\s]+)/g)].map(([, target = '']) => join(target)));
  const pages = PAGES.filter((file) => /^docs\/[^/]+\.md$/.test(file));
  expect(pages.filter((file) => !reached.has(file))).toEqual([]);
});

it.each(PAGES.filter((file) => !file.startsWith('docs/decisions/')))('the tables of %s align', (file) => {
  const crooked = [...prose(file).matchAll(/(?:^\|.*\|\n)+/gm)]
    .map(([table]) => table)
    .filter((table) => {
      const widths = table
        .trimEnd()
        .split('\n')
        .map((line) => line.length);
      return widths.some((width) => width !== widths[0]);
    });
  expect(crooked).toEqual([]);
});
