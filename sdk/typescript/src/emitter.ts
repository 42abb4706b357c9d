/** Events and snapshots: how everything here tells that it changed. */
import type { AbortSignal, Emitter } from "./api.js";
import { attempt, type Log } from "./report.js";

/** Events that a slow reader of `events()` may be behind. */
const QUEUE = 1000;

type Listener = (event: never) => void;

export class Events<E> implements Emitter<E> {
  readonly #log: Log;
  readonly #listeners = new Map<keyof E, Set<Listener>>();
  readonly #readers = new Set<(event: unknown) => void>();

  constructor(log: Log) {
    this.#log = log;
  }

  on<K extends keyof E>(event: K, fn: (event: E[K]) => void, opts: { signal?: AbortSignal } = {}): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    const remove = () => void listeners.delete(fn as Listener);
    if (opts.signal?.aborted) return remove;
    this.#listeners.set(event, listeners.add(fn as Listener));
    opts.signal?.addEventListener("abort", remove, { once: true });
    return remove;
  }

  events(opts: { signal?: AbortSignal } = {}): AsyncGenerator<{ [K in keyof E]: { type: K } & E[K] }[keyof E]> {
    const queue: unknown[] = [];
    let wake = () => {};
    const read = (event: unknown) => {
      if (queue.push(event) > QUEUE) queue.shift();
      wake();
    };
    this.#readers.add(read);
    opts.signal?.addEventListener("abort", () => wake());
    return (async function* (readers) {
      try {
        for (;;) {
          while (queue.length > 0) yield queue.shift() as never;
          if (opts.signal?.aborted) return;
          await new Promise<void>((resolve) => (wake = resolve));
        }
      } finally {
        readers.delete(read);
      }
    })(this.#readers);
  }

  emit<K extends keyof E>(type: K, event: E[K]): void {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) {
      guarded(this.#log, () => (listener as (event: E[K]) => void)(event));
    }
    for (const reader of this.#readers) reader({ type, ...event });
  }
}

/** Tells its subscribers once for all changes of one turn; a snapshot is made when somebody asks. */
export class Store<S> {
  readonly #subscribers = new Set<() => void>();
  readonly #make: () => S;
  readonly #log: Log;
  #snapshot?: S;
  #isTold = true;

  constructor(log: Log, make: () => S) {
    this.#log = log;
    this.#make = make;
  }

  readonly subscribe = (onChange: () => void): (() => void) => {
    // A function of its own, so that the same one may subscribe twice.
    const subscriber = () => onChange();
    this.#subscribers.add(subscriber);
    return () => void this.#subscribers.delete(subscriber);
  };

  readonly get = (): S => (this.#snapshot ??= this.#make());

  changed(): void {
    this.#snapshot = undefined;
    if (!this.#isTold) return;
    this.#isTold = false;
    queueMicrotask(() => {
      this.#isTold = true;
      for (const subscriber of [...this.#subscribers]) guarded(this.#log, subscriber);
    });
  }
}

/** An application's fault in a listener must not stop the client, nor the process. */
function guarded(log: Log, listener: () => void): void {
  void attempt(listener, (error) => log("error", `a listener failed: ${String(error)}`, error));
}
