import { Backoff } from "./backoff.js";
import { mentionsIn } from "./convert.js";
import { ChatError } from "./errors.js";
import { ulid } from "./ids.js";
import { aborted } from "./rest.js";
import { exclusive, held, hold } from "./storage.js";
const KEY = "outbox";
/** One of them, and who waits for it. */
class Item {
    kept;
    onProgress;
    abort = new AbortController();
    #outbox;
    #settled = settleable();
    constructor(outbox, kept) {
        this.#outbox = outbox;
        this.kept = kept;
    }
    get message() {
        return this.kept.message;
    }
    then(done, failed) {
        return this.#settled.promise.then(done, failed);
    }
    retry() {
        if (this.message.state === "failed") {
            this.#settled = settleable();
            this.change({ state: "pending", error: undefined });
            this.#outbox.resume(this);
        }
        return this.#settled.promise;
    }
    async cancel() {
        await this.#outbox.cancel(this);
    }
    change(change) {
        this.kept.message = { ...this.kept.message, ...change };
    }
    resolve() {
        this.#settled.resolve(this.message);
    }
    reject(error) {
        this.#settled.reject(error);
    }
}
export class Outbox {
    #post;
    #me = ulid();
    #release;
    #items = [];
    #storage;
    /** Rooms of which something is being sent. */
    #busy = new Set();
    #naps = new Map();
    #idle = [];
    #writes = Promise.resolve();
    #isDirty = false;
    #isClosed = false;
    constructor(post) {
        this.#post = post;
        this.#release = hold(this.#lock(this.#me));
    }
    get pending() {
        return this.#items.filter(({ message, kept }) => message.state === "pending" && !kept.isCancelled).length;
    }
    of(conversationId) {
        const own = this.#items.filter(({ kept }) => kept.message.conversationId === conversationId && !kept.isCancelled);
        return own.map(({ message }) => message);
    }
    find(clientId) {
        return this.#items.find(({ message, kept }) => message.clientId === clientId && !kept.isCancelled);
    }
    /** From now on things are kept here; what was left here is taken over. */
    async open(storage) {
        if (this.#isClosed)
            return;
        this.#storage = storage;
        await exclusive(KEY, async () => {
            const living = await held();
            const all = ((await storage.get(KEY)) ?? []);
            const orphans = all.filter(({ owner }) => owner !== this.#me && !living.has(this.#lock(owner)));
            for (const kept of orphans)
                kept.owner = this.#me;
            const restored = orphans.map((kept) => new Item(this, left(kept)));
            for (const item of restored)
                item.then(undefined, () => { });
            this.#items = [...restored, ...this.#items];
            const own = this.#items.map(({ kept }) => kept);
            if (all.length > 0 || own.length > 0) {
                const others = all.filter(({ owner }) => owner !== this.#me);
                await storage.set(KEY, [...others, ...own]);
            }
        });
        for (const room of this.#rooms()) {
            this.#post.changed(room);
            void this.#work(room);
        }
    }
    add(conversationId, outgoing, sender) {
        const { content, files = [], replyTo, threadId, data, format = "plain", signal } = outgoing;
        const clientId = outgoing.clientId ?? ulid();
        const message = {
            id: clientId,
            clientId,
            conversationId,
            seq: Infinity,
            senderId: sender.id,
            senderName: sender.name,
            content,
            format,
            createdAt: new Date(),
            replyTo,
            threadId,
            attachments: files.map(local),
            reactions: {},
            mentions: mentionsIn(content),
            data,
            version: 1,
            state: "pending",
            progress: files.length > 0 ? { loaded: 0, total: sizeOf(files) } : undefined,
        };
        const kept = { owner: this.#me, message, files, uploaded: [], isTried: false, isCancelled: false };
        const item = new Item(this, kept);
        item.onProgress = outgoing.onProgress;
        // Whoever does not wait for it sees the state; that is no unhandled rejection.
        item.then(undefined, () => { });
        signal?.addEventListener("abort", () => void this.cancel(item), { once: true });
        this.#items.push(item);
        this.#changed(conversationId);
        void this.#work(conversationId);
        return item;
    }
    resume(item) {
        this.#changed(item.message.conversationId);
        void this.#work(item.message.conversationId);
    }
    /** What never left is dropped. What may have arrived is taken back when that is known. */
    async cancel(item) {
        if (!this.#items.includes(item) || item.message.state === "sent")
            return;
        item.kept.isCancelled = true;
        item.abort.abort();
        item.reject(aborted());
        if (!item.kept.isTried || item.message.state === "failed")
            this.#remove(item);
        else
            this.#changed(item.message.conversationId);
        await this.#writes;
    }
    async discard(clientId) {
        const item = this.find(clientId);
        if (item)
            await this.cancel(item);
    }
    /** The message came back as an event, or in a page: it is there. */
    heard(message) {
        const item = this.#items.find(({ kept }) => kept.message.clientId === message.clientId);
        if (item)
            this.#done(item, message);
    }
    async flush() {
        for (const wake of this.#naps.values())
            wake();
        if (this.pending > 0)
            await new Promise((resolve) => this.#idle.push(resolve));
    }
    /** Somebody else has signed in: what is kept stays where it is, for its own sender. */
    forget() {
        this.#storage = undefined;
        this.#items = [];
    }
    async close() {
        this.#isClosed = true;
        for (const wake of this.#naps.values())
            wake();
        await this.#writes;
        this.#release();
    }
    #rooms() {
        return new Set(this.#items.map(({ message }) => message.conversationId));
    }
    async #work(room) {
        if (this.#busy.has(room))
            return;
        this.#busy.add(room);
        const backoff = new Backoff();
        for (let item = this.#next(room); item && !this.#isClosed; item = this.#next(room)) {
            try {
                await this.#send(item);
                backoff.reset();
            }
            catch (error) {
                const known = error instanceof ChatError ? error : new ChatError("invalid", String(error));
                if (this.#isClosed || this.#post.session.connection.state === "closed")
                    break;
                // An abort is either a cancelled upload, which is gone already, or one whose end is not known yet.
                if (known.code === "aborted")
                    continue;
                if (known.retryable)
                    await this.#nap(room, known.retryAfterMs ?? backoff.next());
                else
                    this.#fail(item, known);
            }
        }
        this.#busy.delete(room);
    }
    #next(room) {
        return this.#items.find(({ message }) => message.conversationId === room && message.state === "pending");
    }
    async #send(item) {
        const { kept } = item;
        while (kept.uploaded.length < kept.files.length && !kept.isCancelled)
            await this.#upload(item);
        const { conversationId, content, clientId, replyTo, format, data } = item.message;
        const ok = await this.#post.session.command({
            type: "send",
            conversation_id: Number(conversationId),
            content,
            client_id: clientId,
            reply_to: replyTo === undefined ? undefined : Number(replyTo),
            format,
            meta: data,
            attachments: kept.uploaded.length > 0 ? kept.uploaded.map(({ id }) => Number(id)) : undefined,
        }, { timeoutMs: Infinity, onSent: () => (kept.isTried = true) });
        if (!this.#items.includes(item))
            return;
        const createdAt = ok.ts === undefined ? item.message.createdAt : new Date(ok.ts);
        const sent = { id: String(ok.message_id), seq: ok.seq ?? Infinity, createdAt, attachments: kept.uploaded };
        item.change({ ...sent, state: "sent", progress: undefined });
        if (kept.isCancelled) {
            this.#remove(item);
            this.#post.withdraw(item.message);
        }
        else if (this.#post.willHear(conversationId)) {
            // It stays where it is until its event puts it into its place.
            item.resolve();
            this.#changed(conversationId);
        }
        else {
            this.#done(item, item.message);
        }
    }
    async #upload(item) {
        const { kept } = item;
        const file = kept.files[kept.uploaded.length];
        const before = sizeOf(kept.files.slice(0, kept.uploaded.length));
        const total = sizeOf(kept.files);
        const tell = (loaded) => {
            const progress = { loaded: before + loaded, total };
            item.change({ progress });
            item.onProgress?.(progress);
            this.#post.changed(item.message.conversationId);
        };
        kept.uploaded.push(await this.#post.upload(file, tell, item.abort.signal));
        this.#save();
    }
    #done(item, message) {
        const { isCancelled } = item.kept;
        item.kept.message = message;
        item.resolve();
        this.#remove(item);
        if (isCancelled)
            this.#post.withdraw(message);
    }
    #fail(item, error) {
        const { code, message: text, ...detail } = error;
        item.kept.error = { code, text, detail };
        item.change({ state: "failed", error });
        item.reject(error);
        if (item.kept.isCancelled)
            this.#remove(item);
        else
            this.#changed(item.message.conversationId);
    }
    #remove(item) {
        this.#items = this.#items.filter((other) => other !== item);
        this.#changed(item.message.conversationId);
    }
    #changed(conversationId) {
        this.#post.changed(conversationId);
        this.#save();
        if (this.pending > 0)
            return;
        for (const resolve of this.#idle)
            resolve();
        this.#idle = [];
    }
    async #nap(room, ms) {
        await new Promise((resolve) => {
            const timer = setTimeout(resolve, ms);
            this.#naps.set(room, () => {
                clearTimeout(timer);
                resolve();
            });
        });
        this.#naps.delete(room);
    }
    /** What is unsent now, beside what other pages keep. Changes of one moment are written once. */
    #save() {
        const storage = this.#storage;
        if (!storage || this.#isDirty)
            return;
        this.#isDirty = true;
        const write = async () => {
            this.#isDirty = false;
            const own = this.#items.filter(({ message }) => message.state !== "sent").map(({ kept }) => kept);
            const all = ((await storage.get(KEY)) ?? []);
            await storage.set(KEY, [...all.filter(({ owner }) => owner !== this.#me), ...own.map(cloneable)]);
        };
        this.#writes = exclusive(KEY, write).catch(() => { });
    }
    #lock(owner) {
        return `chinwag-outbox-${owner}`;
    }
}
/** As structured cloning takes it: an error is none. */
function cloneable(kept) {
    return { ...kept, message: { ...kept.message, error: undefined } };
}
/** As an earlier page left it: nobody knows whether it was sent, if it could be. */
function left(kept) {
    const { message, error, uploaded, files } = kept;
    const revived = { ...message, error: error && new ChatError(error.code, error.text, error.detail) };
    return { ...kept, message: revived, isTried: uploaded.length === files.length };
}
function local(blob) {
    const name = "name" in blob ? String(blob.name) : "file";
    return { id: "", name, mime: blob.type, size: blob.size, url: "", blob };
}
function sizeOf(files) {
    return files.reduce((sum, { size }) => sum + size, 0);
}
function settleable() {
    let resolve = (_) => { };
    let reject = (_) => { };
    const promise = new Promise((done, failed) => {
        resolve = done;
        reject = failed;
    });
    return { promise, resolve, reject };
}
