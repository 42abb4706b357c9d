import { expect, test } from 'vitest';
import { marked, queryOf } from './search';

const none = { conversationId: '', from: '', after: '', before: '' };

test('filters become the words of the server', () => {
  expect(queryOf(' rent  ', none)).toBe('rent');
  const [first, behindLast] = [new Date(2026, 0, 1), new Date(2026, 1, 1)].map((date) => date.toISOString());
  expect(queryOf('rent', { ...none, from: '@alice', after: '2026-01-01', before: '2026-01-31' })).toBe(`rent from:alice after:${first} before:${behindLast}`);
  expect(queryOf('', { ...none, conversationId: '7' })).toBe('in:7');
});

test('days among the words are those of the reader, too', () => {
  const start = new Date(2026, 2, 1).toISOString();
  expect(queryOf('after:2026-03-01 rent', none)).toBe(`after:${start} rent`);
  expect(queryOf('rent before:2026-03-01', none)).toBe(`rent before:${start}`);
  for (const text of ['"after:2026-03-01"', 'after:2026-03-01T08:00:00Z', 'thereafter:2026-03-01', 'after:2026-02-30']) {
    expect(queryOf(text, none)).toBe(text);
  }
});

test('a day alone searches nothing', () => {
  expect(queryOf('', { ...none, after: '2026-01-01' })).toBe('');
});

test('the words are marked inside other words, in any case, longest first', () => {
  expect(marked('The Rents are rent', 'rent rents')).toEqual([
    { text: 'The ', isFound: false },
    { text: 'Rents', isFound: true },
    { text: ' are ', isFound: false },
    { text: 'rent', isFound: true },
  ]);
});

test('filters and signs of patterns mark nothing of their own', () => {
  expect(marked('a.c from:me (x)', 'from:me .')).toEqual([
    { text: 'a', isFound: false },
    { text: '.', isFound: true },
    { text: 'c from:me (x)', isFound: false },
  ]);
  expect(marked('two words here', '"words here"')[1]).toEqual({ text: 'words here', isFound: true });
});
