import { readFileSync } from 'node:fs';

import { foldName } from '@chinwag/client';
import { describe, expect, test } from 'vitest';

import { safeHref, type Inline } from './inline';
import { blocks, isOnlyEmoji, summary, type Block } from './markdown';

const nobody = () => false;
const markdown = (text: string): Block[] => blocks(text, 'markdown', nobody);
const paragraph = (text: string) => ({ type: 'paragraph', children: [{ type: 'text', text }] });

/** As HTML, to be read; links without their target. */
const html = (found: Inline[]): string => found.map((inline) => {
  if (inline.type === 'text' || inline.type === 'mention') return inline.text;
  return 'text' in inline ? `<code>${inline.text}</code>` : `<${inline.type}>${html(inline.children)}</${inline.type}>`;
}).join('');
const marked = (text: string) => markdown(text).map((block) => (block.type === 'paragraph' ? html(block.children) : block.type)).join('|');

describe('markdown', () => {
  test('marks, lists, quotes and code become blocks', () => {
    expect(markdown('**b** _i_ ~~s~~ `c`')).toEqual([{
      type: 'paragraph',
      children: [
        { type: 'strong', children: [{ type: 'text', text: 'b' }] }, { type: 'text', text: ' ' },
        { type: 'em', children: [{ type: 'text', text: 'i' }] }, { type: 'text', text: ' ' },
        { type: 'del', children: [{ type: 'text', text: 's' }] }, { type: 'text', text: ' ' },
        { type: 'code', text: 'c' },
      ],
    }]);
    expect(markdown('- one\n- two')).toEqual([
      { type: 'list', isOrdered: false, start: 1, items: [[paragraph('one')], [paragraph('two')]] },
    ]);
    expect(markdown('3. three')).toMatchObject([{ type: 'list', isOrdered: true, start: 3 }]);
    expect(markdown('> said\n\nanswer')).toEqual([{ type: 'quote', children: [paragraph('said')] }, paragraph('answer')]);
    expect(markdown('```rust\nlet x;\n```')).toEqual([{ type: 'code', text: 'let x;', language: 'rust' }]);
  });

  test('line breaks stay in the text', () => {
    expect(markdown('one\ntwo  \nthree')).toEqual([paragraph('one\ntwo\nthree')]);
  });

  test.each([
    '# no heading', 'title\n===', 'a | b\n--- | ---\n1 | 2', '---', '[a]: somewhere',
    '<img src=x onerror=alert(1)>', '<script>alert(1)</script>', '&lt;escaped&gt; &amp;', 'a\n# b\n<div>\nc',
  ])('%j stays text', (text) => {
    expect(markdown(text)).toEqual([paragraph(text)]);
  });

  test.each([
    '[x](javascript:alert(1))', '[x](JaVaScRiPt:alert(1))', '[x](data:text/html,<script>)', '![x](vbscript:x)', '[x](/local)',
    '<javascript:alert(1)>',
  ])('%j is no link', (text) => {
    expect(JSON.stringify(markdown(text))).not.toContain('"href"');
    expect(summary(text, 'markdown')).toBe(text);
  });

  test('links are found, a picture is only a link', () => {
    const link = (text: string) => markdown(text)[0];
    expect(link('see https://example.com/a?b=c.')).toMatchObject({
      children: [{ text: 'see ' }, { type: 'link', href: 'https://example.com/a?b=c' }, { text: '.' }],
    });
    expect(link('![alt](https://example.com/p.png)')).toEqual({
      type: 'paragraph', children: [{ type: 'link', href: 'https://example.com/p.png', children: [{ type: 'text', text: 'alt' }] }],
    });
    expect(link('write to a@example.com')).toMatchObject({ children: [{}, { href: 'mailto:a@example.com' }] });
  });

  test('people who take part are named, others are not', () => {
    const found = blocks('@Alice. and **@bob** not @carol, a@alice.org `@alice`', 'markdown', (name) => name === 'alice' || name === 'bob');
    const text = JSON.stringify(found);
    expect(text).toContain('{"type":"mention","text":"@Alice","name":"alice"}');
    expect(text).toContain('{"type":"mention","text":"@bob","name":"bob"}');
    expect(text.match(/"mention"/g)).toHaveLength(2);
  });

  // As CommonMark has it.
  test.each([
    ['***a** b*', '<em><strong>a</strong> b</em>'], ['**a *b* c**', '<strong>a <em>b</em> c</strong>'], ['*a**b*', '<em>a**b</em>'],
    ['snake_case_name', 'snake_case_name'], ['2 * 3 * 4', '2 * 3 * 4'], ['un*frigging*believable', 'un<em>frigging</em>believable'],
    ['**a', '**a'], ['*a _b* c_', '<em>a _b</em> c_'], ['~a~ ~~b~~ ~~~c~~~', '<del>a</del> <del>b</del> ~~~c~~~'], ['~5 and ~6', '~5 and ~6'],
    ['`` a`b ``', '<code>a`b</code>'], ['`**a**` `b', '<code>**a**</code> `b'], ['\\*a\\* \\a', '*a* \\a'],
    ['[**a**](https://b.c "d")', '<link><strong>a</strong></link>'], ['[[a]](https://b.c)', '<link>[a]</link>'], ['[a] (https://b.c)', '[a] (<link>https://b.c</link>)'],
    ['[![a](https://b.c/d.png)](https://b.c)', '<link>a</link>'], ['<https://b.c/_d_>', '<link>https://b.c/_d_</link>'],
    ['**https://b.c/d**', '<strong><link>https://b.c/d</link></strong>'], ['(https://b.c/d_(e))', '(<link>https://b.c/d_(e)</link>)'],
    ['www.b.c, _a_b@c.de_', '<link>www.b.c</link>, <em><link>a_b@c.de</link></em>'],
  ])('%j is %j', (text, expected) => {
    expect(marked(text)).toBe(expected);
  });

  test('what is in a quote or an item says so on each line', () => {
    expect(markdown('> said\nanswer')).toEqual([{ type: 'quote', children: [paragraph('said')] }, paragraph('answer')]);
    expect(markdown('- one\n  still\n- two\nnot')).toEqual([
      { type: 'list', isOrdered: false, start: 1, items: [[paragraph('one\nstill')], [paragraph('two')]] }, paragraph('not'),
    ]);
    expect(markdown('1. one\n  - a\n  - b\n\n2. two\n\n   ```\n     x\n   ```')).toEqual([{
      type: 'list', isOrdered: true, start: 1,
      items: [
        [paragraph('one'), { type: 'list', isOrdered: false, start: 1, items: [[paragraph('a')], [paragraph('b')]] }],
        [paragraph('two'), { type: 'code', text: '  x', language: '' }],
      ],
    }]);
  });

  test('a list begins in the middle of a text, but not with a year', () => {
    expect(markdown('two:\n- a\n- b').map(({ type }) => type)).toEqual(['paragraph', 'list']);
    expect(markdown('it was\n1986. A good year')).toEqual([paragraph('it was\n1986. A good year')]);
    for (const text of ['-', '- ', '+1', '1.', '-5 degrees']) expect(markdown(text)).toEqual([paragraph(text.trimEnd())]);
  });

  test('code that nobody ended goes to the end, and code in a line is no block', () => {
    expect(markdown('~~~\na\n\n\tb')).toEqual([{ type: 'code', text: 'a\n\n\tb', language: '' }]);
    expect(marked('```a```')).toBe('<code>a</code>');
  });

  test('depth and length are harmless', () => {
    expect(() => markdown('> '.repeat(2000) + 'x')).not.toThrow();
    expect(() => markdown('*_'.repeat(2000))).not.toThrow();
    expect(() => markdown('['.repeat(4000))).not.toThrow();
    const nested = (found: Inline[]): number => 1 + Math.max(0, ...found.map((inline) => ('children' in inline ? nested(inline.children) : 0)));
    const [deep] = markdown(`${'*a _b '.repeat(500)}c${' d_ e*'.repeat(500)}`);
    expect(deep?.type === 'paragraph' && nested(deep.children)).toBe(13);
    const depth = (found: Block[]): number => 1 + Math.max(0, ...found.map((block) => (block.type === 'quote' ? depth(block.children) : 0)));
    expect(depth(markdown('> '.repeat(50) + 'x'))).toBeLessThan(9);
  });
});

