/** Accounts of the server itself: signing in, staying signed in over a reload, and in all tabs at once. */
import type * as api from "./api.js";
import { toAccount } from "./convert.js";
import { ChatError } from "./errors.js";
import { readAccount } from "./kept.js";
import { attempt } from "./report.js";
import { Rest } from "./rest.js";
import { exclusive, openStorage, prefixed } from "./storage.js";
import type * as wire from "./wire.js";

const KEY = "session";
/** A token that runs out so soon is replaced before it is used. */
const SPARE_MS = 30_000;

interface Kept {
  account: api.Account;
  token: string;
  refreshToken: string;
  expiresAt: number;
}

export const createAuth: api.CreateAuth = (url, options) => new PasswordAuth(url, options);

class PasswordAuth implements api.Auth {
  account?: api.Account;
  readonly #rest: Rest;
  readonly #fetch: api.FetchLike | undefined;
  readonly #storage: api.StorageAdapter;
  readonly #listeners = new Set<() => void>();
  readonly #name: string;
  /** The refresh token beside the token that was given out last: another one in storage is news from another tab. */
  #given?: string;
  readonly #channel?: BroadcastChannel;

  constructor(url: string, options: api.AuthOptions = {}) {
    this.#fetch = options.fetch;
    this.#rest = new Rest(url, options.fetch);
    this.#name = `chinwag-auth-${this.#rest.base}`;
    this.#storage = prefixed(openStorage(options.storage), `${this.#rest.base}|`);
    if (typeof document === "undefined" || typeof BroadcastChannel === "undefined") return;
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = () => this.#signedOut();
  }

  readonly token: api.TokenSource = ({ reason }) =>
    // A refresh token works once: one tab spends it, the others find what it got.
    exclusive(this.#name, async () => {
      const kept = await this.#kept();
      if (!kept) throw this.#signedOut();
      const isOld = kept.expiresAt - Date.now() < SPARE_MS || (reason !== "connect" && kept.refreshToken === this.#given);
      const { token, refreshToken } = isOld ? await this.#refresh(kept) : kept;
      this.#given = refreshToken;
      return token;
    });

  async signIn(username: string, password: string): Promise<api.Account> {
    return this.#begin("/auth/token", new URLSearchParams({ username, password }));
  }

  register(registration: api.Registration): Promise<api.Account> {
    return this.#begin("/users/register", bodyOf(registration));
  }

  setup(setupToken: string, registration: api.Registration): Promise<api.Account> {
    return this.#begin("/setup", { ...bodyOf(registration), token: setupToken });
  }

  async restore(): Promise<api.Account | undefined> {
    return (this.account = (await this.#kept())?.account);
  }

  async signOut(): Promise<void> {
    const kept = await this.#kept();
    await this.#forget(kept);
    this.#channel?.postMessage("signed out");
    if (!kept) return;
    const token = { get: async () => kept.token, renew: async () => kept.token };
    await new Rest(this.#rest.base, this.#fetch, token).call("POST", "/auth/logout").catch(() => {});
  }

  onSignedOut(fn: () => void): () => void {
    this.#listeners.add(fn);
    return () => void this.#listeners.delete(fn);
  }

  async server(): Promise<api.ServerInfo> {
    const { version, demo, registration, needs_setup, password_login } = await this.#rest.call<wire.Health>("GET", "/healthz");
    return { version, demo, registration, needsSetup: needs_setup, passwordLogin: password_login };
  }

  async #begin(path: string, body: unknown): Promise<api.Account> {
    return (await this.#keep(await this.#rest.call<wire.Token>("POST", path, { body }))).account;
  }

  async #refresh({ refreshToken, ...kept }: Kept): Promise<Kept> {
    try {
      const body = { refresh_token: refreshToken };
      return await this.#keep(await this.#rest.call<wire.Token>("POST", "/auth/refresh", { body }));
    } catch (error) {
      if (!(error instanceof ChatError) || error.retryable) throw error;
      await this.#forget({ refreshToken, ...kept });
      throw this.#signedOut();
    }
  }

  async #keep({ access_token, refresh_token, expires_in, user }: wire.Token): Promise<Kept> {
    const expiresAt = Date.now() + expires_in * 1000;
    const kept = { account: toAccount(user), token: access_token, refreshToken: refresh_token, expiresAt };
    await this.#storage.set(KEY, kept);
    this.account = kept.account;
    return kept;
  }

  async #kept(): Promise<Kept | undefined> {
    const kept = (await this.#storage.get(KEY)) as Kept | undefined;
    const account = readAccount(kept?.account);
    return account && kept?.refreshToken ? { ...kept, account } : undefined;
  }

  async #forget(kept: Kept | undefined): Promise<void> {
    this.account = undefined;
    await this.#storage.delete(KEY);
    await this.#storage.delete("kept");
    if (kept) await this.#storage.delete(`${kept.account.id}|outbox`);
  }

  #signedOut(): ChatError {
    this.account = undefined;
    for (const listener of [...this.#listeners]) {
      void attempt(listener, (error) => console.error("a listener failed", error));
    }
    return new ChatError("unauthorized", "signed out");
  }
}

function bodyOf({ username, email, password, firstName, lastName }: api.Registration): wire.Register {
  return { username, email, password, first_name: firstName, last_name: lastName };
}
