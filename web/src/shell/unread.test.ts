import type { Conversation } from '@chinwag/client';
import { expect, test } from 'vitest';
import { nextUnread } from './unread';

const list = (...unread: number[]) => unread.map((count, place) => ({ id: String(place + 1), unread: count, muted: false }) as Conversation);

test('the next unread conversation is found in both directions and around the ends', () => {
  const conversations = list(1, 0, 2, 0);
  expect(nextUnread(conversations, '2', 1)).toBe('3');
  expect(nextUnread(conversations, '2', -1)).toBe('1');
  expect(nextUnread(conversations, '3', 1)).toBe('1');
  expect(nextUnread(conversations, undefined, 1)).toBe('1');
  expect(nextUnread(conversations, undefined, -1)).toBe('3');
});

test('the open conversation and muted ones are passed over', () => {
  const conversations = list(1, 1);
  expect(nextUnread([{ ...conversations[0], muted: true } as Conversation], undefined, 1)).toBeUndefined();
  expect(nextUnread(list(1), '1', 1)).toBeUndefined();
});
