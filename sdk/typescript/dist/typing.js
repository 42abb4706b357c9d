/** Who types, and saying so oneself. */
/** What comes faster is not passed on. */
const REPEAT_MS = 3_000;
const EXPIRE_MS = 6_000;
/** The others: each is taken off the list when they stop, send, or fall silent. */
export class Typists {
    ids = [];
    #timers = new Map();
    #onChange;
    constructor(onChange) {
        this.#onChange = onChange;
    }
    set(id, on) {
        clearTimeout(this.#timers.get(id));
        this.#timers.delete(id);
        if (on)
            this.#timers.set(id, setTimeout(() => this.set(id, false), EXPIRE_MS));
        if (this.ids.includes(id) === on)
            return;
        this.ids = on ? [...this.ids, id] : this.ids.filter((other) => other !== id);
        this.#onChange();
    }
    clear() {
        for (const id of this.ids)
            this.set(id, false);
    }
}
/** Oneself: at most every three seconds, however often it is called. */
export class Typing {
    #send;
    #saidAt = -Infinity;
    constructor(send) {
        this.#send = send;
    }
    set(on) {
        const now = Date.now();
        if (on ? now - this.#saidAt < REPEAT_MS : now - this.#saidAt >= EXPIRE_MS)
            return;
        this.#saidAt = on ? now : -Infinity;
        this.#send(on);
    }
    /** A message ends it without a word. */
    ended() {
        this.#saidAt = -Infinity;
    }
}
