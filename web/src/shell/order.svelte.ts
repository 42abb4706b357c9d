// The order of the list of conversations. Contents change at once; places change only while nobody is about
// to press one: a pointer or the focus in the list holds every row where it is for a second.

const HOLD_MS = 1000;

export class Order {
  #held = $state.raw<readonly string[]>([]);
  #heldUntil = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wanted: readonly string[] = [];

  /** Somebody points at the list, or walks in it. */
  hold(): void {
    this.#heldUntil = performance.now() + HOLD_MS;
  }

  /** Tells the order that it should have. Called from an effect. */
  want(ids: readonly string[]): void {
    this.#wanted = ids;
    const wait = this.#heldUntil - performance.now();
    if (wait <= 0) this.#held = ids;
    else this.#timer ??= setTimeout(() => this.#again(), wait);
  }

  /** The same things in the order as it is held; what is new comes first. */
  arrange<T extends { id: string }>(items: readonly T[]): T[] {
    const places = new Map(this.#held.map((id, place) => [id, place]));
    return [...items].sort((a, b) => (places.get(a.id) ?? -1) - (places.get(b.id) ?? -1));
  }

  #again(): void {
    this.#timer = undefined;
    this.want(this.#wanted);
  }
}
