/** How long to wait between tries: full jitter, so that a thousand clients do not come back at once. */

/** A connection that held so long is healthy: the next wait is short again. */
const HEALTHY_MS = 30_000;

export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #failures = 0;

  constructor(options: { minMs?: number; maxMs?: number } = {}, random: () => number = Math.random) {
    this.#minMs = options.minMs ?? 500;
    this.#maxMs = options.maxMs ?? 30_000;
    this.#random = random;
  }

  /** The next wait, after a connection that held for `upMs`. */
  next(upMs = 0): number {
    if (upMs >= HEALTHY_MS) this.#failures = 0;
    return this.#random() * Math.min(this.#maxMs, this.#minMs * 2 ** this.#failures++);
  }
}
