// The words of the page. A catalog is a flat JSON file; a value is a sentence with `{names}`, or one sentence
// for each plural category, chosen by `count`. English is always there; another language is loaded when it is
// chosen, and what it lacks is shown in English.

import { settings } from '../lib/settings.svelte';
import conversation from './conversation.en.json';
import shell from './shell.en.json';

type Later = typeof import('./later.en.json');
export type Key = keyof typeof shell | keyof typeof conversation | Exclude<keyof Later, 'default'>;
type Plural = Partial<Record<Intl.LDMLPluralRule, string>>;
type Catalog = Partial<Record<Key, string | Plural>>;
export type Params = Record<string, string | number>;

export const LANGUAGES = { en: 'English', ar: 'العربية' } as const;
const english: Catalog = { ...shell, ...conversation };
type Language = keyof typeof LANGUAGES;
const RIGHT_TO_LEFT: ReadonlySet<string> = new Set(['ar']);
// Around what a sentence is filled with: a Latin name then keeps its signs on their side, and so do its neighbours.
const [ISOLATE, END] = ['\u2068', '\u2069'];

const OTHERS: Record<Exclude<Language, 'en'>, () => Promise<Catalog>> = {
  ar: async () => (await import('./ar')).default,
};

let catalog = $state.raw<Catalog>(english);
let language = $state<Language>('en');

function wanted(): Language {
  if (settings.language !== 'system') return settings.language;
  const known = navigator.languages.map((tag) => tag.split('-')[0]).find((tag) => tag !== undefined && tag in LANGUAGES);
  return (known as Language | undefined) ?? 'en';
}

// The region matters for times and dates: en-GB and en-US differ.
function tagOf(chosen: Language): string {
  return navigator.languages.find((tag) => tag.split('-')[0] === chosen) ?? chosen;
}

const locale = $derived(tagOf(language));
const plurals = $derived(new Intl.PluralRules(locale));
const numbers = $derived(new Intl.NumberFormat(locale));
const signs = $derived([...'0123456789'].map((digit) => numbers.format(Number(digit))));

/** English of a part that is loaded later. It comes before the part is shown, so nothing has to be told of it. */
export function addWords(words: Catalog): void {
  Object.assign(english, words);
}

/** Loads the chosen language and keeps `lang` and `dir` right. Resolves when the first one is there. */
export async function applyLanguage(): Promise<void> {
  const chosen = wanted();
  const loaded = chosen === 'en' ? english : await OTHERS[chosen]().catch(() => english);
  if (chosen !== wanted()) return;
  catalog = loaded;
  language = chosen;
  document.documentElement.lang = chosen;
  document.documentElement.dir = RIGHT_TO_LEFT.has(chosen) ? 'rtl' : 'ltr';
}

/** The sentence in the chosen language. `count` chooses the plural; its own numbers and those it is filled with are written as the reader's region does. */
export function t(key: Key, params: Params = {}): string {
  const entry = catalog[key] ?? english[key] ?? key;
  const text = typeof entry === 'string' ? entry : (entry[plurals.select(Number(params.count))] ?? entry.other ?? key);
  const written = signs[0] === '0' ? text : text.replace(/\d/g, (digit) => signs[Number(digit)] ?? digit);
  return written.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    if (value === undefined) return whole;
    if (typeof value === 'number') return numbers.format(value);
    return RIGHT_TO_LEFT.has(language) ? ISOLATE + value + END : value;
  });
}

/** A number that stands alone, in the digits of every other one. */
export function digits(value: number): string {
  return numbers.format(value);
}

/** For `Intl`: the language with the reader's region. Reactive. */
export function currentLocale(): string {
  return locale;
}
