/**
 * One conversation: its log as far as it is known, its window of messages, and what one does in it.
 *
 *     left → joining → live ⇄ catching_up;  left again after the last `leave`
 *
 * Every event goes through `apply`, once and in the order of the log, whether anybody looks at the room or not.
 */
import type * as api from "./api.js";
import type { Core } from "./core.js";
import { Events } from "./emitter.js";
import { Timeline } from "./timeline.js";
import type * as wire from "./wire.js";
/** What is known of a conversation without looking into it. */
export interface Info {
    title: string;
    topic: string;
    kind: api.Conversation["kind"];
    archived: boolean;
    role: api.Role;
    participants: number;
    peer?: api.User;
    unread: number;
    mentions: number;
    lastMessage?: api.Message;
    readSeq: number;
    headSeq: number;
    notifications?: api.NotificationLevel;
}
/** What is kept over a reload. */
export interface KeptRoom {
    id: string;
    info: Info;
    have?: string;
    messages: readonly api.Message[];
    atStart: boolean;
}
export declare class ChatRoom extends Events<api.RoomEvents> implements api.Room {
    #private;
    readonly id: string;
    /** When something happened to it here, by `Date.now()`: a conversation without messages is shown by this. */
    touchedAt: number;
    /** Undefined until the server said something about it. */
    info?: Info;
    /** The last event that was applied. */
    have?: string;
    readonly timeline: Timeline;
    constructor(core: Core, id: string);
    get subscribe(): api.Room["subscribe"];
    readonly getSnapshot: () => api.RoomSnapshot;
    /** As the list of conversations shows it; the same object until something changes. */
    get view(): api.Conversation | undefined;
    changed(): void;
    join(): Promise<void>;
    leave(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
    /** The state of the conversation at its `head`. `isResumed`: the events up to there follow. */
    assign(state: wire.ConversationState, isResumed: boolean): void;
    /** The socket is gone: nothing here is live. */
    onLost(): void;
    onCaughtUp(): void;
    onGap(frame: wire.GapFrame): void;
    onUnread({ head, unread, mentions }: wire.UnreadFrame): void;
    onReceipt(frame: wire.Receipt): void;
    onTyping({ user_id, username, on }: wire.TypingFrame): void;
    onRemoved(): void;
    /** One event of the log, by the rule of the log. */
    apply(event: wire.Event, isLive: boolean): void;
    send(message: string | api.Outgoing): api.Pending;
    pending(clientId: string): api.Pending | undefined;
    edit(id: string, content: string): Promise<api.Message>;
    delete(id: string): Promise<void>;
    react(id: string, emoji: string, on?: boolean): Promise<void>;
    pin(id: string, on?: boolean): Promise<void>;
    pinned(): Promise<api.Message[]>;
    markRead(seq?: number): Promise<void>;
    typing(on?: boolean): void;
    history(q?: {
        before?: number;
        after?: number;
        around?: number;
        limit?: number;
    }): Promise<api.Page>;
    message(id: string): Promise<api.Message | undefined>;
    load(what: Parameters<api.Room["load"]>[0]): Promise<void>;
    follow(on: boolean): void;
    loadMembers(): Promise<readonly api.Member[]>;
    addMember(userId: string, role?: api.Role): Promise<void>;
    setRole(userId: string, role: api.Role): Promise<void>;
    removeMember(userId: string): Promise<void>;
    keep(): KeptRoom | undefined;
    restore({ info, have, messages, atStart }: KeptRoom): void;
}
