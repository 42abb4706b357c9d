/** The access token: asked for once for all who wait for it, and again when it has run out. */
import type { ClientOptions, TokenSource } from "./api.js";
import { ChatError } from "./errors.js";

/** A bearer token (RFC 6750) that a socket can carry: with `/` or `=`, `new WebSocket` would throw. */
const SENDABLE = /^[\w.~+-]+$/;

type Reason = "connect" | "expired" | "rejected";

/** Looks at a token before anybody uses it; `before` is the one that it replaces. Rejects if it is not to be used. */
export type Examine = (token: string, before: string | undefined) => Promise<void>;

export class Tokens {
  readonly #source: ClientOptions["token"];
  readonly #signal: AbortSignal;
  readonly #examine: Examine;
  #token?: string;
  #asked?: Promise<string>;

  constructor(source: ClientOptions["token"], signal: AbortSignal, examine: Examine) {
    this.#source = source;
    this.#signal = signal;
    this.#examine = examine;
  }

  /** The token that is in use; the first one is asked for. */
  get(): Promise<string> {
    return this.#asked ?? (this.#token === undefined ? this.#ask("connect") : Promise.resolve(this.#token));
  }

  /** One in place of `used`, which is no good any more. */
  renew(reason: Reason, used: string | undefined): Promise<string> {
    return this.#asked ?? (this.#token === used ? this.#ask(reason) : this.get());
  }

  #ask(reason: Reason): Promise<string> {
    const source = this.#source;
    const asking = async () => {
      // A token that was given once, and is no good any more, is none.
      const once = reason === "connect" ? source : "";
      // What was read from a file or an answer often has a line break at its end.
      const token = `${typeof source === "function" ? await this.#call(source, reason) : once}`.trim();
      if (!SENDABLE.test(token)) throw new ChatError("unauthorized", "the token was invalid");
      await this.#examine(token, this.#token);
      return (this.#token = token);
    };
    return (this.#asked = asking().finally(() => (this.#asked = undefined)));
  }

  async #call(source: TokenSource, reason: Reason): Promise<string> {
    try {
      return await source({ reason, signal: this.#signal });
    } catch (error) {
      throw error instanceof ChatError ? error : new ChatError("unavailable", `no token: ${String(error)}`);
    }
  }
}
