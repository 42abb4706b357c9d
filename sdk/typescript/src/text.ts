/**
 * Whom a text names with `@`: by the server's own rule, so that what is shown is what was counted.
 *
 * A mention is the longest name that the letters behind an `@` begin with and that ends where a name can end.
 * Nobody is named in code, in an address or in an e-mail address.
 */
import type { Message } from "./api.js";

export interface Mention {
  /** Where its `@` stands, and where the name ends. */
  start: number;
  end: number;
  /** As `isName` knew it: see {@link foldName}. */
  name: string;
}

const MAX_NAME_CHARS = 64;
/** Quotes and items inside each other; deeper ones are text. */
const MAX_DEPTH = 6;

const of = (property: string, names: string) => names.split(" ").map((name) => `\\p{${property}=${name}}`);
/** Written without blanks, or with endings that belong to the sentence: a name may end behind any letter. */
const RUN_ON = new RegExp(`[${of("scx", "Hani Hira Kana Bopo Hang Thai Laoo Khmr Mymr Tibt").join("")}]`, "u");
/** Where one of these meets another, a name ends. */
const APART = of("sc", "Latn Grek Cyrl Armn Hebr Arab Deva Beng Guru Gujr Orya Taml Telu Knda Mlym Sinh Geor Ethi").map((sign) => new RegExp(sign, "u"));
const IGNORABLE = /\p{Default_Ignorable_Code_Point}/u;
const NAME = /[\p{L}\p{M}\p{N}._-]/u;
const MARK = /[\p{M}\u1160-\u11ff\ud7b0-\ud7ff]/u;
const LETTER = /[\p{Alphabetic}\p{M}\p{N}]/u;
/** What an address goes on with. */
const WORD = /[\p{Alphabetic}\p{M}\p{N}!#-;=?-~]/u;
const ESCAPE = /\\[!-/:-@[-`{-~]/y;

/** Equal for two names that differ only in their form or in the case of their letters. */
export function foldName(name: string): string {
  // Each by itself: a sigma at the end of a word has a lower case of its own. And no dotless i is an i.
  const letters = [...name.normalize("NFC")].map((letter) => (letter === "ı" ? letter : letter.toUpperCase().toLowerCase()));
  return letters.join("").normalize("NFC");
}

/** The name of somebody, in lower case, by its {@link foldName}. */
export type Known = (name: string) => string | undefined;

/** The names in a text, each once. A name of nobody known goes as far as its letters do. */
export function mentionsIn(content: string, format: Message["format"], known: Known = () => undefined): string[] {
  if (!content.includes("@")) return [];
  const isMarkdown = format === "markdown";
  const texts = isMarkdown ? paragraphs(content) : [content];
  const found = texts.flatMap((text) => scan(text, isMarkdown, (name) => known(name) !== undefined, true));
  return [...new Set(found.map(({ name }) => known(name) ?? name))];
}

/** The mentions in a piece of text that has no Markdown in it, with their places: to highlight them. */
export function mentionsAt(text: string, isName: (name: string) => boolean): Mention[] {
  return text.includes("@") ? scan(text, false, isName, false) : [];
}

function scan(text: string, isMarkdown: boolean, isName: (name: string) => boolean, withUnknown: boolean): Mention[] {
  const found: Mention[] = [];
  /** Lengths of backtick runs that nothing ends from here on. */
  const unended = new Set<number>();
  let [at, nameEnd, word, isAddress] = [0, -1, 0, false];
  while (at < text.length) {
    const sign = String.fromCodePoint(text.codePointAt(at)!);
    ESCAPE.lastIndex = at;
    if (isMarkdown && ESCAPE.test(text)) {
      at += 2;
      continue;
    }
    if (isMarkdown && sign === "`") {
      word = at = codeEnd(text, at, unended);
      isAddress = false;
      continue;
    }
    if (sign === "@" && (at === nameEnd || !(isAddress || isMail(text, at)))) {
      const letters = lettersFrom(text, at + 1);
      nameEnd = at + 1 + letters.join("").length;
      const names = ends(letters).map((count) => letters.slice(0, count).join(""));
      let name = names.find((text) => isName(foldName(text)));
      if (name === undefined && withUnknown) name = unknown(letters);
      if (name) found.push({ start: at, end: at + 1 + name.length, name: foldName(name) });
    }
    at += sign.length;
    if (!WORD.test(sign)) [word, isAddress] = [at, false];
    else if (sign === "/" || sign === ".") isAddress ||= text.startsWith("://", at - 3) && at - 3 >= word || /^www\.$/i.test(text.slice(word, at));
  }
  return found;
}

/** The place behind the code that begins here, or behind its backticks if nothing ends it. */
function codeEnd(text: string, at: number, unended: Set<number>): number {
  const length = ticks(text, at);
  const from = at + length;
  if (unended.has(length)) return from;
  for (let place = text.indexOf("`", from); place >= 0; place = text.indexOf("`", place)) {
    const run = ticks(text, place);
    place += run;
    if (run === length) return place;
  }
  unended.add(length);
  return from;
}

