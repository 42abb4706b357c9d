import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { announcer } from './announcer';

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

const message = (text: string) => ({ sender: 'alice', text });

test('the first message is told at once, those of the next second together', () => {
  const said: string[] = [];
  const { add } = announcer((messages) => said.push(messages.map(({ text }) => text).join(' ')));
  add(message('one'));
  vi.advanceTimersByTime(1);
  add(message('two'));
  add(message('three'));
  vi.advanceTimersByTime(900);
  expect(said).toEqual(['one']);
  vi.advanceTimersByTime(200);
  expect(said).toEqual(['one', 'two three']);
  vi.advanceTimersByTime(5000);
  expect(said).toHaveLength(2);
});

test('nothing comes after the end', () => {
  const said: unknown[] = [];
  const { add, stop } = announcer((messages) => said.push(messages));
  add(message('one'));
  stop();
  vi.advanceTimersByTime(5000);
  expect(said).toEqual([]);
});
