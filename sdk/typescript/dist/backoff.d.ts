/** How long to wait between tries: full jitter, so that a thousand clients do not come back at once. */
export declare class Backoff {
    #private;
    constructor(options?: {
        minMs?: number;
        maxMs?: number;
    }, random?: () => number);
    /** The next wait, after a connection that held for `upMs`. */
    next(upMs?: number): number;
    reset(): void;
}
