/** All rooms, and the list that one chooses from. */
import type * as api from "./api.js";
import type { Core } from "./core.js";
import { ChatRoom } from "./room.js";
import type * as wire from "./wire.js";
export declare class Directory implements api.Conversations {
    #private;
    readonly rooms: Map<string, ChatRoom>;
    constructor(core: Core);
    room(id: string): ChatRoom;
    /** Newest activity first. */
    get all(): readonly api.Conversation[];
    get unread(): {
        total: number;
        mentions: number;
    };
    roomChanged(room: ChatRoom): void;
    cursors(): Record<string, string>;
    onReady({ conversations, more }: wire.ReadyFrame): void;
    onConversation(state: wire.ConversationState): void;
    onLeft(id: string): void;
    onLost(): void;
    forget(): void;
    list(q?: {
        cursor?: string;
        limit?: number;
    }): Promise<{
        items: api.Conversation[];
        next?: string;
    }>;
    get(id: string): api.Conversation | undefined;
    create({ title, members }: {
        title?: string;
        members: string[];
    }): Promise<api.Conversation>;
    direct(userId: string): Promise<api.Conversation>;
    update(id: string, change: {
        title?: string;
        topic?: string;
        archived?: boolean;
    }): Promise<api.Conversation>;
    leave(id: string): Promise<void>;
    setNotifications(id: string, level: api.NotificationLevel): Promise<void>;
    /** The newest message of a room whose events do not come. */
    refreshPreview(room: ChatRoom): Promise<void>;
}
