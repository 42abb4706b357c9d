// A line of Markdown to a small tree, by CommonMark's rules for marks: `**`, `_`, `~~`, code, links,
// addresses as they stand. Left out is what a chat has no use for, or what a sender rarely means: HTML,
// entities, references. Each character is looked at a bounded number of times, whatever is sent.

import { mentionsAt } from '@chinwag/client';

import { addressIn } from './address';

export type Inline =
  | { type: 'text'; text: string }
  | { type: 'strong'; children: Inline[] }
  | { type: 'em'; children: Inline[] }
  | { type: 'del'; children: Inline[] }
  | { type: 'code'; text: string }
  | { type: 'link'; href: string; children: Inline[] }
  | { type: 'mention'; text: string; name: string };

/** Whether somebody takes part, by `foldName` of the username. */
export type IsName = (name: string) => boolean;

type Mark = 'strong' | 'em' | 'del';

/** A run of `*`, `_` or `~`: what it ends and begins, and how much of it stands for itself. */
interface Run {
  type: 'run';
  /** Its place in the text. */
  at: number;
  char: string;
  length: number;
  left: number;
  canOpen: boolean;
  canClose: boolean;
  ends: Mark[];
  begins: Mark[];
}
/** Literal characters that are no part of a name. */
type Piece = Inline | Run | { type: 'escaped'; text: string };
interface Bracket {
  /** The place of its piece, and of what follows it in the text. */
  piece: number;
  from: number;
  isImage: boolean;
}

/** Marks inside marks beyond that have no effect: a tree has to be drawn, too. */
const MAX_DEPTH = 12;

