// What the page's policy would refuse, found before a browser does.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../src/', import.meta.url));
const components = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.svelte'));

test.each(components)('%s makes no markup from text and has no style attribute', (name) => {
  const source = readFileSync(root + name, 'utf8').replace(/<style[\s\S]*<\/style>/, '');
  expect(source).not.toMatch(/\{@html/);
  expect(source).not.toMatch(/\sstyle=/);
  expect(source).not.toMatch(/innerHTML|insertAdjacentHTML|document\.write/);
});
