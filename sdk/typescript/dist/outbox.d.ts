/**
 * Messages on their way: in order within a room, side by side across rooms, each sent once.
 *
 *     pending → (files up) → sent, not heard back → done
 *        ↑ retry      ↓ refused for good
 *        └──────── failed
 *
 * A message is known by its `client_id`, so sending it again is safe: whatever was not answered is sent again, also
 * by the next page that finds it in storage. Each page holds a lock on its own name; what belongs to a name that
 * nobody holds any more was left behind, and is taken over.
 */
import type { Attachment, Message, Outgoing, Pending, Progress, StorageAdapter } from "./api.js";
import { ChatError, type ErrorDetail } from "./errors.js";
import type { Session } from "./session.js";
/** What is kept of an unsent message. */
interface Kept {
    owner: string;
    message: Message;
    files: Blob[];
    /** The ids of those that are up already. */
    uploaded: Attachment[];
    /** A socket may have carried it: the server may have it. */
    isTried: boolean;
    isCancelled: boolean;
    error?: {
        code: ChatError["code"];
        text: string;
        detail: ErrorDetail;
    };
}
/** One of them, and who waits for it. */
declare class Item implements Pending {
    #private;
    kept: Kept;
    onProgress?: (progress: Progress) => void;
    readonly abort: AbortController;
    constructor(outbox: Outbox, kept: Kept);
    get message(): Message;
    then<A = Message, B = never>(done?: ((message: Message) => A | PromiseLike<A>) | null, failed?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<A | B>;
    retry(): Promise<Message>;
    cancel(): Promise<void>;
    change(change: Partial<Message>): void;
    resolve(): void;
    reject(error: ChatError): void;
}
/** What the outbox needs from the rest of the client. */
export interface Post {
    readonly session: Session;
    upload(file: Blob, onProgress: (loaded: number) => void, signal: AbortSignal): Promise<Attachment>;
    /** Something unsent of this conversation is not as it was. */
    changed(conversationId: string): void;
    /** The conversation's own events will tell of it. */
    willHear(conversationId: string): boolean;
    withdraw(message: Message): void;
}
export declare class Outbox {
    #private;
    constructor(post: Post);
    get pending(): number;
    of(conversationId: string): Message[];
    find(clientId: string): Item | undefined;
    /** From now on things are kept here; what was left here is taken over. */
    open(storage: StorageAdapter): Promise<void>;
    add(conversationId: string, outgoing: Outgoing, sender: {
        id: string;
        name: string;
    }): Item;
    resume(item: Item): void;
    /** What never left is dropped. What may have arrived is taken back when that is known. */
    cancel(item: Item): Promise<void>;
    discard(clientId: string): Promise<void>;
    /** The message came back as an event, or in a page: it is there. */
    heard(message: Message): void;
    flush(): Promise<void>;
    /** Somebody else has signed in: what is kept stays where it is, for its own sender. */
    forget(): void;
    close(): Promise<void>;
}
export {};
