/** The access token: asked for once for all who wait for it, and again when it has run out. */
import type { ClientOptions } from "./api.js";
import { ChatError } from "./errors.js";

type Reason = "connect" | "expired" | "rejected";

export class Tokens {
  readonly #source: ClientOptions["token"];
  readonly #signal: AbortSignal;
  #token?: string;
  #asked?: Promise<string>;

  constructor(source: ClientOptions["token"], signal: AbortSignal) {
    this.#source = source;
    this.#signal = signal;
  }

  /** The token that is in use; the first one is asked for. */
  get(): Promise<string> {
    return this.#asked ?? (this.#token === undefined ? this.#ask("connect") : Promise.resolve(this.#token));
  }

  /** One in place of `used`, which is no good any more. */
  renew(reason: Reason, used: string | undefined): Promise<string> {
    return this.#asked ?? (this.#token === used ? this.#ask(reason) : this.get());
  }

  async #ask(reason: Reason): Promise<string> {
    const source = this.#source;
    const asking = async () => {
      if (typeof source === "function") return source({ reason, signal: this.#signal });
      if (reason === "connect") return source;
      throw new ChatError("unauthorized", "the token was refused");
    };
    this.#asked = asking();
    try {
      return (this.#token = await this.#asked);
    } finally {
      this.#asked = undefined;
    }
  }
}
