// Every language says everything that English says, with the same names in it and the plurals that it knows.

import { describe, expect, test } from 'vitest';
import conversationAr from '../src/i18n/conversation.ar.json';
import conversationEn from '../src/i18n/conversation.en.json';
import laterAr from '../src/i18n/later.ar.json';
import laterEn from '../src/i18n/later.en.json';
import shellAr from '../src/i18n/shell.ar.json';
import shellEn from '../src/i18n/shell.en.json';

type Catalog = Record<string, string | Record<string, string>>;
const pairs: [string, Catalog, Catalog][] = [
  ['shell', shellEn, shellAr],
  ['later', laterEn, laterAr],
  ['conversation', conversationEn, conversationAr],
];
const namesIn = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

describe.each(pairs)('%s', (_area, english, arabic) => {
  test('has the same entries in both languages', () => {
    expect(Object.keys(arabic)).toEqual(Object.keys(english));
  });

  test('names the same things in both languages', () => {
    for (const [key, entry] of Object.entries(english)) {
      const other = arabic[key];
      if (typeof entry === 'string') expect(namesIn(String(other)), key).toEqual(namesIn(entry));
    }
  });

  test('has no plural that its language does not know, and always the general one', () => {
    for (const [catalog, language] of [[english, 'en'], [arabic, 'ar']] as const) {
      const { pluralCategories } = new Intl.PluralRules(language).resolvedOptions();
      for (const [key, entry] of Object.entries(catalog)) {
        if (typeof entry === 'string') continue;
        expect(pluralCategories, key).toEqual(expect.arrayContaining(Object.keys(entry)));
        expect(entry, key).toHaveProperty('other');
      }
    }
  });
});

test('no key is in two areas', () => {
  const keys = pairs.flatMap(([, english]) => Object.keys(english));
  expect(keys.filter((key, place) => keys.indexOf(key) !== place)).toEqual([]);
});
