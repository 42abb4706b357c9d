/** The storage of browsers. */
import type { StorageAdapter } from "./api.js";

const DATABASE = "chinwag";
const TABLE = "kept";

export class Database implements StorageAdapter {
  #opened?: Promise<IDBDatabase>;

  get(key: string): Promise<unknown> {
    return this.#request("readonly", (table) => table.get(key));
  }

  async set(key: string, value: unknown): Promise<void> {
    await this.#request("readwrite", (table) => table.put(value, key));
  }

  async delete(key: string): Promise<void> {
    await this.#request("readwrite", (table) => table.delete(key));
  }

  async #request<T>(mode: IDBTransactionMode, ask: (table: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    const database = await (this.#opened ??= this.#open());
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(TABLE, mode);
      const request = ask(transaction.objectStore(TABLE));
      // Not waiting for the answer: a page that goes now would take the write with it.
      if (mode === "readwrite") transaction.commit();
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = transaction.onerror = () => reject(transaction.error ?? request.error);
    });
  }

  #open(): Promise<IDBDatabase> {
    return new Promise((resolve, reject) => {
      const request = indexedDB.open(DATABASE, 1);
      request.onupgradeneeded = () => void request.result.createObjectStore(TABLE);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  }
}
