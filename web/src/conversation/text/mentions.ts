// Whom a text names with `@`, by the server's own rule, so that what is highlighted is what was counted.

export interface Mention {
  start: number;
  end: number;
  /** In lower case, without the `@`. */
  name: string;
}

const MENTION = /@([\p{Alphabetic}\p{N}._-]+)/gu;

export function mentionsIn(text: string): Mention[] {
  const found: Mention[] = [];
  for (const match of text.matchAll(MENTION)) {
    // In `alice@example.com` nobody is named. Scripts without spaces may name somebody anywhere.
    if (/[\w.-]/.test(text[match.index - 1] ?? ' ')) continue;
    const name = match[1]!.replace(/[.-]+$/, '');
    if (name) found.push({ start: match.index, end: match.index + 1 + name.length, name: name.toLowerCase() });
  }
  return found;
}
