// What a person is called, in every place: the display name, or the username of somebody without one. Messages
// and events tell usernames alone; whoever is known by that only is asked for, many in one question.

import type { ChatClient } from '@chinwag/client';

import { t } from '../i18n/index.svelte';

class Names {
  readonly #client: ChatClient;
  readonly #asked = new Set<string>();
  #waiting: string[] = [];
  /** Raised when names came. */
  #version = $state(0);

  constructor(client: ChatClient) {
    this.#client = client;
  }

  of(id: string, username: string): string {
    void this.#version;
    const known = this.#client.users.get(id);
    if ((!known || known.name === known.username) && id !== '') this.#ask(id);
    return known?.name ?? username;
  }

  #ask(id: string): void {
    if (this.#asked.has(id)) return;
    this.#asked.add(id);
    if (this.#waiting.push(id) === 1) setTimeout(() => void this.#load());
  }

  async #load(): Promise<void> {
    const ids = this.#waiting;
    this.#waiting = [];
    try {
      if ((await this.#client.users.load(ids)).some(({ name, username }) => name !== username)) this.#version += 1;
    } catch {
      // Asked for again when they are shown the next time.
      for (const id of ids) this.#asked.delete(id);
    }
  }
}

const all = new WeakMap<ChatClient, Names>();

/** What to call a person. Reactive. `username` is what is shown until more is known. */
export function nameOf(client: ChatClient, id: string, username = ''): string {
  let names = all.get(client);
  if (!names) all.set(client, (names = new Names(client)));
  return names.of(id, username);
}

/** The same for what is said once: waits until it is known. */
export async function nameFor(client: ChatClient, id: string, username: string): Promise<string> {
  const known = client.users.get(id);
  if (known && known.name !== known.username) return known.name;
  const [user] = await client.users.load([id]).catch(() => []);
  return user?.name ?? username;
}

/** The second line below a name: the username, if it is not the name already. */
export function handleOf({ name, username }: { name: string; username: string }): string {
  return name === username ? '' : `@${username}`;
}

/** Of two people of one name each is told with the username. */
export function apart(name: string, username: string): string {
  return t('people.apart', { name, username });
}