test('no text keeps the page busy', () => {
  const parts = ['*a ', '_a', '**', '`', '``a', '[', '[a](', '](', '[a](b "', '<a:', '<', 'a@b', 'a.', 'www.', 'https://(', '~', '\\', '> ', '- a\n', '  - ', '\n\n', '*a_ ', '![', '((', 'a*b_', 'www.a)'];
  const texts = parts.flatMap((part) => [part.repeat(20_000 / part.length), `${part.repeat(10_000 / part.length)}x`]);
  const began = performance.now();
  for (const text of texts) markdown(text);
  // As a square of the length it would be minutes.
  expect(performance.now() - began).toBeLessThan(5_000);
});

/** The names that are shown as mentions, each once, in their order. */
function named(found: readonly (Block | Inline)[]): string[] {
  const names = found.flatMap((node): string[] => {
    if (node.type === 'mention') return [node.name];
    if (node.type === 'list') return node.items.flatMap(named);
    return 'children' in node ? named(node.children) : [];
  });
  return [...new Set(names)];
}

describe('the table of mentions that the server and the SDK have, too', () => {
  interface Case { text: string; format: 'plain' | 'markdown'; people: string[]; named: string[] }
  const cases = JSON.parse(readFileSync(new URL('../../../../tests/cases/mentions.json', import.meta.url), 'utf8')) as Case[];
  test.each(cases)('$text as $format names $named', ({ text, format, people, named: expected }) => {
    const keys = new Set(people.map(foldName));
    expect(named(blocks(text, format, (name) => keys.has(name)))).toEqual(expected.map(foldName));
  });
});

