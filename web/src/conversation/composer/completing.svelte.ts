// What the word at the caret may become: people behind `@`, emoji behind `:`, and which of them is chosen.

import { handleOf } from '../../lib/names.svelte';
import { inTone, loadCatalog, searchEmoji, type Catalog } from '../emoji/emoji';
import { emojiTone, used } from '../emoji/habits.svelte';
import type { View } from '../view.svelte';
import { complete, peopleFor, triggerAt, type Trigger } from './completion';
import type { Option } from './Completions.svelte';

const MAX_OPTIONS = 8;

export class Completing {
  trigger = $state.raw<Trigger>();
  /** The chosen option; before anything is chosen, none. */
  at = $state(-1);
  #catalog = $state.raw<Catalog>();
  readonly #here: View;

  constructor(here: View) {
    this.#here = here;
  }

  readonly options = $derived.by((): Option[] => {
    const { trigger } = this;
    if (!trigger) return [];
    if (trigger.kind === 'mention') {
      const people = peopleFor(this.#here.members.filter((member) => member.id !== this.#here.meId), trigger.query, MAX_OPTIONS);
      // A name typed to its end needs no choice: Enter sends.
      if (people[0]?.username.toLowerCase() === trigger.query.toLowerCase()) return [];
      return people.map((person) => ({
        key: person.id, text: `@${person.username}`, label: person.name, about: handleOf(person), personId: person.id,
      }));
    }
    return (this.#catalog ? searchEmoji(this.#catalog, trigger.query, MAX_OPTIONS) : []).map((emoji) => {
      const char = inTone(emoji, emojiTone());
      return { key: emoji.char, text: char, label: `:${emoji.shortNames[0]}:`, emoji: char };
    });
  });

  /** Looks at the word before the caret; without a caret, as while text is selected, there is none. */
  look(text: string, caret: number | undefined): void {
    this.trigger = caret === undefined ? undefined : triggerAt(text, caret);
    // A name is what `@` is for; an emoji may be meant as it stands, as in `:map`.
    this.at = this.trigger?.kind === 'mention' ? 0 : -1;
    if (this.trigger?.kind === 'emoji') void this.#load();
  }

  end(): void {
    this.trigger = undefined;
  }

  /** What a key does to the options: it takes one, or moves among them; undefined if it is meant for the text. */
  press(key: string): Option | 'moved' | undefined {
    const { options, at } = this;
    if (options.length === 0) return undefined;
    if (key === 'Tab' || (key === 'Enter' && at >= 0)) return options[Math.max(at, 0)];
    if (key === 'ArrowDown') this.at = (at + 1) % options.length;
    else if (key === 'ArrowUp') this.at = (Math.max(at, 0) - 1 + options.length) % options.length;
    else if (key === 'Escape') this.end();
    else return undefined;
    return 'moved';
  }

  /** The text with an option in place of the word. */
  take(option: Option, text: string): { text: string; caret: number } | undefined {
    const { trigger } = this;
    if (!trigger) return undefined;
    if (trigger.kind === 'emoji') used(option.text);
    this.end();
    return complete(text, trigger, option.text);
  }

  /** The emoji of a short name that was typed to its end. */
  async emojiOf(name: string): Promise<string | undefined> {
    const found = (await this.#load())?.flat().find(({ shortNames }) => shortNames.includes(name));
    return found && inTone(found, emojiTone());
  }

  async #load(): Promise<Catalog | undefined> {
    return (this.#catalog ??= await loadCatalog().catch(() => undefined));
  }
}
