/** Events and snapshots: how everything here tells that it changed. */
import type { Emitter } from "./api.js";
export declare class Events<E> implements Emitter<E> {
    #private;
    on<K extends keyof E>(event: K, fn: (event: E[K]) => void, opts?: {
        signal?: AbortSignal;
    }): () => void;
    events(opts?: {
        signal?: AbortSignal;
    }): AsyncGenerator<{
        [K in keyof E]: {
            type: K;
        } & E[K];
    }[keyof E]>;
    emit<K extends keyof E>(type: K, event: E[K]): void;
}
/** Tells its subscribers once for all changes of one turn; a snapshot is made when somebody asks. */
export declare class Store<S> {
    #private;
    constructor(make: () => S);
    readonly subscribe: (onChange: () => void) => (() => void);
    readonly get: () => S;
    changed(): void;
}
