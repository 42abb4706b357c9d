import { ChatError } from "./errors.js";
export class Tokens {
    #source;
    #signal;
    #token;
    #asked;
    constructor(source, signal) {
        this.#source = source;
        this.#signal = signal;
    }
    /** The token that is in use; the first one is asked for. */
    get() {
        return this.#asked ?? (this.#token === undefined ? this.#ask("connect") : Promise.resolve(this.#token));
    }
    /** One in place of `used`, which is no good any more. */
    renew(reason, used) {
        return this.#asked ?? (this.#token === used ? this.#ask(reason) : this.get());
    }
    async #ask(reason) {
        const source = this.#source;
        const asking = async () => {
            if (typeof source === "function")
                return source({ reason, signal: this.#signal });
            if (reason === "connect")
                return source;
            throw new ChatError("unauthorized", "the token is no longer good");
        };
        this.#asked = asking();
        try {
            return (this.#token = await this.#asked);
        }
        finally {
            this.#asked = undefined;
        }
    }
}
