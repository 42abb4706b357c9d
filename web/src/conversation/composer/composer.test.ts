import { describe, expect, test } from 'vitest';

import { closedShortName, complete, peopleFor, triggerAt } from './completion';
import { mark, type Mark } from './marks';

/** `|` marks the caret, or the two ends of the selection. */
function selected(marked: string) {
  const [before = '', inner = '', after] = marked.split('|');
  if (after === undefined) return { text: before + inner, start: before.length, end: before.length };
  return { text: before + inner + after, start: before.length, end: before.length + inner.length };
}

function trigger(marked: string) {
  const { text, start } = selected(marked);
  return triggerAt(text, start);
}

describe('completion', () => {
  test.each([
    ['@|', 'mention', ''], ['hi @al|', 'mention', 'al'], ['(@al|', 'mention', 'al'], ['你好@小|', 'mention', '小'],
    [':ta|', 'emoji', 'ta'], ['so :thumbs|', 'emoji', 'thumbs'], ['x\n:+1|', 'emoji', '+1'], ['@स्मि|', 'mention', 'स्मि'],
  ])('%j asks for %s', (marked, kind, query) => {
    expect(trigger(marked)).toMatchObject({ kind, query });
  });

  test.each(['a@b|', ':|', ':a|', '12:30|', 'http://x|', 'std::map|', 'a:map|', '(:map|', '你:map|', 'x[:map|', 'so: x|', '@al |', 'x|@al'])('%j asks for nothing', (marked) => {
    expect(trigger(marked)).toBeUndefined();
  });

  test('a choice replaces what was typed and leaves one blank behind it', () => {
    expect(complete('hi @al', triggerAt('hi @al', 6)!, '@alice')).toEqual({ text: 'hi @alice ', caret: 10 });
    expect(complete('hi @al there', triggerAt('hi @al there', 6)!, '@alice')).toEqual({ text: 'hi @alice there', caret: 10 });
  });

  test('a short name typed to its end is found', () => {
    expect(closedShortName('so :tada:', 9)).toEqual({ name: 'tada', start: 3 });
    expect(closedShortName('12:30:45:', 9)).toBeUndefined();
  });

  test('people are found by username first', () => {
    const people = ['zalice', 'alan', 'bob', 'Alice'].map((username, index) => ({ id: String(index), username, name: username === 'bob' ? 'Robert Alto' : '' }));
    expect(peopleFor(people, 'al').map(({ username }) => username)).toEqual(['alan', 'Alice', 'bob', 'zalice']);
    expect(peopleFor(people, '')).toHaveLength(4);
  });
});

describe('marks', () => {
  test.each<[string, Mark, string]>([
    ['a |b| c', 'bold', 'a **|b|** c'], ['a **|b|** c', 'bold', 'a |b| c'], ['a |**b**| c', 'bold', 'a |b| c'],
    ['|x|', 'code', '`|x|`'], ['|x\ny|', 'code', '```\n|x\ny|\n```'],
    ['a\nb|c\nd|', 'quote', 'a\n|> bc\n> d|'], ['|> a\n> b|', 'quote', '|a\nb|'], ['|a|', 'list', '|- a|'],
    ['|here|', 'link', '[here](|https://|)'], ['|https://a.example|', 'link', '[||](https://a.example)'],
  ])('%j with %s is %j', (before, kind, after) => {
    expect(mark(selected(before), kind)).toEqual(selected(after));
  });
});
