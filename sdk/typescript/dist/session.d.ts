/**
 * The connection: one socket after the other, as a state machine.
 *
 *     idle → connecting → online → reconnecting ⇄ (a try) → online → … → closed
 *
 * A try is: get a token, open the socket, say `hello`, hear `ready`. Commands wait for their answer over as many
 * sockets as it takes; what was sent without an answer is sent again after the next `ready`.
 */
import type { ClientOptions, Connection } from "./api.js";
import { ChatError } from "./errors.js";
import type { Tokens } from "./tokens.js";
import type { OkFrame, ReadyFrame, ServerFrame } from "./wire.js";
/** What the session tells. */
export interface Listener {
    /** What to resume from, by conversation. */
    cursors(): Record<string, string>;
    onReady(frame: ReadyFrame): void;
    onFrame(frame: ServerFrame): void;
    onConnection(connection: Connection): void;
}
export interface CommandOptions {
    /** Infinity: until it is answered. */
    timeoutMs?: number;
    signal?: AbortSignal;
    /** An answer in place of a refusal; `isRepeat` if an earlier try may have arrived. */
    recover?: (error: ChatError, isRepeat: boolean) => OkFrame | undefined;
    /** Called when it is handed to a socket. */
    onSent?: () => void;
}
export declare class Session {
    #private;
    connection: Connection;
    constructor(base: string, tokens: Tokens, options: ClientOptions, listener: Listener);
    get isOnline(): boolean;
    start(): void;
    /** Now rather than later: a ping on an open socket, the next try without one. */
    check(): void;
    /** Leaves the socket and resumes on another one. */
    restart(why: string): void;
    close(error?: ChatError): void;
    /** Nothing that waits for an answer is sent again. */
    callOff(error?: ChatError): void;
    /** Answered when the server has done it. */
    command(frame: {
        type: string;
        [field: string]: unknown;
    }, options?: CommandOptions): Promise<OkFrame>;
    /** Sent if it can be sent now, without waiting for the answer. */
    signal(frame: {
        type: string;
        [field: string]: unknown;
    }): void;
    /** A binary frame; false if there is no socket for it. */
    bytes(frame: Uint8Array<ArrayBuffer>): boolean;
}
