/** What a room can reach of the client that it belongs to. */
import type { Account, ClientEvents } from "./api.js";
import type { Outbox } from "./outbox.js";
import type { People } from "./people.js";
import type { Rest } from "./rest.js";
import type { ChatRoom } from "./room.js";
import type { Session } from "./session.js";
export interface Core {
    readonly me?: Account;
    readonly session: Session;
    readonly rest: Rest;
    readonly people: People;
    readonly outbox: Outbox;
    /** Resolves while there is a connection; rejects when there will be none. */
    whenOnline(): Promise<void>;
    /** Before something is tried again. */
    pause(ms?: number): Promise<void>;
    emit<K extends keyof ClientEvents>(type: K, event: ClientEvents[K]): void;
    roomChanged(room: ChatRoom): void;
    /** Something arrived on this device. */
    acknowledge(room: ChatRoom): void;
    /** A large room that nobody looks at has a newer message. */
    refreshPreview(room: ChatRoom): void;
    /** An event is missing, which cannot be. */
    broken(what: string): void;
    log(level: "debug" | "warn" | "error", text: string, data?: unknown): void;
}
