/** The interface for accounts of the server itself. */
import type { Account } from "./api.js";
import type { StorageAdapter, TokenSource } from "./options.js";
import type { FetchLike } from "./platform.js";

export interface AuthOptions {
  /** Where the session is kept over a reload. `memory` if absent: then a reload signs out. */
  storage?: "memory" | "indexeddb" | StorageAdapter;
  fetch?: FetchLike;
}

export interface Registration {
  username: string;
  email: string;
  password: string;
  firstName?: string;
  lastName?: string;
}

export interface ServerInfo {
  version: string;
  /** A demo: its first account is testuser / TestPassword123. */
  demo: boolean;
  /** Whether anybody may register. */
  registration: boolean;
  /** It waits for its first administrator, and lets nobody register: the setup link was printed where it was started. */
  needsSetup: boolean;
  /** Whether it has accounts of its own; if not, another application signs its users in, and `signIn` is refused. */
  passwordLogin: boolean;
}

/**
 * Accounts of the server itself. Applications with accounts of their own do not need it: they give `createClient`
 * a function that gets a token from their own backend.
 */
export interface Auth {
  readonly account?: Account;
  /** For `createClient`. Refreshes the session once for all callers, in all tabs. */
  readonly token: TokenSource;
  signIn(username: string, password: string): Promise<Account>;
  register(registration: Registration): Promise<Account>;
  /** The first administrator, with the token of the setup link. */
  setup(setupToken: string, registration: Registration): Promise<Account>;
  /** The session of an earlier visit, if there is one that is still good. */
  restore(): Promise<Account | undefined>;
  /** Ends the session on the server, and forgets it and what is kept of its rooms. */
  signOut(): Promise<void>;
  /** Called when the session was ended: signed out in another tab, elsewhere, or by the server. */
  onSignedOut(fn: () => void): () => void;
  server(): Promise<ServerInfo>;
}

export type CreateAuth = (url: string, opts?: AuthOptions) => Auth;
