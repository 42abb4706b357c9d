import { expect, test } from 'vitest';
import { accentTokens, contrast } from './accent';

const parts = (hex: string) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

test.each(['#3451d1', '#ffee00', '#ffffff', '#000000', '#e91e63', '#00bcd4'])('%s can be read in both themes', (colour) => {
  const [light = '', dark = ''] = accentTokens(colour)?.accent.match(/#[\da-f]{6}/g) ?? [];
  expect(contrast(parts(light), [255, 255, 255])).toBeGreaterThanOrEqual(4.5);
  expect(contrast(parts(dark), [17, 19, 23])).toBeGreaterThanOrEqual(4.5);
  expect(contrast(parts(dark), [13, 17, 36])).toBeGreaterThanOrEqual(4.5);
});

test('what is no colour is refused', () => {
  for (const text of ['red', '#fff', '#3451d1;}', 'url(x)', '']) expect(accentTokens(text)).toBeUndefined();
});
