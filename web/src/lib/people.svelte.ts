// Looking people up while somebody types: the last question counts, and a short pause comes before each.

import type { ChatClient, User } from '@chinwag/client';

const PAUSE_MS = 120;

export class PeopleLookup {
  readonly #client: ChatClient;
  readonly #isWanted: (user: User) => boolean;
  found: readonly User[] = $state.raw([]);
  /** What `found` answers. */
  query = $state('');
  isLooking = $state(false);
  problem: unknown = $state.raw();
  #asking: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: ChatClient, isWanted: (user: User) => boolean) {
    this.#client = client;
    this.#isWanted = isWanted;
  }

  ask(query: string): void {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.problem = undefined;
    const wanted = query.trim();
    if (!wanted) {
      this.found = [];
      this.query = '';
      this.isLooking = false;
      return;
    }
    this.isLooking = true;
    this.#timer = setTimeout(() => void this.#look(wanted), PAUSE_MS);
  }

  async #look(query: string): Promise<void> {
    const asking = (this.#asking = new AbortController());
    try {
      const found = await this.#client.users.find(query, { signal: asking.signal });
      if (asking.signal.aborted) return;
      this.found = found.filter(this.#isWanted);
      this.query = query;
    } catch (error) {
      if (asking.signal.aborted) return;
      this.problem = error;
    }
    this.isLooking = false;
  }
}
