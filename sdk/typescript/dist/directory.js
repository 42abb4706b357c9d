import { toMessage } from "./convert.js";
import { ChatError } from "./errors.js";
import { ChatRoom } from "./room.js";
const PAGE = 50;
/** Cursors in one `hello`: it has 64 KiB at most. */
const CURSORS = 1500;
export class Directory {
    rooms = new Map();
    #core;
    #changed = new Set();
    #list;
    #totals = { total: 0, mentions: 0 };
    /** The rooms whose cursors the last `hello` named. */
    #named = new Set();
    constructor(core) {
        this.#core = core;
    }
    room(id) {
        let room = this.rooms.get(id);
        if (!room)
            this.rooms.set(id, (room = new ChatRoom(this.#core, id)));
        return room;
    }
    /** Newest activity first. */
    get all() {
        return (this.#list ??= [...this.rooms.values()]
            .filter((room) => room.view)
            .sort((one, other) => activity(other) - activity(one) || Number(other.id) - Number(one.id))
            .map((room) => room.view));
    }
    get unread() {
        return this.#totals;
    }
    roomChanged(room) {
        this.#list = undefined;
        this.#changed.add(room);
        if (this.#changed.size === 1)
            queueMicrotask(() => this.#tell());
    }
    #tell() {
        const changed = [...this.#changed];
        this.#changed.clear();
        const totals = { total: 0, mentions: 0 };
        for (const { unread, mentions, muted } of this.all) {
            totals.total += muted ? 0 : unread;
            totals.mentions += mentions;
        }
        const isNews = totals.total !== this.#totals.total || totals.mentions !== this.#totals.mentions;
        if (isNews)
            this.#totals = totals;
        for (const { view } of changed)
            if (view)
                this.#core.emit("conversation", { conversation: view });
        if (isNews)
            this.#core.emit("unread", totals);
    }
    // -------------------------------------------------------------- what the server tells
    cursors() {
        const known = [...this.rooms.values()].filter(({ have }) => have !== undefined);
        const newest = known.sort((one, other) => activity(other) - activity(one)).slice(0, CURSORS);
        this.#named = new Set(newest.map(({ id }) => id));
        return Object.fromEntries(newest.map(({ id, have }) => [id, have]));
    }
    onReady({ conversations, more }) {
        const listed = new Set();
        for (const state of conversations) {
            const id = String(state.id);
            listed.add(id);
            const room = this.room(id);
            room.assign(state, this.#named.has(id));
            if (!this.#named.has(id))
                room.onCaughtUp();
            if (state.unread > 0)
                this.#core.acknowledge(room);
        }
        if (more)
            void this.#loadRest();
        else
            for (const room of this.rooms.values())
                if (room.info && !listed.has(room.id))
                    this.#remove(room);
    }
    onConversation(state) {
        const room = this.room(String(state.id));
        room.touchedAt = Date.now();
        room.assign(state, false);
    }
    onLeft(id) {
        const room = this.rooms.get(id);
        if (room)
            this.#remove(room);
    }
    onLost() {
        for (const room of this.rooms.values())
            room.onLost();
    }
    forget() {
        for (const room of this.rooms.values())
            if (room.info)
                this.#remove(room);
    }
    #remove(room) {
        room.onRemoved();
        this.roomChanged(room);
        this.#core.emit("conversation_left", { conversationId: room.id });
    }
    /** `ready` names so many and no more; of the others little is known before something happens in them. */
    async #loadRest() {
        try {
            for (const found of await this.#core.rest.call("GET", "/conversations")) {
                const room = this.room(String(found.id));
                room.info ??= blank(found);
                this.roomChanged(room);
            }
        }
        catch (error) {
            this.#core.log("warn", "the rest of the conversations did not come", error);
        }
    }
    // -------------------------------------------------------------- what one does
    async list(q = {}) {
        await this.#core.whenOnline();
        const { limit = PAGE } = q;
        const from = q.cursor === undefined ? 0 : this.all.findIndex(({ id }) => id === q.cursor) + 1;
        const items = this.all.slice(from, from + limit);
        return { items, next: from + limit < this.all.length ? items.at(-1)?.id : undefined };
    }
    get(id) {
        return this.rooms.get(id)?.view;
    }
    create({ title, members }) {
        const names = members.map((id) => this.#core.people.get(id)?.name).filter(Boolean);
        return this.#make({ title: title || names.join(", ") || "Group", participant_ids: members.map(Number) });
    }
    direct(userId) {
        return this.#make({ participant_id: Number(userId) });
    }
    async #make(body) {
        const made = await this.#core.rest.call("POST", "/conversations", { body });
        const room = this.room(String(made.id));
        room.touchedAt = Date.now();
        // The frame that tells of it may come later than this answer.
        room.info ??= { ...blank(made), role: made.kind === "direct" ? "member" : "owner" };
        if (made.kind === "direct")
            room.info.peer ??= this.#core.people.get(String(body.participant_id));
        room.changed();
        return room.view;
    }
    async update(id, change) {
        const now = await this.#core.rest.call("PATCH", `/conversations/${id}`, { body: change });
        const { title, topic, archived } = now;
        return this.#change(id, { title, topic, archived });
    }
    async leave(id) {
        await this.#core.rest.call("DELETE", `/conversations/${id}/participants/${this.#core.me?.id}`);
        this.onLeft(id);
    }
    async setNotifications(id, level) {
        await this.#core.rest.call("PUT", `/conversations/${id}/notifications`, { body: { level } });
        this.#change(id, { notifications: level });
    }
    #change(id, change) {
        const room = this.room(id);
        if (!room.info)
            throw new ChatError("not_found", "there is no such conversation");
        Object.assign(room.info, change);
        room.changed();
        return room.view;
    }
    /** The newest message of a room whose events do not come. */
    async refreshPreview(room) {
        const path = `/conversations/${room.id}/messages`;
        const [last] = await this.#core.rest.call("GET", path, { query: { limit: 1 } });
        if (!last || !room.info)
            return;
        room.info.lastMessage = toMessage(last);
        room.changed();
    }
}
function activity({ view, touchedAt }) {
    return Math.max(view?.lastMessage?.createdAt.getTime() ?? 0, touchedAt);
}
function blank({ title, topic, kind, archived }) {
    return { title, topic, kind, archived, role: "member", participants: 2, unread: 0, mentions: 0, readSeq: 0, headSeq: 0 };
}