describe('a backslash that escapes nothing stays', () => {
  test.each([
    ['\\\\server\\share\\_docs', '\\\\server\\share\\_docs'], ['C:\\Users\\me\\.config', 'C:\\Users\\me\\.config'], ['\\d+\\.\\d{2}', '\\d+\\.\\d{2}'],
    ['"C:\\\\temp\\\\x"', '"C:\\\\temp\\\\x"'], ['\\\\a\\*.txt', '\\\\a\\*.txt'], ['100\\%', '100\\%'],
    ['\\*a\\*', '*a*'], ['\\\\*a*', '\\<em>a</em>'], ['\\_a_', '_a_'], ['\\`a`', '`a`'], ['\\- a', '- a'], ['1\\. a', '1. a'], ['\\> a', '> a'],
    ['\\[a](https://b.c)', '[a](<link>https://b.c</link>)'], ['[a\\]b](https://b.c)', '<link>a]b</link>'],
  ])('%j is %j', (text, expected) => {
    expect(marked(text)).toBe(expected);
  });
});

describe('texts of scripts without blanks', () => {
  test.each([
    ['**「重要」**です', '<strong>「重要」</strong>です'], ['请**“注意”**看', '请<strong>“注意”</strong>看'], ['这是**重点。**请看', '这是<strong>重点。</strong>请看'],
    ['**重要(说明)**请看', '<strong>重要(说明)</strong>请看'], ['これは*「強調」*です', 'これは<em>「強調」</em>です'], ['~~「旧」~~新', '<del>「旧」</del>新'],
    ['**(주의)**는', '<strong>(주의)</strong>는'], ['มี**"สำคัญ"**มาก', 'มี<strong>"สำคัญ"</strong>มาก'], ['a**"b"**c', 'a**"b"**c'],
  ])('%j is %j', (text, expected) => {
    expect(marked(text)).toBe(expected);
  });
});

