/** What a client is made with. */
import type { AbortSignal, FetchLike, SocketConstructor } from "./platform.js";

export interface ClientOptions {
  /**
   * The access token, or a function that gets one. It is asked at the first connection (`connect`), when the
   * token runs out (`expired`), and once when the server refuses it (`rejected`). It is always a token of the same
   * user: one of somebody else closes the client.
   */
  token: string | TokenSource;
  /**
   * Whose client this is, by any name that is the user's own: what is kept is kept apart for each. With it, what is
   * kept is shown at once. Without it, only when the token or the server says that it is the same user's.
   */
  user?: string;
  /** Where the outbox, drafts and the last page of each room are kept. `memory` if absent. */
  storage?: "memory" | "indexeddb" | StorageAdapter;
  /** Full jitter between 0 and `minMs` · 2^n, at most `maxMs`. 500 and 30,000 if absent. */
  backoff?: { minMs?: number; maxMs?: number };
  /** Errors of your own callbacks come here, too; without it to the console. */
  logger?: (level: "debug" | "warn" | "error", text: string, data?: unknown) => void;
  /** In place of the environment's own. */
  fetch?: FetchLike;
  /** Needed where there is none, as in Node below 22: the one of `ws` or of `undici`. */
  WebSocket?: SocketConstructor;
}

export type TokenSource = (ctx: { reason: "connect" | "expired" | "rejected"; signal: AbortSignal }) => Promise<string>;

export interface StorageAdapter {
  get(key: string): Promise<unknown>;
  /** Values are what structured cloning takes: dates, blobs, no functions. For text alone there is `jsonStorage`. */
  set(key: string, value: unknown): Promise<void>;
  delete(key: string): Promise<void>;
}
