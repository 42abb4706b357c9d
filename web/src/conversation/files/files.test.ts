import { expect, test } from 'vitest';

import { boxOf, kindOf, sizeText } from './files';

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
