import { describe, expect, test } from 'vitest';

import { blocks, isOnlyEmoji, safeHref, summary, type Block } from './markdown';

const nobody = () => false;
const markdown = (text: string): Block[] => blocks(text, 'markdown', nobody);
const paragraph = (text: string) => ({ type: 'paragraph', children: [{ type: 'text', text }] });

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
    '<img src=x onerror=alert(1)>', '<script>alert(1)</script>', '&lt;escaped&gt; &amp;', 'a\n# b\n<div>\nc', '    four blanks',
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
    const found = blocks('@Alice. and **@bob** not @carol, a@alice.org `@alice`', 'markdown', (name) => name !== 'carol');
    const text = JSON.stringify(found);
    expect(text).toContain('{"type":"mention","text":"@Alice","name":"alice"}');
    expect(text).toContain('{"type":"mention","text":"@bob","name":"bob"}');
    expect(text.match(/"mention"/g)).toHaveLength(2);
  });

  test('depth and length are harmless', () => {
    expect(() => markdown('> '.repeat(2000) + 'x')).not.toThrow();
    expect(() => markdown('*_'.repeat(2000))).not.toThrow();
    expect(() => markdown('['.repeat(4000))).not.toThrow();
    const depth = (found: Block[]): number => 1 + Math.max(0, ...found.map((block) => (block.type === 'quote' ? depth(block.children) : 0)));
    expect(depth(markdown('> '.repeat(50) + 'x'))).toBeLessThan(9);
  });
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
