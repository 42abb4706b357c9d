// What a browser loads before the page can be used, of what was built last: `npm run build` writes it.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const dist = fileURLToPath(new URL('../../crates/chinwag-web/dist/', import.meta.url));
const read = (name: string) => readFileSync(dist + name, 'utf8');
const first = (pattern: RegExp, html = read('index.html')) => [...html.matchAll(pattern)].map(([, name]) => name!.replace(/^(\.?\/)/, ''));
const gzipped = (names: Iterable<string>) => [...names].reduce((sum, name) => sum + gzipSync(read(name), { level: 9 }).length, 0);

/** A script, and those that it names in its imports. */
function withImports(name: string, known = new Set<string>()): Set<string> {
  if (known.has(name)) return known;
  known.add(name);
  for (const [, other] of read(name).matchAll(/(?:\bfrom|\bimport)\s*[`"']\.\/([\w-]+\.js)[`"']/g)) withImports(`assets/${other}`, known);
  return known;
}

test('the first load is at most 94 KB of scripts and 12 KB of styles, gzipped', () => {
  const scripts = new Set(first(/<script[^>]+src="([^"]+)"/g).flatMap((name) => [...withImports(name)]));
  expect(scripts.size).toBeGreaterThan(1);
  expect(gzipped(scripts)).toBeLessThanOrEqual(94_000);
  expect(gzipped(first(/<link[^>]+href="([^"]+\.css)"/g))).toBeLessThanOrEqual(12_000);
});

test('counting for the widget costs at most 2 KB, gzipped', () => {
  const page = read('count.html');
  const scripts = new Set(first(/<script[^>]+src="([^"]+)"/g, page).flatMap((name) => [...withImports(name)]));
  expect(scripts.size).toBeGreaterThan(0);
  expect(gzipped([...scripts, 'count.html'])).toBeLessThanOrEqual(2_000);
  expect(page).not.toContain('.css');
});
