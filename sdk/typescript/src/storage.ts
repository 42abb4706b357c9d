/** Where things are kept over a reload, and the locks between tabs. */
import type { ClientOptions, StorageAdapter } from "./api.js";

export function openStorage(choice: ClientOptions["storage"]): StorageAdapter {
  if (typeof choice === "object") return choice;
  if (choice !== "indexeddb" || typeof indexedDB === "undefined") return new Memory();
  // Loaded by those who use it, when they do: a part that can't be loaded now may be at the next call.
  let opened: Promise<StorageAdapter> | undefined;
  const open = () =>
    (opened ??= import("./database.js").then(({ Database }) => new Database(), (error) => {
      opened = undefined;
      throw error;
    }));
  return {
    get: async (key) => (await open()).get(key),
    set: async (key, value) => (await open()).set(key, value),
    delete: async (key) => (await open()).delete(key),
  };
}

/** Where everything of a server is kept, or of one user of it. */
export function scopeOf(base: string, user?: string): string {
  return user === undefined ? `${base}|` : `${base}|user ${encodeURIComponent(user)}|`;
}

/** Everything under keys of one's own. Whatever an adapter does wrong, it comes as a rejection. */
export function prefixed(storage: StorageAdapter, prefix: string): StorageAdapter {
  return {
    get: async (key) => storage.get(prefix + key),
    set: async (key, value) => storage.set(prefix + key, value),
    delete: async (key) => storage.delete(prefix + key),
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
  // A page without an origin of its own may not lock anything.
  webLocks()?.request(name, () => new Promise<void>((resolve) => (release = resolve))).catch(() => {});
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
