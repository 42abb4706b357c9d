/** Who types, and saying so oneself. */
/** The others: each is taken off the list when they stop, send, or fall silent. */
export declare class Typists {
    #private;
    ids: readonly string[];
    constructor(onChange: () => void);
    set(id: string, on: boolean): void;
    clear(): void;
}
/** Oneself: at most every three seconds, however often it is called. */
export declare class Typing {
    #private;
    constructor(send: (on: boolean) => void);
    set(on: boolean): void;
    /** A message ends it without a word. */
    ended(): void;
}
