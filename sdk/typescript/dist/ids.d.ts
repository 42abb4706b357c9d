/** Ids of our own: ULIDs, which sort by the time of their making. */
export declare function ulid(): string;
