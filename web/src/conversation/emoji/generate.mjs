// Slims emojibase to what the picker needs, and deflates it, since a third of the whole page would be emoji else:
// node src/conversation/emoji/generate.mjs > src/conversation/emoji/data.bin
// A test holds data.bin against this.

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';

const require = createRequire(import.meta.url);
/** The groups of Unicode without `component`: skin tones and hair are no emoji of their own. */
const GROUPS = [0, 1, 3, 4, 5, 6, 7, 8, 9];
/** What systems of today can draw. */
const NEWEST_VERSION = 16;
const TONES = ['🏻', '🏼', '🏽', '🏾', '🏿'];

/**
 * A line for each emoji, with tabs between: itself, its name, its short names, words to find it by, `1` if it has
 * skin tones. A short name that is the name with underscores is empty. A blank line ends a group.
 */
export function slim() {
  const emojis = require('emojibase-data/en/data.json');
  const shortNames = require('emojibase-data/en/shortcodes/github.json');
  return GROUPS.map((group) => emojis
    .filter((emoji) => emoji.group === group && emoji.version <= NEWEST_VERSION)
    .sort((one, other) => one.order - other.order)
    .map(({ emoji, label, hexcode, tags = [], skins = [] }) => {
      const plain = qualified(emoji);
      const named = label.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '_');
      const names = [shortNames[hexcode] ?? named].flat();
      // A word is found by its beginning, so what others begin with is found by them.
      const known = [...label.toLowerCase().split(/\W+/), ...names.flatMap((name) => [name, ...name.split('_')])];
      const words = tags.filter((tag) => ![...known, ...tags.filter((other) => other !== tag)].some((other) => other.startsWith(tag)));
      const hasTones = skins.length >= 5 && TONES.every((tone) => skins.some((skin) => qualified(skin.emoji) === withTone(plain, tone)));
      const written = names.map((name) => (name === named ? '' : name));
      return [plain, label, written.join(' '), words.join(' '), ...hasTones ? ['1'] : []].join('\t');
    })
    .join('\n')).join('\n\n');
}

/** U+FE0F only where the character would be drawn as text without it: the spelling that the server uses, too. */
function qualified(emoji) {
  return emoji.replace(/(\p{Emoji_Presentation})\uFE0F/gu, '$1');
}

function withTone(emoji, tone) {
  return emoji.replace(/^(.)\uFE0F?/u, `$1${tone}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(deflateRawSync(slim(), { level: 9, memLevel: 9 }));
}