describe('an address ends before the signs of its sentence', () => {
  test.each([
    ['https://a.example/b，谢谢', 'https://a.example/b'], ['看https://a.example/b。', 'https://a.example/b'], ['「https://a.example/b」', 'https://a.example/b'],
    ['（https://a.example/b）好', 'https://a.example/b'], ['https://a.example/b、https://c.example', 'https://a.example/b'], ['https://a.example/b！？', 'https://a.example/b'],
    ['“https://a.example/b”说', 'https://a.example/b'], ['«https://a.example/b»', 'https://a.example/b'], ['„https://a.example/b“', 'https://a.example/b'], ['"https://a.example/b"x', 'https://a.example/b'],
    ["'https://a.example/b'x", 'https://a.example/b'], ['https://a.example/b؟', 'https://a.example/b'], ['https://a.example/b।', 'https://a.example/b'], ['https://a.example/b։', 'https://a.example/b'],
    ['https://a.example/b…', 'https://a.example/b'], ['https://a.example/b——', 'https://a.example/b'], ['(https://a.example/b)好', 'https://a.example/b'], ['[https://a.example/b]好', 'https://a.example/b'],
    ['https://a.example/b（见 下）', 'https://a.example/b'], ['https://a.example/b(c)', 'https://a.example/b(c)'], ['https://a.example/北京（市）', 'https://a.example/北京（市）'],
    ["https://a.example/Schindler's_List", "https://a.example/Schindler's_List"], ['https://a.example/Bose–Einstein', 'https://a.example/Bose–Einstein'], ['https://a.example/b?c=d&e,f.', 'https://a.example/b?c=d&e,f'],
    ['www.a.example，', 'http://www.a.example'],
  ])('%j has %j', (text, href) => {
    expect(JSON.stringify(markdown(text)), text).toContain(`"href":${JSON.stringify(href)},`);
    expect(JSON.stringify(blocks(text, 'plain', nobody)), text).toContain(`"href":${JSON.stringify(href)},`);
  });
});

test('blanks make code at the start and below an empty line', () => {
  expect(markdown('    a\n\n      b\n')).toEqual([{ type: 'code', text: 'a\n\n  b', language: '' }]);
  expect(markdown('a\n    b')).toEqual([paragraph('a\n    b')]);
});

test('plain text has links and mentions and nothing else', () => {
  expect(blocks('**not bold** `no` \\* &amp; <b>\n@alice https://example.com', 'plain', (name) => name === 'alice')).toEqual([{
    type: 'paragraph',
    children: [
      { type: 'text', text: '**not bold** `no` \\* &amp; <b>\n' }, { type: 'mention', text: '@alice', name: 'alice' },
      { type: 'text', text: ' ' },
      { type: 'link', href: 'https://example.com', children: [{ type: 'text', text: 'https://example.com' }] },
    ],
  }]);
});

test('only known schemes are links', () => {
  expect(safeHref('https://a.example')).toBe('https://a.example');
  expect(safeHref('//a.example')).toBeUndefined();
  expect(safeHref(' javascript:alert(1)')).toBeUndefined();
});

test('a summary is one line without marks', () => {
  expect(summary('**a**\n\n- b\n- `c`', 'markdown')).toBe('a b c');
  expect(summary('x'.repeat(500), 'plain', 10)).toBe('xxxxxxxxx…');
});

test('emoji alone are large, with text or digits they are not', () => {
  for (const text of ['🎉', '👍🏽 🇩🇪', '👩‍👩‍👧', '❤️', '1️⃣']) expect(isOnlyEmoji(text), text).toBe(true);
  for (const text of ['1', '🎉 party', '', '🎉🎉🎉🎉', '©']) expect(isOnlyEmoji(text), text).toBe(false);
});
