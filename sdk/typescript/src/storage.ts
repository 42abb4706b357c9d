/** Where things are kept over a reload, and the locks between tabs. */
import type { ClientOptions, StorageAdapter } from "./api.js";

export function openStorage(choice: ClientOptions["storage"]): StorageAdapter {
  if (typeof choice === "object") return choice;
  if (choice !== "indexeddb" || typeof indexedDB === "undefined") return new Memory();
  // Loaded by those who use it.
  const opened = import("./database.js").then(({ Database }) => new Database());
  return {
    get: async (key) => (await opened).get(key),
    set: async (key, value) => (await opened).set(key, value),
    delete: async (key) => (await opened).delete(key),
  };
}

/** Everything under keys of one's own. */
export function prefixed(storage: StorageAdapter, prefix: string): StorageAdapter {
  return {
    get: (key) => storage.get(prefix + key),
    set: (key, value) => storage.set(prefix + key, value),
    delete: (key) => storage.delete(prefix + key),
  };
}

class Memory implements StorageAdapter {
  readonly #values = new Map<string, unknown>();

  async get(key: string): Promise<unknown> {
    return this.#values.get(key);
  }

  async set(key: string, value: unknown): Promise<void> {
    this.#values.set(key, value);
  }

  async delete(key: string): Promise<void> {
    this.#values.delete(key);
  }
}

const chains = new Map<string, Promise<unknown>>();

/** One at a time in all tabs; without Web Locks (Node, insecure pages) in this one. */
export function exclusive<T>(name: string, job: () => Promise<T>): Promise<T> {
  const locks = webLocks();
  if (locks) return locks.request(name, job) as Promise<T>;
  const turn = (chains.get(name) ?? Promise.resolve()).then(job, job);
  chains.set(name, turn.catch(() => {}));
  return turn;
}

/** Holds a name for as long as this page lives, or until the answer is called. */
export function hold(name: string): () => void {
  let release = () => {};
  void webLocks()?.request(name, () => new Promise<void>((resolve) => (release = resolve)));
  return () => release();
}

/** The names that living pages hold. */
export async function held(): Promise<Set<string | undefined>> {
  const state = await webLocks()?.query();
  return new Set(state?.held?.map((lock) => lock.name));
}

function webLocks(): LockManager | undefined {
  return typeof navigator === "undefined" ? undefined : navigator.locks;
}