const ESCAPED = /\\+([!-/:-@[-`{-~\n])?/y;
/** What a backslash at the start of a line keeps from being the sign of a block. */
const AT_START = /^ {0,3}(?:\\(>|[-+*] |`{3}|~{3})|\d{1,9}\\([.)]) )/gm;
const TICKS = /`+/y;
const RUN = /\*+|_+|~+/y;
const ADDRESS = /(?:https?:\/\/|www\.)[^\s<]{1,2000}/iy;
const MAIL_NAME = /[\w.+-]+/y;
const MAIL = /[a-z0-9][\w.+-]*@[\w-]+(?:\.[\w-]+)+/iy;
const ANGLES = /<([a-z][a-z0-9+.-]{1,31}:[^\s<>]*|[\w.+-]+@[\w.-]+)>/iy;
// What follows `](`: an address with brackets in pairs or between `<` and `>`, and perhaps a title.
const TARGET = /\(\s*(?:<([^<>\n]*)>|((?:\\.|[^\s\\()]|\((?:\\.|[^\s\\()])*\))+))(?:\s+(?:"[^"]*"|'[^']*'|\([^()]*\)))?\s*\)/y;
const WORD = /[a-z0-9]/i;
const INSIDE_MAIL = /[a-z0-9.+-]/i;
const BLANK = /\s/;
const PUNCTUATION = /[\p{P}\p{S}]/u;
/** Scripts without blanks, and their signs: marks in them have none beside them, either. */
const RUNS_ON = /[\p{scx=Hani}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{scx=Hang}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}\p{scx=Tibt}\u3000-\u303f\ufe10-\ufe6f\uff00-\uff65]/u;

/** The pieces of a line. */
export function inlines(text: string, isName: IsName): Inline[] {
  return finished(new Scanner(text, isName, escapesOf(text, isName)).pieces(), isName);
}

/** Links and names alone: what programs send is no Markdown. */
export function plainInlines(text: string, isName: IsName): Inline[] {
  return finished(new Scanner(text, isName).pieces(), isName);
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

export function inlineText(found: readonly Inline[]): string {
  return found.map((inline) => ('text' in inline ? inline.text : inlineText(inline.children))).join('');
}

/**
 * The signs that a backslash takes the meaning from somewhere in the text. One before any other sign escapes
 * nothing, and stays: what is pasted from a terminal says what it said there.
 */
function escapesOf(text: string, isName: IsName): ReadonlySet<string> {
  const signs = new Set(['\n']);
  if (!text.includes('\\')) return signs;
  const probe = new Scanner(text, isName, new Set(), (sign) => signs.add(sign));
  const runs = probe.pieces().filter((piece) => piece.type === 'run');
  pair(runs);
  for (const run of runs) {
    if (run.left < run.length && text[run.at - 1] === '\\') signs.add(run.char);
  }
  for (const [, sign, behindNumber] of text.matchAll(AT_START)) signs.add((sign ?? behindNumber)![0]!);
  if (text.includes('](')) for (const sign of '[]()!') signs.add(sign);
  if (text.includes('\\@') && mentionsAt(text.replaceAll('\\@', '@'), isName).length > 0) signs.add('@');
  return signs;
}

class Scanner {
  readonly #text: string;
  readonly #isName: IsName;
  /** What can be escaped; nothing in what is no Markdown. */
  readonly #escapes: ReadonlySet<string> | undefined;
  /** Told of a sign behind a backslash that has a meaning; then backslashes have none. */
  readonly #onSign: ((sign: string) => void) | undefined;
  #at = 0;
  #found: Piece[] = [];
  #brackets: Bracket[] = [];
  /** Lengths of backtick runs that nothing ends from here on. */
  readonly #unended = new Set<number>();
  /** So far, no `@` follows what could be the name in an e-mail address. */
  #noMailBefore = 0;

  constructor(text: string, isName: IsName, escapes?: ReadonlySet<string>, onSign?: (sign: string) => void) {
    this.#text = text;
    this.#isName = isName;
    this.#escapes = escapes;
    this.#onSign = onSign;
  }

  pieces(): Piece[] {
    while (this.#at < this.#text.length) {
      if (!this.#address() && !(this.#escapes && this.#mark())) this.#literal(this.#text[this.#at]!);
    }
    return this.#found;
  }

  #matched(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text);
  }

  #literal(text: string): void {
    const last = this.#found.at(-1);
    if (last?.type === 'text') last.text += text;
    else this.#found.push({ type: 'text', text });
    this.#at += text.length;
  }

  #link(text: string, href: string, length = text.length): boolean {
    const safe = safeHref(href);
    if (!safe) return false;
    this.#found.push({ type: 'link', href: safe, children: [{ type: 'text', text }] });
    this.#at += length;
    return true;
  }

  /** An address or an e-mail address as it stands, where a word begins. */
  #address(): boolean {
    const before = this.#text[this.#at - 1] ?? ' ';
    const now = this.#text[this.#at]!;
    if ('hHwW'.includes(now) && !WORD.test(before)) {
      const address = addressIn(this.#matched(ADDRESS)?.[0] ?? '', before);
      if (address && this.#link(address, /^www/i.test(address) ? `http://${address}` : address)) return true;
    }
    if (this.#at < this.#noMailBefore || !WORD.test(now) || INSIDE_MAIL.test(before)) return false;
    const mail = this.#matched(MAIL)?.[0].replace(/[-_]+$/, '');
    if (mail && this.#link(mail, `mailto:${mail}`)) return true;
    this.#noMailBefore = this.#at + this.#matched(MAIL_NAME)![0].length;
    return false;
  }

  #mark(): boolean {
    switch (this.#text[this.#at]) {
      case '\\': return this.#escaped();
      case '`': return this.#code();
      case '*': case '_': case '~': return this.#run();
      case '<': return this.#angles();
      case '!': return this.#text[this.#at + 1] === '[' && this.#opened('![');
      case '[': return this.#opened('[');
      case ']': return this.#closed();
      default: return false;
    }
  }

  #escaped(): boolean {
    if (this.#onSign) return false;
    const [run, sign = ''] = this.#matched(ESCAPED)!;
    const length = run.length - sign.length;
    const isOdd = length % 2 === 1;
    // Each backslash escapes the next one if the last escapes a sign; else all stay.
    const shown = '\\'.repeat(this.#escapes?.has(sign) ? Math.floor(length / 2) : length);
    this.#found.push({ type: 'escaped', text: isOdd ? shown + sign : shown });
    this.#at += isOdd ? run.length : length;
    return true;
  }

  #code(): boolean {
    const { length } = this.#matched(TICKS)![0];
    const from = this.#at + length;
    const end = this.#unended.has(length) ? -1 : endOfTicks(this.#text, from, length);
    if (end < 0) {
      this.#unended.add(length);
      this.#literal('`'.repeat(length));
      return true;
    }
    this.#tell();
    const inner = this.#text.slice(from, end).replaceAll('\n', ' ');
    // A blank on both sides lets code begin or end with a backtick.
    this.#found.push({ type: 'code', text: /^ .*[^ ].* $/.test(inner) ? inner.slice(1, -1) : inner });
    this.#at = end + length;
    return true;
  }

  #tell(): void {
    if (this.#text[this.#at - 1] === '\\') this.#onSign?.(this.#text[this.#at]!);
  }

  #angles(): boolean {
    const match = this.#matched(ANGLES);
    if (!match) return false;
    const inner = match[1]!;
    this.#tell();
    return this.#link(inner, inner.includes(':') ? inner : `mailto:${inner}`, match[0].length);
  }

  #run(): boolean {
    const text = this.#matched(RUN)![0];
    const before = charBefore(this.#text, this.#at);
    const after = charAfter(this.#text, this.#at + text.length);
    const isLeft = !BLANK.test(after) && (!isSign(after) || isBeside(before));
    const isRight = !BLANK.test(before) && (!isSign(before) || isBeside(after));
    // In `snake_case_names` nothing begins and nothing ends.
    const isWord = text[0] === '_';
    this.#found.push({
      type: 'run', at: this.#at, char: text[0]!, length: text.length, left: text.length, ends: [], begins: [],
      canOpen: isLeft && (!isWord || !isRight || PUNCTUATION.test(before)),
      canClose: isRight && (!isWord || !isLeft || PUNCTUATION.test(after)),
    });
    this.#at += text.length;
    return true;
  }

  #opened(sign: '[' | '!['): boolean {
    this.#brackets.push({ piece: this.#found.length, from: this.#at + sign.length, isImage: sign === '![' });
    this.#found.push({ type: 'escaped', text: sign });
    this.#at += sign.length;
    return true;
  }

  #closed(): boolean {
    const bracket = this.#brackets.pop();
    if (!bracket) return false;
    TARGET.lastIndex = this.#at + 1;
    const match = TARGET.exec(this.#text);
    const href = match && safeHref(match[1] ?? match[2]!.replace(/\\([!-/:-@[-`{-~])/g, '$1'));
    if (!href) return false;
    const inner = this.#found.splice(bracket.piece).slice(1);
    const children = withoutLinks(finished(inner, this.#isName));
    // Pictures of elsewhere are not shown, so that nobody learns who reads.
    const shown = inlineText(children) ? children : [{ type: 'text' as const, text: href }];
    this.#found.push({ type: 'link', href, children: bracket.isImage ? [{ type: 'text', text: inlineText(shown) }] : shown });
    // No link has a link in it; a picture may be one.
    if (!bracket.isImage) this.#brackets = this.#brackets.filter(({ isImage }) => isImage);
    this.#at = TARGET.lastIndex;
    return true;
  }
}

/** Punctuation, but for that of scripts without blanks: beside it a mark begins and ends as beside a letter. */
function isSign(char: string): boolean {
  return PUNCTUATION.test(char) && !RUNS_ON.test(char);
}

/** What a mark may stand behind to begin before a sign, and the reverse. */
function isBeside(char: string): boolean {
  return BLANK.test(char) || PUNCTUATION.test(char) || RUNS_ON.test(char);
}

function endOfTicks(text: string, from: number, length: number): number {
  for (let at = text.indexOf('`', from); at >= 0; at = text.indexOf('`', at)) {
    TICKS.lastIndex = at;
    const run = TICKS.exec(text)![0].length;
    if (run === length) return at;
    at += run;
  }
  return -1;
}

// Whole characters, of which an emoji may be two units.
function charBefore(text: string, at: number): string {
  return at === 0 ? ' ' : (text.slice(Math.max(0, at - 2), at).match(/.$/su)?.[0] ?? ' ');
}

function charAfter(text: string, at: number): string {
  return at >= text.length ? ' ' : String.fromCodePoint(text.codePointAt(at)!);
}

/** Pairs the runs and builds the tree. */
function finished(found: readonly Piece[], isName: IsName): Inline[] {
  pair(found.filter((piece) => piece.type === 'run'));
  const root: Inline[] = [];
  const parents: Inline[][] = [root];
  for (const piece of joined(found)) {
    const parent = parents.at(-1)!;
    if (piece.type === 'run') {
      for (const _ of piece.ends) parents.pop();
      if (piece.left > 0) add(parents.at(-1)!, { type: 'text', text: piece.char.repeat(piece.left) });
      for (const type of piece.begins.toReversed()) parents.push(parents.length > MAX_DEPTH ? parents.at(-1)! : child(parents.at(-1)!, type));
    } else if (piece.type === 'text') {
      for (const inline of withMentions(piece.text, isName)) add(parent, inline);
    } else {
      add(parent, piece.type === 'escaped' ? { type: 'text', text: piece.text } : piece);
    }
  }
  return root;
}

function child(parent: Inline[], type: Mark): Inline[] {
  const children: Inline[] = [];
  parent.push({ type, children });
  return children;
}

/** Text next to text is one text. */
function add(list: Inline[], inline: Inline): void {
  const last = list.at(-1);
  if (inline.type === 'text' && last?.type === 'text') list[list.length - 1] = { type: 'text', text: last.text + inline.text };
  else list.push(inline);
}

/** CommonMark's "process emphasis": each run that can end something looks back for the nearest that began it. */
function pair(runs: readonly Run[]): void {
  const open: Run[] = [];
  /** Below which height of `open` such a run has looked in vain. */
  const floors = new Map<string, number>();
  for (const closer of runs) {
    const kind = `${closer.char}${closer.canOpen}${closer.char === '~' ? closer.length : closer.length % 3}`;
    while (closer.canClose && closer.left > 0) {
      const floor = floors.get(kind) ?? 0;
      let place = open.length - 1;
      while (place >= floor && !doPair(open[place]!, closer)) place -= 1;
      if (place < floor) {
        floors.set(kind, open.length);
        break;
      }
      const opener = open[place]!;
      const used = closer.char === '~' ? closer.length : opener.left > 1 && closer.left > 1 ? 2 : 1;
      const mark = closer.char === '~' ? 'del' : used === 2 ? 'strong' : 'em';
      opener.left -= used;
      closer.left -= used;
      opener.begins.push(mark);
      closer.ends.push(mark);
      open.length = opener.left > 0 ? place + 1 : place;
      for (const [key, height] of floors) floors.set(key, Math.min(height, open.length));
    }
    if (closer.canOpen && closer.left > 0) open.push(closer);
  }
}

function doPair(opener: Run, closer: Run): boolean {
  if (opener.char !== closer.char) return false;
  if (opener.char === '~') return opener.length === closer.length && opener.length <= 2;
  // The rule of three: in `**a*b**` the single one stands for itself.
  const isEither = opener.canClose || closer.canOpen;
  return !isEither || (opener.length + closer.length) % 3 !== 0 || (opener.length % 3 === 0 && closer.length % 3 === 0);
}

/** Runs that stand for themselves join the text around, so that `@a_b` is one name. */
function joined(found: readonly Piece[]): Piece[] {
  const whole: Piece[] = [];
  for (const piece of found) {
    const isText = piece.type === 'run' && piece.left === piece.length;
    const next: Piece = isText ? { type: 'text', text: piece.char.repeat(piece.length) } : piece;
    const last = whole.at(-1);
    if (next.type === 'text' && last?.type === 'text') whole[whole.length - 1] = { type: 'text', text: last.text + next.text };
    else whole.push(next);
  }
  return whole;
}

function withoutLinks(found: readonly Inline[]): Inline[] {
  const plain: Inline[] = [];
  for (const inline of found) {
    if (inline.type === 'link') inline.children.forEach((inner) => add(plain, inner));
    else add(plain, 'children' in inline ? { ...inline, children: withoutLinks(inline.children) } : inline);
  }
  return plain;
}

function withMentions(text: string, isName: IsName): Inline[] {
  const found: Inline[] = [];
  let from = 0;
  for (const { start, end, name } of mentionsAt(text, isName)) {
    if (start > from) found.push({ type: 'text', text: text.slice(from, start) });
    found.push({ type: 'mention', text: text.slice(start, end), name });
    from = end;
  }
  if (from < text.length) found.push({ type: 'text', text: text.slice(from) });
  return found;
}
