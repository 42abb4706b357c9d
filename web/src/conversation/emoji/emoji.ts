// Emoji: the catalog (a file of its own, loaded when somebody wants to pick one), search, skin tones, and
// the ones used last.

import data from './data.bin?url';

export interface Emoji {
  char: string;
  name: string;
  shortNames: string[];
  words: string[];
  hasTones: boolean;
}

export const GROUPS = ['smileys', 'people', 'animals', 'food', 'travel', 'activities', 'objects', 'symbols', 'flags'] as const;
export type Catalog = readonly (readonly Emoji[])[];

/** 0 is the yellow of Unicode, 1 to 5 are light to dark. */
export type Tone = 0 | 1 | 2 | 3 | 4 | 5;
export const TONES = ['', '🏻', '🏼', '🏽', '🏾', '🏿'] as const;

/** One press away, always in this order. */
export const QUICK = ['👍', '❤️', '😂', '🎉', '👀', '🙏'] as const;

export const MAX_RECENT = 24;
/** Until somebody has used any. */
export const FIRST_RECENT = ['👍', '❤️', '😂', '🎉', '😮', '😢', '🙏', '👀'];

let loading: Promise<Catalog> | undefined;

export function loadCatalog(): Promise<Catalog> {
  loading ??= load().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<Catalog> {
  const { body, ok } = await fetch(data);
  if (!ok || !body) throw new Error('the emoji are not there');
  return catalogOf(await new Response(body.pipeThrough(new DecompressionStream('deflate-raw'))).text());
}

/** `generate.mjs` says how they are written down. */
export function catalogOf(text: string): Catalog {
  return text.split('\n\n').map((group) => group.split('\n').map((line) => {
    const [char = '', name = '', shortNames = '', words = '', tones] = line.split('\t');
    const named = name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '_');
    return { char, name, shortNames: shortNames.split(' ').map((short) => short || named), words: words.split(' '), hasTones: tones === '1' };
  }));
}

/** The emoji in a skin tone, if it has any. */
export function inTone(emoji: Emoji, tone: Tone): string {
  if (!emoji.hasTones || tone === 0) return emoji.char;
  return emoji.char.replace(/^(.)\uFE0F?/u, `$1${TONES[tone]}`);
}

/** What fits the words, best first: a short name that begins so, then a word of the name, then any word. */
export function searchEmoji(catalog: Catalog, query: string, limit: number): Emoji[] {
  const wanted = query.toLowerCase().replace(/:/g, '').split(/[\s_]+/).filter(Boolean);
  if (wanted.length === 0) return [];
  const whole = wanted.join('_');
  const found: { emoji: Emoji; rank: number }[] = [];
  for (const emoji of catalog.flat()) {
    const rank = rankOf(emoji, wanted, whole);
    if (rank !== undefined) found.push({ emoji, rank });
  }
  return found.sort((one, other) => one.rank - other.rank).slice(0, limit).map(({ emoji }) => emoji);
}

function rankOf({ name, shortNames, words }: Emoji, wanted: string[], whole: string): number | undefined {
  if (shortNames.includes(whole)) return 0;
  if (shortNames.some((short) => short.startsWith(whole))) return 1;
  const named = [...name.toLowerCase().split(/\W+/), ...shortNames.flatMap((short) => short.split('_'))];
  if (wanted.every((word) => named.some((known) => known.startsWith(word)))) return 2;
  const all = [...named, ...words];
  return wanted.every((word) => all.some((known) => known.startsWith(word))) ? 3 : undefined;
}

export function withRecent(recent: readonly string[], char: string): string[] {
  return [char, ...recent.filter((other) => other !== char)].slice(0, MAX_RECENT);
}

/** The name of an emoji in any tone, for people who cannot see it. */
export function nameOf(catalog: Catalog, char: string): string | undefined {
  const plain = char.replace(/\p{Emoji_Modifier}/gu, '');
  return catalog.flat().find((emoji) => emoji.char === char || emoji.char.replace(/\uFE0F/g, '') === plain.replace(/\uFE0F/g, ''))?.name;
}
