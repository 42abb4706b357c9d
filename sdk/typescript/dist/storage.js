const DATABASE = "chinwag";
const TABLE = "kept";
export function openStorage(choice) {
    if (typeof choice === "object")
        return choice;
    return choice === "indexeddb" && typeof indexedDB !== "undefined" ? new Database() : new Memory();
}
/** Everything under keys of one's own. */
export function prefixed(storage, prefix) {
    return {
        get: (key) => storage.get(prefix + key),
        set: (key, value) => storage.set(prefix + key, value),
        delete: (key) => storage.delete(prefix + key),
    };
}
class Memory {
    #values = new Map();
    async get(key) {
        return this.#values.get(key);
    }
    async set(key, value) {
        this.#values.set(key, value);
    }
    async delete(key) {
        this.#values.delete(key);
    }
}
class Database {
    #opened;
    get(key) {
        return this.#request("readonly", (table) => table.get(key));
    }
    async set(key, value) {
        await this.#request("readwrite", (table) => table.put(value, key));
    }
    async delete(key) {
        await this.#request("readwrite", (table) => table.delete(key));
    }
    async #request(mode, ask) {
        const database = await (this.#opened ??= this.#open());
        return new Promise((resolve, reject) => {
            const transaction = database.transaction(TABLE, mode);
            const request = ask(transaction.objectStore(TABLE));
            transaction.oncomplete = () => resolve(request.result);
            transaction.onabort = transaction.onerror = () => reject(transaction.error ?? request.error);
        });
    }
    #open() {
        return new Promise((resolve, reject) => {
            const request = indexedDB.open(DATABASE, 1);
            request.onupgradeneeded = () => void request.result.createObjectStore(TABLE);
            request.onsuccess = () => resolve(request.result);
            request.onerror = () => reject(request.error);
        });
    }
}
const chains = new Map();
/** One at a time in all tabs; without Web Locks (Node, insecure pages) in this one. */
export function exclusive(name, job) {
    const locks = webLocks();
    if (locks)
        return locks.request(name, job);
    const turn = (chains.get(name) ?? Promise.resolve()).then(job, job);
    chains.set(name, turn.catch(() => { }));
    return turn;
}
/** Holds a name for as long as this page lives, or until the answer is called. */
export function hold(name) {
    let release = () => { };
    void webLocks()?.request(name, () => new Promise((resolve) => (release = resolve)));
    return () => release();
}
/** The names that living pages hold. */
export async function held() {
    const state = await webLocks()?.query();
    return new Set(state?.held?.map((lock) => lock.name));
}
function webLocks() {
    return typeof navigator === "undefined" ? undefined : navigator.locks;
}
