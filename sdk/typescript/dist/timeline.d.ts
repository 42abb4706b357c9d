/**
 * A window of one conversation's messages, folded from pages and events. Pure: no clock, no network.
 *
 * Pages show messages as they stand, events tell what changed. Applying an event that a page has in it already
 * changes nothing: edits count by version, deletions are final, reactions come in order.
 */
import type { Message } from "./api.js";
import type { Event } from "./wire.js";
/** Messages of a window that follows the end. */
export declare const WINDOW = 320;
export declare class Timeline {
    items: readonly Message[];
    atStart: boolean;
    atEnd: boolean;
    /** There was a page: the window says something about the conversation. */
    isLoaded: boolean;
    follows: boolean;
    clear(): void;
    reset(page: readonly Message[], atStart: boolean, atEnd: boolean): void;
    /** Older messages; what is too much leaves at the end. */
    prepend(page: readonly Message[], atStart: boolean): void;
    /** Newer messages; what is too much leaves at the start. */
    append(page: readonly Message[], atEnd: boolean): void;
    /** Keeps only the newest ones, for a room that nobody looks at. */
    shrink(count: number): void;
    find(id: string): Message | undefined;
    /** Replaces those that `change` answers with another object. */
    map(change: (message: Message) => Message): void;
    /** A new message; false if it is not for this window. */
    add(message: Message): boolean;
    /** An event that changes a message: the message as it is then, if it is in the window and changed. */
    change(event: Event): Message | undefined;
}
/** A message after an event about it. The same object if nothing changed. */
export declare function fold(message: Message, event: Event): Message;
/** The server spells emoji in full: 👍 with and without U+FE0F is one. Its own spelling replaces ours. */
export declare function withReaction(message: Message, emoji: string, userId: string, on: boolean): Message;
/** What an event adds to the window. */
export declare function messageOf(event: Event): Message | undefined;
