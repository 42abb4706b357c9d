// Text to a small tree of blocks, which components render. No HTML is ever made: what looks like a tag
// stays text, and a link exists only for http, https and mailto. Line breaks stay in the text (the page
// shows them with `white-space: pre-wrap`), so that what one copies is what was written.
//
// It is the Markdown that a chat needs: paragraphs, quotes, lists, code. A line with `#` is rather a channel
// or a number than a heading here. What is in a quote or an item says so on each line, by `>` or by its
// blanks: an answer below a quote is no part of it. Who is named (`@chinwag/client`) goes by the same blocks.

import { inlines, inlineText, plainInlines, type Inline, type IsName } from './inline';

export type Block =
  | { type: 'paragraph'; children: Inline[] }
  | { type: 'code'; text: string; language: string }
  | { type: 'quote'; children: Block[] }
  | { type: 'list'; isOrdered: boolean; start: number; items: Block[][] };

/** How the sender meant the text; programs mostly mean `plain`. */
export type TextFormat = 'plain' | 'markdown';

/** Deeper quotes and lists are shown as they were written. */
const MAX_DEPTH = 6;

/** Columns of blanks that make code, at the start or below an empty line. */
const INDENT = 4;

const FENCE = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,}) *(\S*)/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-+*]|\d{1,9}[.)]) {1,4}(?=\S)/;

/** The blocks of a text. */
export function blocks(text: string, format: TextFormat, isName: IsName): Block[] {
  if (format === 'markdown') return new Reader(text.replaceAll('\r\n', '\n').split('\n'), 0, isName).blocks();
  return [{ type: 'paragraph', children: plainInlines(text, isName) }];
}

/** The text alone, in one line: for quotes, announcements and lists. */
export function summary(text: string, format: TextFormat, maxChars = 160): string {
  const flat = blocks(text, format, () => false).map(blockText).join(' ').replace(/\s+/g, ' ').trim();
  const chars = [...flat];
  return chars.length > maxChars ? `${chars.slice(0, maxChars - 1).join('')}…` : flat;
}

/** Up to three emoji and nothing else are shown large. */
export function isOnlyEmoji(text: string): boolean {
  return ONLY_EMOJI.test(text);
}

const ONE = String.raw`(?:[\u{1F1E6}-\u{1F1FF}]{2}|[0-9#*]\uFE0F?\u20E3|\p{Emoji_Presentation}|\p{Emoji}\uFE0F)\p{Emoji_Modifier}?`;
const ONLY_EMOJI = new RegExp(String.raw`^\s*(?:${ONE}(?:\u200D${ONE})*\s*){1,3}$`, 'u');

function blockText(block: Block): string {
  switch (block.type) {
    case 'paragraph': return inlineText(block.children);
    case 'code': return block.text;
    case 'quote': return block.children.map(blockText).join(' ');
    case 'list': return block.items.flat().map(blockText).join(' ');
  }
}

const isBlank = (line: string) => line.trim() === '';
/** In columns; a tab is four. */
const indentOf = (line: string) => [.../^[ \t]*/.exec(line)![0]].reduce((sum, blank) => sum + (blank === '\t' ? 4 : 1), 0);
const withoutIndent = (columns: number) => (line: string): string => {
  let at = 0;
  for (let left = columns; left > 0 && (line[at] === ' ' || line[at] === '\t'); at += 1) left -= line[at] === '\t' ? 4 : 1;
  return line.slice(at);
};

/** Walks down the lines; what is inside a quote or an item has a reader of its own. */
class Reader {
  readonly #lines: readonly string[];
  readonly #depth: number;
  readonly #isName: IsName;
  #at = 0;

  constructor(lines: readonly string[], depth: number, isName: IsName) {
    this.#lines = lines;
    this.#depth = depth;
    this.#isName = isName;
  }

