import { expect, test } from 'vitest';

import { roomFor } from './outgoing';

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
