import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';

import { catalogOf, GROUPS, inTone, MAX_RECENT, nameOf, searchEmoji, withRecent } from './emoji';
// @ts-expect-error -- a script of Node without types
import { slim } from './generate.mjs';

const stored = inflateRawSync(readFileSync(new URL('data.bin', import.meta.url))).toString();
const catalog = catalogOf(stored);
const first = (query: string) => searchEmoji(catalog, query, 5)[0]?.char;

test('the catalog is what the script makes of emojibase', () => {
  expect(stored).toBe(slim());
  expect(catalog).toHaveLength(GROUPS.length);
});

test('short names come before words', () => {
  expect(first('tada')).toBe('🎉');
  expect(first('+1')).toBe('👍');
  expect(first('heart')).toBe('❤️');
  expect(first(':rocket:')).toBe('🚀');
  expect(first('thumbs up')).toBe('👍');
  expect(first('party')).toBe('🥳');
  expect(first('zzzz')).toBeUndefined();
  expect(searchEmoji(catalog, '  ', 5)).toEqual([]);
});

test('skin tones go where they belong, and only there', () => {
  const of = (query: string) => searchEmoji(catalog, query, 1)[0]!;
  expect(inTone(of('+1'), 3)).toBe('👍🏽');
  expect(inTone(of('v'), 5)).toBe('✌🏿');
  expect(inTone(of('+1'), 0)).toBe('👍');
  expect(inTone(of('rocket'), 3)).toBe('🚀');
});

test('any tone has a name', () => {
  expect(nameOf(catalog, '👍🏽')).toBe('thumbs up');
  expect(nameOf(catalog, '❤️')).toBe('red heart');
  expect(nameOf(catalog, 'x')).toBeUndefined();
});

test('the last one used comes first, once, and the list has an end', () => {
  expect(withRecent(['a', 'b', 'c'], 'b')).toEqual(['b', 'a', 'c']);
  const many = Array.from({ length: 40 }, (_, index) => String(index));
  expect(withRecent(many, 'new')).toHaveLength(MAX_RECENT);
});
