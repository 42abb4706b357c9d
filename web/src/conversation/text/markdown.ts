// Text to a small tree of blocks, which components render. No HTML is ever made: what looks like a tag
// stays text, and a link exists only for http, https and mailto. Line breaks stay in the text (the page
// shows them with `white-space: pre-wrap`), so that what one copies is what was written.

import { Marked, type Token, type Tokens } from 'marked';

import { mentionsIn } from './mentions';

export type Inline =
  | { type: 'text'; text: string }
  | { type: 'strong'; children: Inline[] }
  | { type: 'em'; children: Inline[] }
  | { type: 'del'; children: Inline[] }
  | { type: 'code'; text: string }
  | { type: 'link'; href: string; children: Inline[] }
  | { type: 'mention'; text: string; name: string };

export type Block =
  | { type: 'paragraph'; children: Inline[] }
  | { type: 'code'; text: string; language: string }
  | { type: 'quote'; children: Block[] }
  | { type: 'list'; isOrdered: boolean; start: number; items: Block[][] };

/** How the sender meant the text; programs mostly mean `plain`. */
export type TextFormat = 'plain' | 'markdown';

/** Deeper quotes and lists are shown as they were written. */
const MAX_DEPTH = 6;

const off = () => undefined;

// In a chat, a line with `#` is rather a channel or a number than a heading, and four blanks are rather
// a pasted column than code. `def` would swallow a line.
const markdown = new Marked({
  gfm: true,
  tokenizer: { heading: off, lheading: off, hr: off, html: off, table: off, def: off, code: off, tag: off, reflink: off },
});

const plain = new Marked({
  gfm: true,
  tokenizer: {
    escape: off, tag: off, link: off, reflink: off, emStrong: off, codespan: off, br: off, del: off, autolink: off,
  },
});

/** The blocks of a text. `isName` says whether somebody of that (lower-case) username takes part. */
export function blocks(text: string, format: TextFormat, isName: (name: string) => boolean): Block[] {
  try {
    if (format === 'markdown') return fromBlocks(new markdown.Lexer(markdown.defaults).lex(text), 0, isName);
    return [{ type: 'paragraph', children: fromInlines(new plain.Lexer(plain.defaults).inlineTokens(text), isName) }];
  } catch {
    // A text that the lexer cannot take is still a text.
    return [{ type: 'paragraph', children: [{ type: 'text', text }] }];
  }
}

/** The address that a link may have, or nothing. */
export function safeHref(href: string): string | undefined {
  try {
    const { protocol } = new URL(href);
    return ['http:', 'https:', 'mailto:'].includes(protocol) ? href : undefined;
  } catch {
    return undefined;
  }
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

export function inlineText(inlines: Inline[]): string {
  return inlines.map((inline) => ('text' in inline ? inline.text : inlineText(inline.children))).join('');
}

function fromBlocks(tokens: Token[], depth: number, isName: (name: string) => boolean): Block[] {
  const found: Block[] = [];
  let isJoined = false;
  for (const token of tokens) {
    const block = fromBlock(token, depth, isName);
    if (!block) {
      isJoined = false;
      continue;
    }
    const last = found.at(-1);
    // A line that would be a heading elsewhere ends the lexer's paragraph, but not the writer's.
    if (isJoined && block.type === 'paragraph' && last?.type === 'paragraph') {
      last.children = merge([...last.children, { type: 'text', text: '\n' }, ...block.children]);
    } else {
      found.push(block);
    }
    isJoined = true;
  }
  return found;
}

function fromBlock(token: Token, depth: number, isName: (name: string) => boolean): Block | undefined {
  if (token.type === 'space') return undefined;
  if (token.type === 'code') {
    const { text, lang } = token as Tokens.Code;
    return { type: 'code', text, language: (lang ?? '').split(/\s/, 1)[0]!.toLowerCase() };
  }
  if (depth < MAX_DEPTH && token.type === 'blockquote') {
    return { type: 'quote', children: fromBlocks((token as Tokens.Blockquote).tokens, depth + 1, isName) };
  }
  if (depth < MAX_DEPTH && token.type === 'list') {
    const { ordered, start, items } = token as Tokens.List;
    return {
      type: 'list', isOrdered: ordered, start: start === '' ? 1 : start,
      items: items.map((item) => fromBlocks(item.tokens, depth + 1, isName)),
    };
  }
  if (token.type === 'paragraph' || token.type === 'text') {
    const inner = (token as Tokens.Paragraph).tokens ?? [{ type: 'text', raw: token.raw, text: token.raw }];
    return { type: 'paragraph', children: fromInlines(inner, isName) };
  }
  if (token.type === 'checkbox') return undefined;
  return { type: 'paragraph', children: [{ type: 'text', text: token.raw.trimEnd() }] };
}

function fromInlines(tokens: Token[], isName: (name: string) => boolean): Inline[] {
  return merge(tokens.flatMap((token) => fromInline(token, isName)));
}

function fromInline(token: Token, isName: (name: string) => boolean): Inline[] {
  switch (token.type) {
    case 'strong':
    case 'em':
    case 'del':
      return [{ type: token.type, children: fromInlines(token.tokens ?? [], isName) }];
    case 'codespan':
      return [{ type: 'code', text: (token as Tokens.Codespan).text }];
    case 'br':
      return [{ type: 'text', text: '\n' }];
    case 'link': {
      const { href, tokens: inner } = token as Tokens.Link;
      const safe = safeHref(href);
      if (!safe) return [{ type: 'text', text: token.raw }];
      return [{ type: 'link', href: safe, children: merge(inner.flatMap(withoutLinks)) }];
    }
    case 'image': {
      const { href, text } = token as Tokens.Image;
      const safe = safeHref(href);
      if (!safe) return [{ type: 'text', text: token.raw }];
      return [{ type: 'link', href: safe, children: [{ type: 'text', text: text || href }] }];
    }
    case 'escape':
      return [{ type: 'text', text: (token as Tokens.Escape).text }];
    case 'text':
      if ('tokens' in token && token.tokens) return fromInlines(token.tokens, isName);
      return withMentions((token as Tokens.Text).text, isName);
    default:
      return [{ type: 'text', text: token.raw }];
  }
}

function withoutLinks(token: Token): Inline[] {
  const inner = fromInline(token, () => false);
  return inner.flatMap((inline) => (inline.type === 'link' ? inline.children : [inline]));
}

function withMentions(text: string, isName: (name: string) => boolean): Inline[] {
  const found: Inline[] = [];
  let from = 0;
  for (const { start, end, name } of mentionsIn(text)) {
    if (!isName(name)) continue;
    if (start > from) found.push({ type: 'text', text: text.slice(from, start) });
    found.push({ type: 'mention', text: text.slice(start, end), name });
    from = end;
  }
  if (from < text.length) found.push({ type: 'text', text: text.slice(from) });
  return found;
}

function merge(inlines: Inline[]): Inline[] {
  const merged: Inline[] = [];
  for (const inline of inlines) {
    const last = merged.at(-1);
    if (inline.type === 'text' && last?.type === 'text') merged[merged.length - 1] = { type: 'text', text: last.text + inline.text };
    else merged.push(inline);
  }
  return merged;
}