function ticks(text: string, at: number): number {
  let end = at;
  while (text[end] === "`") end += 1;
  return end - at;
}

/** Whether an `@` here stands in an e-mail address. Scripts without blanks may name somebody anywhere. */
function isMail(text: string, at: number): boolean {
  let end = at;
  while (end > 0 && "_+-".includes(text[end - 1]!)) end -= 1;
  const last = [...text.slice(Math.max(0, end - 2), end)].at(-1) ?? " ";
  return LETTER.test(last) && !RUN_ON.test(last);
}

function lettersFrom(text: string, from: number): string[] {
  const letters: string[] = [];
  for (let at = from; at < text.length; ) {
    const letter = String.fromCodePoint(text.codePointAt(at)!);
    if (!NAME.test(letter) || IGNORABLE.test(letter)) break;
    letters.push(letter);
    at += letter.length;
  }
  return letters;
}

/** How many letters a name may have, the longest first. */
function ends(letters: readonly string[]): number[] {
  const counts = [];
  for (let count = Math.min(letters.length, MAX_NAME_CHARS); count > 0; count -= 1) {
    if (count === letters.length || mayEnd(letters[count - 1]!, letters[count]!)) counts.push(count);
  }
  return counts;
}

function mayEnd(before: string, after: string): boolean {
  if (MARK.test(after)) return false;
  return "._-".includes(after) || RUN_ON.test(before) || RUN_ON.test(after) || meet(before, after);
}

function meet(before: string, after: string): boolean {
  const [one, other] = [before, after].map((letter) => APART.findIndex((script) => script.test(letter)));
  return one !== other && one !== -1 && other !== -1;
}

/** As far as the letters of one hand go, without the signs that end a sentence. */
function unknown(letters: readonly string[]): string {
  const change = letters.findIndex((letter, place) => place > 0 && !MARK.test(letter) && (meet(letters[place - 1]!, letter) || isChange(letters[place - 1]!, letter)));
  return letters.slice(0, change < 0 ? MAX_NAME_CHARS : change).join("").replace(/[._-]+$/, "");
}

function isChange(before: string, after: string): boolean {
  return /\p{L}|\p{N}/u.test(before) && RUN_ON.test(before) !== RUN_ON.test(after) && /\p{L}/u.test(after);
}

const isEmpty = (line: string) => line.trim() === "";
/** In columns; a tab is four. */
const indentOf = (line: string) => [.../^[ \t]*/.exec(line)![0]].reduce((sum, blank) => sum + (blank === "\t" ? 4 : 1), 0);
const withoutIndent = (line: string, columns: number): string => {
  let at = 0;
  for (let left = columns; left > 0 && (line[at] === " " || line[at] === "\t"); at += 1) left -= line[at] === "\t" ? 4 : 1;
  return line.slice(at);
};
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-+*]|\d{1,9}[.)]) {1,4}(?=\S)/;
const FENCE = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/;

/** What stands in no block of code: a quote says so on each of its lines, an item by its blanks. */
function paragraphs(content: string): string[] {
  const found: string[] = [];
  /** A quote is nothing; an item has the blanks that its lines begin with at least, and what they lose. */
  let inside: (undefined | { least: number; width: number })[] = [];
  let fence: string | undefined;
  let paragraph = "";
  /** Nothing stands right above: blanks make code. */
  let isFirst = true;
  const end = () => {
    if (paragraph) found.push(paragraph);
    paragraph = "";
  };
  for (const line of content.split(/\r?\n/)) {
    let rest = line;
    const left = inside.findIndex((item) => {
      if (item ? !isEmpty(rest) && indentOf(rest) < item.least : !QUOTE.test(rest)) return true;
      rest = item ? withoutIndent(rest, item.width) : rest.replace(QUOTE, "");
      return false;
    });
    if (left >= 0) {
      inside = inside.slice(0, left);
      fence = undefined;
      end();
    }
    if (fence) {
      const run = /^ {0,3}(`+|~+)\s*$/.exec(rest)?.[1];
      if (run?.startsWith(fence)) fence = undefined;
      continue;
    }
    if (isEmpty(rest)) {
      end();
      isFirst = true;
      continue;
    }
    for (let item; inside.length < MAX_DEPTH; end(), isFirst = true) {
      if (QUOTE.test(rest)) {
        inside.push(undefined);
        rest = rest.replace(QUOTE, "");
      } else if ((item = ITEM.exec(rest)) && (!paragraph || /^([-+*]|1[.)])$/.test(item[2]!))) {
        const width = item[0].length;
        inside.push({ least: Math.min(width, item[1]!.length + 2), width });
        rest = rest.slice(width);
      } else break;
    }
    fence = FENCE.exec(rest)?.[1];
    if (fence) end();
    else if (!(isFirst && indentOf(rest) >= 4)) paragraph += `${rest.trim()}\n`;
    else continue;
    isFirst = false;
  }
  end();
  return found;
}
