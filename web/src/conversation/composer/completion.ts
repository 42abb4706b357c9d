// What is being typed at the caret: `@ali` asks for people, `:tad` for emoji. And how a choice goes in.

import { foldName } from '@chinwag/client';

export interface Trigger {
  kind: 'mention' | 'emoji';
  /** What was typed after the sign. */
  query: string;
  /** Where the sign stands, and where the query ends. */
  start: number;
  end: number;
}

const MIN_EMOJI_CHARS = 2;
// Behind a sign a colon is code or a time: `std::map`, `a[1:10]`. What an `@` may stand behind, the client's rule of
// mentions says.
const AT_CARET = /(?:(?:^|[^\w.-])(@[\p{L}\p{M}\p{N}._-]*)|(?:^|\s)(:[\p{L}\p{M}\p{N}_+-]+))$/u;

export function triggerAt(text: string, caret: number): Trigger | undefined {
  const match = AT_CARET.exec(text.slice(0, caret));
  const typed = match?.[1] ?? match?.[2];
  if (typed === undefined) return undefined;
  const query = typed.slice(1);
  const kind = typed.startsWith('@') ? 'mention' : 'emoji';
  if (kind === 'emoji' && query.length < MIN_EMOJI_CHARS) return undefined;
  return { kind, query, start: caret - typed.length, end: caret };
}

/** The text with the choice in place of what was typed, and a blank behind it. */
export function complete(text: string, { start, end }: Trigger, choice: string): { text: string; caret: number } {
  const after = text.slice(end);
  const space = after.startsWith(' ') ? '' : ' ';
  return { text: text.slice(0, start) + choice + space + after, caret: start + choice.length + 1 };
}

/** A `:short:` name that was typed to its end, if it is one. */
export function closedShortName(text: string, caret: number): { name: string; start: number } | undefined {
  const match = /(?:^|\s):([\p{L}\p{N}_+-]{2,}):$/u.exec(text.slice(0, caret));
  return match ? { name: match[1]!, start: caret - match[1]!.length - 2 } : undefined;
}

export interface Person {
  id: string;
  username: string;
  name: string;
}

/** Who fits what was typed: the start of a username, then of a name, then anywhere. */
export function peopleFor<P extends Person>(people: readonly P[], query: string, limit = 8): P[] {
  const wanted = foldName(query);
  const rankOf = ({ username, name }: Person) => {
    const key = foldName(username);
    if (key.startsWith(wanted)) return 0;
    if (foldName(name).split(/\s+/).some((part) => part.startsWith(wanted))) return 1;
    return key.includes(wanted) ? 2 : 3;
  };
  return people
    .map((person) => ({ person, rank: rankOf(person) }))
    .filter(({ rank }) => rank < 3)
    .sort((one, other) => one.rank - other.rank || one.person.username.localeCompare(other.person.username))
    .slice(0, limit)
    .map(({ person }) => person);
}
