/** Who has been heard of, and who is here. */
import type { Presence, User } from "./api.js";
import type { PresenceFrame } from "./wire.js";
export declare class People {
    #private;
    presence: Readonly<Record<string, Presence>>;
    get(id: string): User | undefined;
    learn(user: User): User;
    /** Only a name was told: better than nothing. */
    hear(id: string | number, username: string): void;
    apply(frame: PresenceFrame): Presence;
    /** The connection is new: who is here is told anew, and of those who went meanwhile nothing is told. */
    suspectAll(): void;
    /** Takes those out of whom nothing was told. */
    dropSuspects(): void;
}
