/**
 * The connection: one socket after the other, as a state machine.
 *
 *     idle → connecting → online → reconnecting ⇄ (a try) → online → … → closed
 *                            └→ asleep → reconnecting
 *
 * A try is: get a token, open the socket, say `hello`, hear `ready`. Commands wait for their answer over as many
 * sockets as it takes; what was sent without an answer is sent again after the next `ready`.
 */
import type { AbortSignal, ClientOptions, Connection, ConnectionState, SocketConstructor, SocketLike } from "./api.js";
import { Backoff } from "./backoff.js";
import { ChatError, type ErrorCode } from "./errors.js";
import type { Log } from "./report.js";
import { aborted } from "./rest.js";
import type { Tokens } from "./tokens.js";
import type { Added, ErrorCode as WireCode, ErrorFrame, OkFrame, ReadyFrame, ServerFrame } from "./wire.js";

/** For token, handshake and `ready` together. */
const OPEN_MS = 20_000;
/** For any byte after a ping. */
const PONG_MS = 5_000;
/** For the answer to a command, reconnects included. */
const COMMAND_MS = 30_000;
/** Events that are replayed in one conversation before a page of history is cheaper. */
const REPLAY_LIMIT = 1_000;

const AWAKE: ConnectionState[] = ["connecting", "online", "reconnecting", "offline"];
const REJECTED = [4000, 4001, 4006];
const EXPIRED = 4005;
const CROWDED = 4010;
/** What a `hello` that can't be read, or is too large, is closed with. */
const MISREAD = [1002, 1009];
/** Before another try for a place that others have: at least so long, and at most twice. */
const CROWDED_MS = 15_000;
/** Cursors of one frame, which has 64 KiB at most. */
const CURSORS = 1_000;

const CODES: Partial<Record<WireCode, ErrorCode>> = {
  too_large: "too_large",
  not_found: "not_found",
  forbidden: "forbidden",
  not_participant: "forbidden",
  archived: "forbidden",
  rate_limited: "rate_limited",
  unavailable: "unavailable",
  internal: "unavailable",
};

export interface Resumption {
  cursors: [id: string, cursor: string][];
  /** From where conversations without a cursor begin. */
  added: Added;
}

/** What the connection tells. */
export interface Listener {
  /** What to resume from; `isFresh`: from nothing, since the last `hello` was not taken. */
  resume(isFresh: boolean): Resumption;
  onReady(frame: ReadyFrame): void;
  onFrame(frame: ServerFrame): void;
  onConnection(connection: Connection): void;
}

export interface CommandOptions {
  /** Infinity: until it is answered. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** An answer in place of a refusal; `isRepeat` if an earlier try may have arrived. */
  recover?: (error: ChatError, isRepeat: boolean) => OkFrame | undefined;
  /** Called when it is handed to a socket. */
  onSent?: () => void;
}

interface Waiting extends CommandOptions {
  text: string;
  isSent: boolean;
  isRepeat: boolean;
  resolve: (frame: OkFrame) => void;
  reject: (error: ChatError) => void;
}

export class Transport {
  connection: Connection = { state: "idle" };
  readonly #url: string;
  readonly #tokens: Tokens;
  readonly #WebSocket: SocketConstructor;
  readonly #log: Log;
  readonly #listener: Listener;
  readonly #backoff: Backoff;
  readonly #waiting = new Map<string, Waiting>();
  readonly #off = new AbortController();
  #lastRef = 0;
  /** Counts tries: whatever belongs to an earlier one is ignored. */
  #try = 0;
  #socket?: SocketLike;
  #token?: string;
  /** Why the next token is asked for. */
  #reason?: "expired" | "rejected";
  /** The server refused the last token: if it refuses the next one, too, that is the end. */
  #isRejected = false;
  /** The last `hello` was not taken: the next one names no cursors. */
  #isMisread = false;
  /** Closed by its owner: for good. */
  #isOver = false;
  #upSince?: number;
  /** Counts frames: clocks may be put back. */
  #heard = 0;
  #goawayMs?: number;
  #retry?: ReturnType<typeof setTimeout>;
  #deadline?: ReturnType<typeof setTimeout>;
  #heartbeat?: ReturnType<typeof setInterval>;

