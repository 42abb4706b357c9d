import { expect, test } from 'vitest';

import arabic from '../i18n/conversation.ar.json';
import english from '../i18n/conversation.en.json';

const names = (entry: unknown) => [...new Set(JSON.stringify(entry).match(/\{\w+\}/g) ?? [])].filter((name) => name !== '{count}').sort();

test('Arabic has every sentence, with the same blanks', () => {
  expect(Object.keys(arabic)).toEqual(Object.keys(english));
  for (const [key, entry] of Object.entries(english)) expect(names(arabic[key as keyof typeof arabic]), key).toEqual(names(entry));
});

test('every plural has a sentence for the rest', () => {
  for (const catalog of [english, arabic]) {
    for (const [key, entry] of Object.entries(catalog)) if (typeof entry === 'object') expect(entry, key).toHaveProperty('other');
  }
});
