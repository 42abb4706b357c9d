import { expect, test } from 'vitest';

import { isPasteOfFiles, roomFor, sortFiles } from './outgoing';

const limits = { contentChars: 4000, contentBytes: 16_384 };

test('the counter shows near the limit only', () => {
  expect(roomFor('x'.repeat(3700), limits)).toEqual({ left: 300, isShown: false, fits: true });
  expect(roomFor('x'.repeat(3850), limits)).toEqual({ left: 150, isShown: true, fits: true });
  expect(roomFor('x'.repeat(4000), limits)).toEqual({ left: 0, isShown: true, fits: true });
  expect(roomFor('x'.repeat(4001), limits)).toMatchObject({ left: -1, fits: false });
});

test('characters count as the server counts them', () => {
  expect(roomFor('😀'.repeat(3900), limits)).toMatchObject({ left: 100, fits: true });
  expect(roomFor('😀'.repeat(4000), limits)).toMatchObject({ left: 0, fits: true });
  expect(roomFor('👨‍👩‍👧'.repeat(900), { contentChars: 4500, contentBytes: 16_384 })).toMatchObject({ left: 0, fits: true });
  expect(roomFor('字'.repeat(5600), { contentChars: 9000, contentBytes: 16_384 })).toMatchObject({ fits: false });
});

test('empty and large files are told apart from those that fit', () => {
  const file = (name: string, size: number) => new File([new Uint8Array(size)], name);
  const { fit, empty, tooLarge } = sortFiles([file('a', 1), file('b', 0), file('c', 11), file('d', 10)], { uploadBytes: 10 });
  expect([fit, empty, tooLarge].map((files) => files.map(({ name }) => name))).toEqual([['a', 'd'], ['b'], ['c']]);
});

test.each([
  [['image.png'], '', true], [['image.png'], 'a\t1\nb\t2', false], [['a.pdf', 'b.pdf'], 'a.pdf\nb.pdf', true],
  [['a.pdf'], 'C:\\Users\\ann\\a.pdf', true], [['a.pdf'], 'file:///home/ann/a.pdf', true], [[], 'words', false],
])('a paste of %j beside %j is one of files: %s', (names, text, isOne) => {
  expect(isPasteOfFiles({ files: names.map((name) => ({ name })), text })).toBe(isOne);
});
