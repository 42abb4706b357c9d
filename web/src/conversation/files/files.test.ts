import { expect, test } from 'vitest';

import { boxOf, columnsOf, groupsOf, kindOf, sizeText } from './files';

test('only pictures that cannot carry scripts are shown', () => {
  expect(kindOf({ mime: 'image/png' })).toBe('image');
  expect(kindOf({ mime: 'image/svg+xml' })).toBe('file');
  expect(kindOf({ mime: 'text/html' })).toBe('file');
  expect(kindOf({ mime: 'video/webm' })).toBe('video');
});

test('a picture keeps its shape inside its box', () => {
  expect(boxOf({ width: 3600, height: 1800 })).toEqual({ width: 360, height: 180 });
  expect(boxOf({ width: 100, height: 80 })).toEqual({ width: 100, height: 80 });
  expect(boxOf({ width: 10_000, height: 10 })).toEqual({ width: 360, height: 48 });
  expect(boxOf({})).toEqual({ width: 240, height: 180 });
});

test('sizes are written in the unit that fits', () => {
  expect(sizeText(340, 'en')).toBe('340 bytes');
  expect(sizeText(1_234_567, 'en')).toBe('1.2 MB');
  expect(sizeText(48_000, 'en')).toBe('48 kB');
  expect(sizeText(0, 'en')).toBe('0 bytes');
});

test('pictures in a row are an album of two to four columns', () => {
  const file = (mime: string, name: string) => ({ mime, name });
  const files = [file('image/png', 'a'), file('image/gif', 'b'), file('text/plain', 'c'), file('image/png', 'd'), file('video/webm', 'e'), file('video/webm', 'f')];
  expect(groupsOf(files).map((group) => group.map(({ name }) => name).join(''))).toEqual(['ab', 'c', 'd', 'e', 'f']);
  expect([2, 3, 4, 5, 6, 7, 8, 9, 10].map(columnsOf)).toEqual([2, 3, 2, 3, 3, 4, 4, 3, 4]);
});