  constructor(base: string, tokens: Tokens, options: ClientOptions, log: Log, listener: Listener) {
    const { WebSocket = globalThis.WebSocket as SocketConstructor | undefined } = options;
    if (!WebSocket) {
      const what = "there is no WebSocket here: give createClient one, as in { token, WebSocket } with the one of `ws`";
      throw new ChatError("invalid", what);
    }
    this.#url = `${base.replace(/^http/, "ws")}/ws`;
    this.#tokens = tokens;
    this.#WebSocket = WebSocket;
    this.#log = log;
    this.#listener = listener;
    this.#backoff = new Backoff(options.backoff);
    if (typeof document === "undefined") return;
    const { signal } = this.#off;
    addEventListener("online", () => this.check(), { signal });
    addEventListener("offline", () => this.check(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.check(), { signal });
  }

  get isOnline(): boolean {
    return this.connection.state === "online";
  }

  /** The token of the last try. */
  get token(): string | undefined {
    return this.#token;
  }

  /** After an end that was not its owner's doing, too. */
  start(): void {
    const { state } = this.connection;
    if (this.#isOver || (state !== "idle" && state !== "closed")) return this.check();
    this.#isRejected = false;
    void this.#open("connecting");
  }

  /** Now rather than later: a ping on an open socket, the next try without one. */
  check(): void {
    if (this.isOnline) this.#probe();
    else if (this.#retry !== undefined || this.connection.state === "asleep") void this.#open("reconnecting");
  }

  /** Leaves the socket and resumes on another one. */
  restart(why: string): void {
    this.#log("warn", why);
    if (this.isOnline) this.#lost(new ChatError("protocol", why, { retryable: true }), 0);
  }

  /** Tries no longer, until it is started again. */
  stop(): void {
    if (this.connection.state === "idle") return;
    this.#drop(1000);
    this.#tell("idle", {});
  }

  /** Does without a socket until `check`, or until somebody needs one. */
  sleep(error?: ChatError): void {
    if (!AWAKE.includes(this.connection.state)) return;
    this.#drop(1000);
    this.#tell("asleep", { error });
  }

  /** Without an error for good. */
  close(error?: ChatError): void {
    if (this.#isOver || (error && this.connection.state === "closed")) return;
    this.#isOver = !error;
    if (this.#isOver) this.#off.abort();
    else this.#reason = "rejected";
    this.#drop(1000);
    this.#tell("closed", { error });
    this.callOff(error);
  }

  /** Nothing that waits for an answer is sent again. */
  callOff(error = aborted()): void {
    for (const waiting of [...this.#waiting.values()]) waiting.reject(error);
  }

  /** Answered when the server has done it. */
  command(frame: { type: string; [field: string]: unknown }, options: CommandOptions = {}): Promise<OkFrame> {
    const { timeoutMs = COMMAND_MS, signal } = options;
    const ref = String(++this.#lastRef);
    return new Promise<OkFrame>((resolve, reject) => {
      if (this.connection.state === "closed") return reject(this.connection.error ?? aborted());
      if (signal?.aborted) return reject(aborted());
      if (this.connection.state === "asleep") this.check();
      const settle = () => {
        this.#waiting.delete(ref);
        clearTimeout(timer);
      };
      const fail = (error: ChatError) => {
        settle();
        reject(error);
      };
      const timer =
        timeoutMs < Infinity
          ? setTimeout(() => fail(new ChatError("timeout", `no answer to ${frame.type} in time`)), timeoutMs)
          : undefined;
      signal?.addEventListener("abort", () => fail(aborted()), { once: true });
      const waiting: Waiting = {
        ...options,
        text: JSON.stringify({ ...frame, ref }),
        isSent: false,
        isRepeat: false,
        resolve: (ok) => {
          settle();
          resolve(ok);
        },
        reject: fail,
      };
      this.#waiting.set(ref, waiting);
      if (this.isOnline) this.#send(waiting);
    });
  }

  /** Sent if it can be sent now, without waiting for the answer. */
  signal(frame: { type: string; [field: string]: unknown }): void {
    if (this.isOnline) this.#socket?.send(JSON.stringify(frame));
  }

  /** A binary frame; false if there is no socket for it. */
  bytes(frame: Uint8Array): boolean {
    if (this.isOnline) this.#socket?.send(frame);
    return this.isOnline;
  }

  async #open(state: ConnectionState): Promise<void> {
    const attempt = ++this.#try;
    clearTimeout(this.#retry);
    clearTimeout(this.#deadline);
    this.#retry = undefined;
    this.#tell(state, {});
    this.#deadline = setTimeout(() => this.#lost(new ChatError("timeout", "no connection in time")), OPEN_MS);
    try {
      const token = await (this.#reason ? this.#tokens.renew(this.#reason, this.#token) : this.#tokens.get());
      if (attempt !== this.#try) return;
      this.#token = token;
      this.#reason = undefined;
      this.#dial(token, attempt);
    } catch (error) {
      if (attempt !== this.#try) return;
      const known = error instanceof ChatError ? error : new ChatError("unavailable", `no connection: ${String(error)}`);
      if (known.retryable) this.#lost(known);
      else this.close(known);
    }
  }

  #dial(token: string, attempt: number): void {
    const socket = new this.#WebSocket(this.#url, ["chinwag.v1", `bearer.${token}`]);
    this.#socket = socket;
    socket.onopen = () => {
      if (attempt === this.#try) this.#guarded(() => this.#greet(socket));
    };
    socket.onmessage = (event: { data: unknown }) => {
      if (attempt === this.#try) this.#guarded(() => this.#hear(event.data));
    };
    socket.onerror = () => {};
    socket.onclose = ({ code, reason }: { code: number; reason: string }) => {
      if (attempt === this.#try) this.#closed(code, reason);
    };
  }

  /** `hello`, and as many frames as the cursors need. */
  #greet(socket: SocketLike): void {
    const { cursors: known, added } = this.#listener.resume(this.#isMisread);
    this.#isMisread = false;
    for (let from = 0, more_cursors = true; more_cursors; from += CURSORS) {
      more_cursors = from + CURSORS < known.length;
      const cursors = Object.fromEntries(known.slice(from, from + CURSORS));
      const hello = { type: "hello", ref: "h", cursors, added, replay_limit: REPLAY_LIMIT, more_cursors };
      socket.send(JSON.stringify(from === 0 ? hello : { type: "cursors", cursors, more_cursors }));
    }
  }

  /** A frame that can't be read is the connection's fault, not the page's. */
  #guarded(job: () => void): void {
    try {
      job();
    } catch (error) {
      this.#log("error", `a frame could not be taken: ${String(error)}`, error);
      this.#lost(new ChatError("protocol", "a frame could not be taken", { retryable: true }));
    }
  }

  #hear(data: unknown): void {
    this.#heard++;
    const frame = JSON.parse(String(data)) as ServerFrame;
    switch (frame.type) {
      case "ready":
        return this.#ready(frame);
      case "ok":
        return this.#waiting.get(frame.ref ?? "")?.resolve(frame);
      case "error":
        return this.#refused(frame);
      case "pong":
        return;
      case "goaway":
        this.#goawayMs = frame.reconnect_after_ms;
        return;
      case "auth_expiring":
        return void this.#renew();
      default:
        this.#listener.onFrame(frame);
    }
  }

  #ready(frame: ReadyFrame): void {
    clearTimeout(this.#deadline);
    this.#isRejected = false;
    this.#upSince = performance.now();
    let heard = this.#heard;
    this.#heartbeat = setInterval(() => {
      if (heard === this.#heard) this.#probe();
      heard = this.#heard;
    }, frame.heartbeat_ms / 2);
    const attempt = this.#try;
    this.#listener.onReady(frame);
    // It may be somebody else who is welcomed: then this is over.
    if (attempt !== this.#try) return;
    this.#tell("online", {});
    for (const waiting of [...this.#waiting.values()]) this.#send(waiting);
  }

  #refused(frame: ErrorFrame): void {
    const error = new ChatError(CODES[frame.code] ?? "invalid", frame.message, {
      retryable: frame.retry,
      retryAfterMs: frame.retry_after_ms,
      reason: frame.code,
    });
    const waiting = this.#waiting.get(frame.ref ?? "");
    if (!waiting) return this.#log("warn", frame.message, frame);
    const instead = waiting.recover?.(error, waiting.isRepeat);
    if (instead) waiting.resolve(instead);
    else waiting.reject(error);
  }

  #send(waiting: Waiting): void {
    waiting.isRepeat = waiting.isSent;
    waiting.isSent = true;
    this.#socket?.send(waiting.text);
    waiting.onSent?.();
  }

  async #renew(): Promise<void> {
    try {
      const token = await this.#tokens.renew("expired", this.#token);
      await this.command({ type: "auth", token });
      this.#token = token;
    } catch (error) {
      // The old token is in force until the server closes with 4005; then it is tried again.
      this.#log("warn", "token not renewed", error);
    }
  }

  #probe(): void {
    const asked = this.#heard;
    this.signal({ type: "ping" });
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => {
      if (this.#heard === asked) this.#lost(new ChatError("timeout", "no answer"), 0);
    }, PONG_MS);
  }

  #closed(code: number, reason: string): void {
    const told = { closeCode: code };
    if (REJECTED.includes(code)) {
      const error = new ChatError("unauthorized", reason || "the token was refused", told);
      if (this.#isRejected) return this.close(error);
      this.#isRejected = true;
      this.#reason = "rejected";
      return this.#lost(error, 0);
    }
    if (code === CROWDED) {
      const error = new ChatError("too_many_sockets", reason || "too many sockets of this user are open", told);
      return this.#lost(error, CROWDED_MS * (1 + Math.random()));
    }
    this.#isMisread = MISREAD.includes(code) && this.#upSince === undefined;
    if (code === EXPIRED) this.#reason = "expired";
    this.#lost(new ChatError("unavailable", reason || "connection lost", told), code === EXPIRED ? 0 : undefined);
  }

  #lost(error: ChatError, delay?: number): void {
    this.#drop(4009);
    this.#wait(error, delay);
  }

  #wait(error: ChatError, delay?: number): void {
    const up = this.#upSince === undefined ? 0 : performance.now() - this.#upSince;
    const inMs = Math.round(delay ?? this.#goawayMs ?? this.#backoff.next(up));
    this.#upSince = undefined;
    this.#goawayMs = undefined;
    const isOffline = typeof navigator !== "undefined" && navigator.onLine === false;
    this.#retry = setTimeout(() => void this.#open("reconnecting"), inMs);
    this.#tell(isOffline ? "offline" : "reconnecting", { retryInMs: inMs, retryAt: Date.now() + inMs, error });
  }

  /** Forgets the socket at once: a dead network would take its time to close it. */
  #drop(code: number): void {
    this.#try++;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    clearTimeout(this.#deadline);
    clearInterval(this.#heartbeat);
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket && socket.readyState < 2) socket.close(code);
  }

  #tell(state: ConnectionState, detail: Partial<Connection>): void {
    const { since, error } = this.connection;
    const isDown = state === "reconnecting" || state === "offline";
    this.connection = {
      state,
      since: isDown ? (since ?? Date.now()) : undefined,
      // While a try is under way the last one's error is still the news.
      error: isDown ? error : undefined,
      ...detail,
    };
    this.#listener.onConnection(this.connection);
  }
}
