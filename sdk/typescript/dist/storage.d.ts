/** Where things are kept over a reload, and the locks between tabs. */
import type { ClientOptions, StorageAdapter } from "./api.js";
export declare function openStorage(choice: ClientOptions["storage"]): StorageAdapter;
/** Everything under keys of one's own. */
export declare function prefixed(storage: StorageAdapter, prefix: string): StorageAdapter;
/** One at a time in all tabs; without Web Locks (Node, insecure pages) in this one. */
export declare function exclusive<T>(name: string, job: () => Promise<T>): Promise<T>;
/** Holds a name for as long as this page lives, or until the answer is called. */
export declare function hold(name: string): () => void;
/** The names that living pages hold. */
export declare function held(): Promise<Set<string | undefined>>;
