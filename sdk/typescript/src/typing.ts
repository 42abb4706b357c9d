/** Who types, and saying so oneself. */

/** What comes faster is not passed on. */
const REPEAT_MS = 3_000;
const EXPIRE_MS = 6_000;

/** The others: each is taken off the list when they stop, send, or fall silent. */
export class Typists {
  ids: readonly string[] = [];
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  set(id: string, on: boolean): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    if (on) this.#timers.set(id, setTimeout(() => this.set(id, false), EXPIRE_MS));
    if (this.ids.includes(id) === on) return;
    this.ids = on ? [...this.ids, id] : this.ids.filter((other) => other !== id);
    this.#onChange();
  }

  clear(): void {
    for (const id of this.ids) this.set(id, false);
  }
}

/** Oneself: at most every three seconds, however often it is called. */
export class Typing {
  readonly #send: (on: boolean) => void;
  #saidAt = -Infinity;

  constructor(send: (on: boolean) => void) {
    this.#send = send;
  }

  set(on: boolean): void {
    // Not `Date.now()`: a clock that is put back would keep it silent for as long.
    const now = performance.now();
    if (on ? now - this.#saidAt < REPEAT_MS : now - this.#saidAt >= EXPIRE_MS) return;
    this.#saidAt = on ? now : -Infinity;
    this.#send(on);
  }

  /** A message ends it without a word. */
  ended(): void {
    this.#saidAt = -Infinity;
  }
}
