import { toAccount, toMessage, toSession, toUser } from "./convert.js";
import { Directory } from "./directory.js";
import { Events, Store } from "./emitter.js";
import { ChatError } from "./errors.js";
import { position } from "./log.js";
import { Outbox } from "./outbox.js";
import { People } from "./people.js";
import { aborted, Rest } from "./rest.js";
import { Session } from "./session.js";
import { openStorage, prefixed } from "./storage.js";
import { Tokens } from "./tokens.js";
import { Uploads } from "./uploads.js";
/** Acknowledgements are cumulative: so often, and so many at once. */
const ACK_MS = 2_000;
const ACKS = 20;
/** After a new connection: for presence to be told anew. */
const PRESENCE_MS = 3_000;
const SAVE_MS = 1_000;
/** Rooms whose last page is kept over a reload. */
const KEPT_ROOMS = 20;
export const createClient = (url, options) => new Client(url, options);
class Client extends Events {
    me;
    session;
    rest;
    people = new People();
    directory;
    #outbox;
    #options;
    #storage;
    #uploads;
    #closing = new AbortController();
    #store = new Store(() => this.#snapshot());
    #restored;
    #acks = new Map();
    #timers = new Map();
    #limits;
    #drafts = {};
    #waiters = [];
    constructor(url, options) {
        super();
        this.#options = options;
        const tokens = new Tokens(options.token, this.#closing.signal);
        this.rest = new Rest(url, options.fetch, tokens);
        this.#storage = prefixed(openStorage(options.storage), `${this.rest.base}|`);
        this.directory = new Directory(this);
        this.session = new Session(this.rest.base, tokens, options, {
            cursors: () => this.directory.cursors(),
            onReady: (frame) => this.#onReady(frame),
            onFrame: (frame) => this.#onFrame(frame),
            onConnection: (connection) => this.#onConnection(connection),
        });
        this.#uploads = new Uploads(this.session, this.rest);
        this.#outbox = new Outbox({
            session: this.session,
            upload: (file, onProgress, signal) => this.#upload(file, nameOf(file), onProgress, signal),
            changed: (id) => this.room(id).changed(),
            willHear: (id) => this.room(id).getSnapshot().state !== "left",
            withdraw: ({ id, conversationId }) => void this.room(conversationId).delete(id).catch(() => { }),
        });
        this.#restored = this.#restore().catch((error) => this.log("warn", "nothing could be restored", error));
        if (typeof document !== "undefined") {
            addEventListener("pagehide", () => void this.#save(), { signal: this.#closing.signal });
        }
    }
    // -------------------------------------------------------------- state
    get state() {
        return this.session.connection.state;
    }
    get subscribe() {
        return this.#store.subscribe;
    }
    getSnapshot = () => this.#store.get();
    #snapshot() {
        return {
            connection: this.session.connection,
            me: this.me,
            conversations: this.directory.all,
            unread: this.directory.unread,
            presence: this.people.presence,
            drafts: this.#drafts,
            outbox: this.#outbox.pending,
            limits: this.#limits,
        };
    }
    get conversations() {
        return this.directory;
    }
    room(id) {
        return this.directory.room(String(id));
    }
    // -------------------------------------------------------------- connecting
    async connect({ timeoutMs, signal } = {}) {
        await this.#restored;
        this.session.start();
        await new Promise((resolve, reject) => {
            const fail = (error) => {
                this.session.close(error);
                reject(error);
            };
            const late = () => fail(new ChatError("timeout", "no connection in time"));
            const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs);
            const stop = () => fail(aborted());
            signal?.addEventListener("abort", stop, { once: true });
            this.whenOnline()
                .then(resolve, reject)
                .finally(() => {
                clearTimeout(timer);
                signal?.removeEventListener("abort", stop);
            });
        });
    }
    reconnect() {
        this.session.check();
    }
    async close() {
        if (this.#closing.signal.aborted)
            return;
        this.#closing.abort();
        for (const timer of this.#timers.values())
            clearTimeout(timer);
        await this.#save();
        this.session.close();
        await this.#outbox.close();
    }
    async [Symbol.asyncDispose]() {
        await this.close();
    }
    whenOnline() {
        if (this.session.isOnline)
            return Promise.resolve();
        if (this.state === "closed")
            return Promise.reject(this.session.connection.error ?? aborted());
        return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
    }
    pause(ms = 500) {
        return new Promise((resolve) => setTimeout(resolve, ms));
    }
    #onConnection(connection) {
        if (connection.state !== "online") {
            this.directory.onLost();
            this.#uploads.onLost();
        }
        const waiters = this.#waiters;
        if (connection.state === "online" || connection.state === "closed")
            this.#waiters = [];
        if (connection.state === "online")
            for (const { resolve } of waiters)
                resolve();
        if (connection.state === "closed")
            for (const { reject } of waiters)
                reject(connection.error ?? aborted());
        this.#store.changed();
        this.emit("connection", connection);
        if (connection.state === "closed" && connection.error)
            this.emit("error", { error: connection.error });
    }
    #onReady(frame) {
        const me = toAccount(frame.user);
        if (this.me && this.me.id !== me.id)
            this.#forget();
        const isNew = this.me === undefined;
        this.me = me;
        this.people.learn(me);
        this.people.suspectAll();
        this.#later("presence", PRESENCE_MS, () => {
            this.people.dropSuspects();
            this.#store.changed();
        });
        const { content_chars, content_bytes } = frame.limits;
        const offered = frame.limits;
        this.#limits = {
            contentChars: content_chars,
            contentBytes: content_bytes,
            uploadBytes: offered.upload_bytes,
            attachments: offered.attachments,
        };
        this.directory.onReady(frame);
        if (isNew)
            void this.#openOutbox();
        this.#store.changed();
    }
    #onFrame(frame) {
        switch (frame.type) {
            case "replay":
                for (const event of frame.events)
                    this.room(frame.conversation_id).apply(event, false);
                return;
            case "caught_up":
                return this.room(frame.conversation_id).onCaughtUp();
            case "gap":
                if (frame.reason === "membership")
                    this.directory.onLeft(String(frame.conversation_id));
                else
                    this.room(frame.conversation_id).onGap(frame);
                return;
            case "unread":
                return this.room(frame.conversation_id).onUnread(frame);
            case "receipt":
                return this.room(frame.conversation_id).onReceipt(frame);
            case "typing":
                return this.room(frame.conversation_id).onTyping(frame);
            case "conversation":
                return this.directory.onConversation(frame);
            case "conversation_left":
                return this.directory.onLeft(String(frame.conversation_id));
            case "presence":
                return this.#onPresence(frame);
            case "upload_progress":
                return this.#uploads.onProgress(frame);
            default:
                // Events of kinds that this version does not know count in the log like all others.
                if ("actor_id" in frame)
                    this.room(frame.conversation_id).apply(frame, true);
        }
    }
    #onPresence(frame) {
        const presence = this.people.apply(frame);
        const { lastSeen, status } = presence;
        this.#store.changed();
        this.emit("presence", { userId: String(frame.user_id), online: status !== "offline", lastSeen, presence });
    }
    // -------------------------------------------------------------- what rooms ask for
    roomChanged(room) {
        this.directory.roomChanged(room);
        this.#store.changed();
        this.#later("save", SAVE_MS, () => void this.#save());
    }
    acknowledge(room) {
        const seq = room.have === undefined ? 0 : position(room.have);
        this.#acks.set(room.id, seq);
        this.#later("ack", ACK_MS, () => this.#sendAcks());
    }
    #sendAcks() {
        for (const [id, seq] of [...this.#acks].slice(0, ACKS)) {
            this.session.signal({ type: "ack", conversation_id: Number(id), seq });
            this.#acks.delete(id);
        }
        if (this.#acks.size > 0)
            this.#later("ack", ACK_MS, () => this.#sendAcks());
    }
    refreshPreview(room) {
        this.#later(`preview ${room.id}`, ACK_MS, () => {
            this.directory.refreshPreview(room).catch((error) => this.log("warn", "no preview", error));
        });
    }
    broken(what) {
        this.session.restart(`events are missing: ${what}`);
    }
    log(level, text, data) {
        this.#options.logger?.(level, text, data);
    }
    /** Once, some time from now, however often it is asked for until then. */
    #later(name, ms, job) {
        if (this.#timers.has(name) || this.#closing.signal.aborted)
            return;
        const run = () => {
            this.#timers.delete(name);
            job();
        };
        this.#timers.set(name, setTimeout(run, ms));
    }
    // -------------------------------------------------------------- what outlives the page
    async #restore() {
        const kept = (await this.#storage.get("kept"));
        if (!kept || this.me)
            return;
        this.me = kept.me;
        this.people.learn(kept.me);
        this.#drafts = kept.drafts;
        for (const room of kept.rooms)
            this.room(room.id).restore(room);
        this.#store.changed();
        await this.#openOutbox();
    }
    async #save() {
        const { me } = this;
        if (!me)
            return;
        const rooms = this.directory.all.map(({ id }) => this.room(id).keep()).filter((room) => room !== undefined);
        const lean = rooms.map((room, place) => (place < KEPT_ROOMS ? room : { ...room, have: undefined, messages: [] }));
        const kept = { me, drafts: this.#drafts, rooms: lean };
        await this.#storage.set("kept", kept).catch((error) => this.log("warn", "nothing could be kept", error));
    }
    async #openOutbox() {
        const storage = prefixed(this.#storage, `${this.me?.id}|`);
        await this.#outbox.open(storage).catch((error) => this.log("warn", "no outbox could be opened", error));
    }
    /** Somebody else has signed in. */
    #forget() {
        this.session.callOff();
        this.#outbox.forget();
        this.#drafts = {};
        this.directory.forget();
        this.me = undefined;
    }
    // -------------------------------------------------------------- the rest
    async search(text, opts = {}) {
        const { conversationId, limit, before, signal } = opts;
        const q = conversationId === undefined ? text : `in:${conversationId} ${text}`;
        const query = { q, limit, before_id: before };
        const { results } = await this.rest.call("GET", "/search", { query, signal });
        return results.map((hit) => ({ ...toMessage(hit), snippet: hit.snippet }));
    }
    users = {
        find: async (query, { signal } = {}) => {
            const found = await this.rest.call("GET", "/users", { query: { query }, signal });
            return found.map((user) => this.people.learn(toUser(user)));
        },
        get: (id) => this.people.get(id),
    };
    presence = {
        get: (userId) => this.people.presence[userId],
        set: async (status, text) => void (await this.session.command({ type: "presence", status, text })),
    };
    account = {
        update: async ({ firstName, lastName, password, currentPassword }) => {
            const body = { first_name: firstName, last_name: lastName, password, current_password: currentPassword };
            this.me = toAccount(await this.rest.call("PATCH", "/users/me", { body }));
            this.people.learn(this.me);
            this.#store.changed();
            return this.me;
        },
        sessions: async () => (await this.rest.call("GET", "/auth/sessions")).map(toSession),
        endSession: (id) => this.rest.call("DELETE", `/auth/sessions/${id}`),
    };
    get outbox() {
        return this.#outbox;
    }
    drafts = {
        get: (id) => this.#drafts[id] ?? "",
        set: (id, text) => {
            const { [id]: before = "", ...others } = this.#drafts;
            if (before === text)
                return;
            this.#drafts = text === "" ? others : { ...others, [id]: text };
            this.#store.changed();
            this.#later("save", SAVE_MS, () => void this.#save());
        },
    };
    files = {
        upload: (file, { name = nameOf(file), onProgress, signal } = {}) => {
            const tell = (loaded) => onProgress?.({ loaded, total: file.size });
            return this.#upload(file, name, tell, signal);
        },
        blob: (url, { signal } = {}) => this.rest.call("GET", url, { isBlob: true, signal }),
    };
    #upload(file, name, tell, signal) {
        return this.#uploads.upload(file, name, tell, signal, this.#limits?.uploadBytes !== undefined);
    }
    push = {
        key: async () => {
            try {
                return (await this.rest.call("GET", "/push/key")).public_key;
            }
            catch (error) {
                if (error instanceof ChatError && error.code === "not_found")
                    return;
                throw error;
            }
        },
        subscribe: async ({ endpoint, keys }, content = "full") => {
            const body = { endpoint, keys, content };
            return registration(await this.rest.call("POST", "/push/subscriptions", { body }));
        },
        list: async () => (await this.rest.call("GET", "/push/subscriptions")).map(registration),
        remove: (id) => this.rest.call("DELETE", `/push/subscriptions/${id}`),
    };
}
function registration({ id, endpoint, content }) {
    return { id: String(id), endpoint, content };
}
function nameOf(file) {
    return "name" in file ? String(file.name) : "file";
}
