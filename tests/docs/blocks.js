// The code blocks of the pages that somebody reads who is new here.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export const PAGES = [
  'README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md',
  ...readdirSync(`${ROOT}docs`).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
  'sdk/typescript/README.md', 'sdk/react/README.md',
];

/**
 * The blocks between fences: `page`, `line`, `language`, `text`, and `reason`, if a comment before the block says
 * why nobody can run it.
 */
export function blocks(page) {
  const lines = readFileSync(ROOT + page, 'utf8').split('\n');
  const found = [];
  let open;
  lines.forEach((line, index) => {
    const fence = /^ *```(.*)$/.exec(line);
    if (!fence) {
      open?.lines.push(line);
    } else if (open) {
      found.push({ ...open, text: open.lines.join('\n') });
      open = undefined;
    } else {
      const reason = /^<!-- not run: (.+) -->$/.exec(lines[index - 1] ?? '')?.[1];
      open = { page, line: index + 1, language: fence[1].trim(), reason, lines: [] };
    }
  });
  return found;
}

/** The block of a page that has this language and these words in it. */
export function block(page, language, words) {
  const found = blocks(page).filter((one) => one.language === language && one.text.includes(words));
  if (found.length !== 1) throw new Error(`${page} has ${found.length} blocks of ${language} with ${words}`);
  return found[0].text;
}
