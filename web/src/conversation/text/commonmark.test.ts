// The parser against CommonMark's own examples, in the sections of what it supports. What it reads otherwise is
// listed here with its reason, and has to be read otherwise: an exception that is none any more is a failure, too.

import { tests } from 'commonmark-spec';
import { expect, test } from 'vitest';

import type { Inline } from './inline';
import { blocks, type Block } from './markdown';

const SECTIONS = [
  'Precedence', 'Backslash escapes', 'Indented code blocks', 'Fenced code blocks', 'Paragraphs', 'Blank lines', 'Block quotes', 'List items', 'Lists',
  'Inlines', 'Code spans', 'Emphasis and strong emphasis', 'Links', 'Autolinks', 'Hard line breaks', 'Soft line breaks', 'Textual content',
];

const from = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

const EXCEPTIONS: Record<string, readonly number[]> = {
  'a backslash before a sign that means nothing stays': [12, 14, 24, 606],
  'no HTML': [21, 308, 309, 344, 475, 476, 477, 524, 536, 642, 643],
  'no headings and no rules': [115, 141, 227, 228, 229, 230, 232, 234, 246, 300, 646, 647],
  'no references': [23, 317, ...from(527, 535), ...from(537, 571)],
  'what is in a quote or an item says so on each line': [233, 236, 238, 247, 250, 251, 290, 292, 293, 312],
  'two blanks are enough below a number, and no more than four are behind a sign': [257, 273, 274, 276, 297, 311, 313],
  'a sign alone is no item': [278, 279, 280, 281, 282, 283, 284, 315],
  'only whole addresses of the web and of mail are links': [22, ...from(484, 487), 489, ...from(491, 495), 499, 501, 503, 504, 517, 520, 522, 596, 598, 599, 601],
  'an address is a link as it stands': [507, 508, 511, 513, 518, 519, 602, 608, 611, 612],
  'an address keeps its letters': [20, 346, 502, 526, 603],
  'brackets in an address are in pairs, one deep': [496, 497],
  'no entities': [506],
  'blanks at the end of a line are gone': [335, 336, 337, 640],
};

const escaped = (text: string) => text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!);
const element = (name: string, inner: string, attributes = '') => `<${name}${attributes}>${inner}</${name}>`;

function inlineHtml(found: readonly Inline[]): string {
  return found.map((inline) => {
    switch (inline.type) {
      case 'text': case 'mention': return escaped(inline.text);
      case 'code': return element('code', escaped(inline.text));
      case 'link': return element('a', inlineHtml(inline.children), ` href="${escaped(inline.href)}"`);
      default: return element(inline.type, inlineHtml(inline.children));
    }
  }).join('');
}

function html(found: readonly Block[]): string {
  return found.map((block) => {
    switch (block.type) {
      case 'paragraph': return element('p', inlineHtml(block.children));
      case 'code': return element('pre', element('code', escaped(block.text), block.language && ` class="language-${block.language}"`));
      case 'quote': return element('blockquote', html(block.children));
      case 'list': return element(block.isOrdered ? 'ol' : 'ul', block.items.map((item) => element('li', html(item))).join(''), block.start !== 1 ? ` start="${block.start}"` : '');
    }
  }).join('\n');
}

/** Without what the page leaves to its style sheet: breaks, blanks at the start of a line, how tight a list is, titles. */
const bare = (text: string) => text
  .replace(/\n<\/code>/g, '</code>')
  .replace(/<br \/>|<\/?p>/g, '\n')
  .replace(/ title="[^"]*"/g, '')
  .replace(/\s*\n\s*/g, '\n')
  .replace(/\n?(<\/?(?:ul|ol|li|blockquote|pre)\b[^>]*>)\n?/g, '$1')
  .trim();

const examples = tests.filter(({ section }) => SECTIONS.includes(section)).map(({ number, markdown, html: wanted }) => {
  // Only whole addresses are links here.
  const whole = (text: string) => text.replaceAll('→', '\t').replace(/\/ur[il]\b|(?<=\]\()\/?foo\b(?=[(\\)])|(?<=href=")\/?foo\b/g, 'https://a.example$&'.replace('$&', '/u'));
  return { number, text: whole(markdown).replace(/\n$/, ''), wanted: bare(whole(wanted)) };
});
const read = (text: string) => bare(html(blocks(text, 'markdown', () => false)));
const excepted = new Set(Object.values(EXCEPTIONS).flat());

test.each(examples.filter(({ number }) => !excepted.has(number)))('example $number: $text', ({ text, wanted }) => {
  expect(read(text)).toBe(wanted);
});

test('an exception is one', () => {
  const needless = examples.filter(({ number, text, wanted }) => excepted.has(number) && read(text) === wanted);
  expect(needless.map(({ number }) => number)).toEqual([]);
});
