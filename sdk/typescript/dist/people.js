export class People {
    presence = {};
    #users = new Map();
    #stale = new Set();
    get(id) {
        return this.#users.get(id);
    }
    learn(user) {
        this.#users.set(user.id, user);
        return user;
    }
    /** Only a name was told: better than nothing. */
    hear(id, username) {
        const known = String(id);
        if (!this.#users.has(known))
            this.#users.set(known, { id: known, username, name: username });
    }
    apply(frame) {
        const { status, text, last_seen } = frame;
        const presence = {
            // Others see who is invisible as offline; oneself is here.
            status: status === "invisible" ? "offline" : status,
            text: text || undefined,
            lastSeen: last_seen === undefined ? undefined : new Date(last_seen),
        };
        this.#stale.delete(String(frame.user_id));
        this.presence = { ...this.presence, [String(frame.user_id)]: presence };
        return presence;
    }
    /** The connection is new: who is here is told anew, and of those who went meanwhile nothing is told. */
    suspectAll() {
        for (const id of Object.keys(this.presence))
            this.#stale.add(id);
    }
    /** Takes those out of whom nothing was told. */
    dropSuspects() {
        const known = Object.entries(this.presence).filter(([id]) => !this.#stale.has(id));
        this.#stale.clear();
        this.presence = Object.fromEntries(known);
    }
}