  blocks(): Block[] {
    const found: Block[] = [];
    for (let line = this.#line; line !== undefined; line = this.#line) {
      if (isBlank(line)) this.#at += 1;
      else if (FENCE.test(line)) found.push(this.#code(line));
      else if (this.#isQuote(line)) found.push(this.#quote());
      else if (this.#isItem(line)) found.push(this.#list(line));
      else if (indentOf(line) >= INDENT && isBlank(this.#lines[this.#at - 1] ?? '')) found.push(this.#indented());
      else found.push(this.#paragraph());
    }
    return found;
  }

  get #line(): string | undefined {
    return this.#lines[this.#at];
  }

  #isQuote(line: string): boolean {
    return this.#depth < MAX_DEPTH && QUOTE.test(line);
  }

  #isItem(line: string): boolean {
    return this.#depth < MAX_DEPTH && ITEM.test(line);
  }

  /** The next line and those after it that are wanted. */
  #take(isWanted: (line: string) => boolean): string[] {
    const from = this.#at;
    while (this.#line !== undefined && isWanted(this.#line)) this.#at += 1;
    return this.#lines.slice(from, this.#at);
  }

  #code(line: string): Block {
    const [, fence, language] = FENCE.exec(line)!;
    const end = new RegExp(`^ {0,3}${fence![0]}{${fence!.length},}\\s*$`);
    this.#at += 1;
    const inner = this.#take((other) => !end.test(other));
    this.#at += 1;
    return { type: 'code', text: inner.map(withoutIndent(indentOf(line))).join('\n'), language: language!.toLowerCase() };
  }

  #indented(): Block {
    const inner = this.#take((line) => isBlank(line) || indentOf(line) >= INDENT).map(withoutIndent(INDENT));
    while (isBlank(inner.at(-1)!)) inner.pop();
    return { type: 'code', text: inner.join('\n'), language: '' };
  }

  #quote(): Block {
    const inner = this.#take((line) => this.#isQuote(line)).map((line) => line.replace(QUOTE, ''));
    return { type: 'quote', children: this.#inside(inner) };
  }

  #list(first: string): Block {
    const [, , sign] = ITEM.exec(first)!;
    const kind = sign!.at(-1)!;
    const items: Block[][] = [];
    const isNext = (line: string) => ITEM.exec(line)?.[2]!.at(-1) === kind;
    for (let line = this.#line; line !== undefined && isNext(line); line = this.#line) {
      items.push(this.#item(line));
      const last = this.#at;
      this.#take(isBlank);
      if (!isNext(this.#line ?? '')) this.#at = last;
    }
    return { type: 'list', isOrdered: sign !== kind, start: sign === kind ? 1 : Number.parseInt(sign!, 10), items };
  }

  #item(first: string): Block[] {
    const [head, blanks] = ITEM.exec(first)!;
    // Two blanks are enough below `1.`, too: so people write it.
    const least = Math.min(head.length, blanks!.length + 2);
    const inner = [first.slice(head.length)];
    this.#at += 1;
    for (;;) {
      const from = this.#at;
      this.#take(isBlank);
      if (this.#line === undefined || indentOf(this.#line) < least) {
        this.#at = from;
        return this.#inside(inner);
      }
      inner.push(...this.#lines.slice(from, this.#at), withoutIndent(head.length)(this.#line));
      this.#at += 1;
    }
  }

  #paragraph(): Block {
    const first = this.#at;
    // As in CommonMark, a number in the middle of a text begins no list but for 1.
    const isItem = (line: string) => this.#isItem(line) && /^ *(?:[-+*]|1[.)])/.test(line);
    const lines = this.#take((line) => this.#at === first || !(isBlank(line) || FENCE.test(line) || this.#isQuote(line) || isItem(line)));
    return { type: 'paragraph', children: inlines(lines.map((line) => line.trimEnd()).join('\n'), this.#isName) };
  }

  #inside(lines: readonly string[]): Block[] {
    return new Reader(lines, this.#depth + 1, this.#isName).blocks();
  }
}
