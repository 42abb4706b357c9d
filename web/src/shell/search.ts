// What the search dialog asks the server for, and where its words stand in an answer.

export interface Filters {
  conversationId: string;
  from: string;
  /** Days as a date field has them, both included. */
  after: string;
  before: string;
}

/** The server's own language of filters; empty if there is nothing to search for. */
export function queryOf(text: string, { conversationId, from, after, before }: Filters): string {
  const words = inOwnDays(text.trim());
  const name = from.trim().replace(/^@/, '');
  // A day alone finds nothing: it narrows what the rest names.
  if (!words && !name && !conversationId) return '';
  const parts = [words];
  if (name && !/\s/.test(name)) parts.push(`from:${name}`);
  if (after) parts.push(`after:${startOf(after)}`);
  if (before) parts.push(`before:${startOf(before, 1)}`);
  return parts.filter(Boolean).join(' ') || `in:${conversationId}`;
}

// A day alone is one of UTC for the server. Who searches means their own, so it is sent as the moment that it began,
// or the one `later` days behind it. What is no day is left for the server to refuse.
function startOf(day: string, later = 0): string {
  const [year = 0, month = 0, date = 0] = day.split('-').map(Number);
  const isDay = new Date(year, month - 1, date).getDate() === date;
  return isDay ? new Date(year, month - 1, date + later).toISOString() : day;
}

// The same for days among the words; what stands in quotes is no filter.
function inOwnDays(words: string): string {
  const parts = words.split('"').map((part, place) =>
    place % 2 === 1 ? part : part.replace(/(?<!\S)(before|after):(\d{4}-\d\d-\d\d)(?!\S)/g, (_, filter: string, day: string) => `${filter}:${startOf(day)}`),
  );
  return parts.join('"');
}

export interface Part {
  text: string;
  isFound: boolean;
}

/** The words of a query within a text, in the order of the text. */
export function marked(text: string, query: string): Part[] {
  const words = wordsOf(query);
  if (words.length === 0) return [{ text, isFound: false }];
  const pattern = new RegExp(`(${words.map(escaped).join('|')})`, 'giu');
  return text
    .split(pattern)
    .map((part, place) => ({ text: part, isFound: place % 2 === 1 }))
    .filter((part) => part.text);
}

function wordsOf(query: string): string[] {
  const words: string[] = [];
  for (const [, quoted, word] of query.matchAll(/"([^"]+)"|(\S+)/g)) {
    if (quoted) words.push(quoted);
    else if (word && !/^(in|from|before|after):/i.test(word)) words.push(word.replaceAll('"', ''));
  }
  // Longer ones first, so that a part of a word does not hide the whole.
  return words.filter(Boolean).sort((a, b) => b.length - a.length);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
