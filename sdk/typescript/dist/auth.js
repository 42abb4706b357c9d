import { toAccount } from "./convert.js";
import { ChatError } from "./errors.js";
import { Rest } from "./rest.js";
import { exclusive, openStorage, prefixed } from "./storage.js";
const KEY = "session";
/** A token that runs out so soon is replaced before it is used. */
const SPARE_MS = 30_000;
export const createAuth = (url, options) => new PasswordAuth(url, options);
class PasswordAuth {
    account;
    #rest;
    #storage;
    #listeners = new Set();
    #name;
    /** The token that was given out last: another one in storage is news from another tab. */
    #given;
    #channel;
    constructor(url, options = {}) {
        this.#rest = new Rest(url, options.fetch);
        this.#name = `chinwag-auth-${this.#rest.base}`;
        this.#storage = prefixed(openStorage(options.storage), `${this.#rest.base}|`);
        if (typeof document === "undefined" || typeof BroadcastChannel === "undefined")
            return;
        this.#channel = new BroadcastChannel(this.#name);
        this.#channel.onmessage = () => this.#signedOut();
    }
    token = ({ reason }) => 
    // A refresh token works once: one tab spends it, the others find what it got.
    exclusive(this.#name, async () => {
        const kept = await this.#kept();
        if (!kept)
            throw this.#signedOut();
        const isOld = kept.expiresAt - Date.now() < SPARE_MS || (reason !== "connect" && kept.token === this.#given);
        this.#given = (isOld ? await this.#refresh(kept) : kept).token;
        return this.#given;
    });
    async signIn(username, password) {
        return this.#begin("/auth/token", new URLSearchParams({ username, password }));
    }
    register(registration) {
        return this.#begin("/users/register", bodyOf(registration));
    }
    setup(setupToken, registration) {
        return this.#begin("/setup", { ...bodyOf(registration), token: setupToken });
    }
    async restore() {
        return (this.account = (await this.#kept())?.account);
    }
    async signOut() {
        const kept = await this.#kept();
        await this.#forget(kept);
        this.#channel?.postMessage("signed out");
        if (!kept)
            return;
        const token = { get: async () => kept.token, renew: async () => kept.token };
        await this.#rest.with(token).call("POST", "/auth/logout").catch(() => { });
    }
    onSignedOut(fn) {
        this.#listeners.add(fn);
        return () => void this.#listeners.delete(fn);
    }
    async server() {
        const { version, demo, ...rest } = await this.#rest.call("GET", "/healthz");
        return { version, demo, registration: rest.registration };
    }
    async #begin(path, body) {
        return (await this.#keep(await this.#rest.call("POST", path, { body }))).account;
    }
    async #refresh({ refreshToken, ...kept }) {
        try {
            const body = { refresh_token: refreshToken };
            return await this.#keep(await this.#rest.call("POST", "/auth/refresh", { body }));
        }
        catch (error) {
            if (!(error instanceof ChatError) || error.retryable)
                throw error;
            await this.#forget({ refreshToken, ...kept });
            throw this.#signedOut();
        }
    }
    async #keep({ access_token, refresh_token, expires_in, user }) {
        const expiresAt = Date.now() + expires_in * 1000;
        const kept = { account: toAccount(user), token: access_token, refreshToken: refresh_token, expiresAt };
        await this.#storage.set(KEY, kept);
        this.account = kept.account;
        return kept;
    }
    async #kept() {
        return (await this.#storage.get(KEY));
    }
    async #forget(kept) {
        this.account = undefined;
        await this.#storage.delete(KEY);
        await this.#storage.delete("kept");
        if (kept)
            await this.#storage.delete(`${kept.account.id}|outbox`);
    }
    #signedOut() {
        this.account = undefined;
        for (const listener of [...this.#listeners])
            listener();
        return new ChatError("unauthorized", "signed out");
    }
}
function bodyOf({ username, email, password, firstName, lastName }) {
    return { username, email, password, first_name: firstName, last_name: lastName };
}
