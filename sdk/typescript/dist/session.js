import { Backoff } from "./backoff.js";
import { ChatError } from "./errors.js";
import { aborted } from "./rest.js";
/** For token, handshake and `ready` together. */
const OPEN_MS = 20_000;
/** For any byte after a ping. */
const PONG_MS = 5_000;
/** For the answer to a command, reconnects included. */
const COMMAND_MS = 30_000;
/** Events that are replayed in one conversation before a page of history is cheaper. */
const REPLAY_LIMIT = 1_000;
const REJECTED = [4000, 4001, 4006];
const EXPIRED = 4005;
const FINAL = { 4003: "forbidden", 4004: "not_found" };
const CODES = {
    too_large: "too_large",
    not_found: "not_found",
    forbidden: "forbidden",
    not_participant: "forbidden",
    archived: "forbidden",
    rate_limited: "rate_limited",
    unavailable: "unavailable",
    internal: "unavailable",
};
export class Session {
    connection = { state: "idle" };
    #url;
    #tokens;
    #options;
    #listener;
    #backoff;
    #waiting = new Map();
    #off = new AbortController();
    #lastRef = 0;
    /** Counts tries: whatever belongs to an earlier one is ignored. */
    #try = 0;
    #socket;
    #token;
    /** Why the next token is asked for. */
    #reason;
    /** The server refused the last token: if it refuses the next one, too, that is the end. */
    #isRejected = false;
    #upSince = 0;
    #heardAt = 0;
    #goawayMs;
    #retry;
    #deadline;
    #heartbeat;
    constructor(base, tokens, options, listener) {
        this.#url = `${base.replace(/^http/, "ws")}/ws`;
        this.#tokens = tokens;
        this.#options = options;
        this.#listener = listener;
        this.#backoff = new Backoff(options.backoff);
        if (typeof document === "undefined")
            return;
        const { signal } = this.#off;
        addEventListener("online", () => this.check(), { signal });
        addEventListener("offline", () => this.check(), { signal });
        document.addEventListener("visibilitychange", () => document.hidden || this.check(), { signal });
    }
    get isOnline() {
        return this.connection.state === "online";
    }
    start() {
        if (this.connection.state === "idle")
            void this.#open("connecting");
    }
    /** Now rather than later: a ping on an open socket, the next try without one. */
    check() {
        if (this.isOnline)
            this.#probe();
        else if (this.#retry !== undefined)
            void this.#open("reconnecting");
    }
    /** Leaves the socket and resumes on another one. */
    restart(why) {
        this.#log("warn", why);
        if (this.isOnline)
            this.#lost(new ChatError("protocol", why, { retryable: true }), 0);
    }
    close(error) {
        if (this.connection.state === "closed")
            return;
        this.#off.abort();
        this.#drop(1000);
        this.#tell("closed", { error });
        this.callOff(error);
    }
    /** Nothing that waits for an answer is sent again. */
    callOff(error = aborted()) {
        for (const waiting of [...this.#waiting.values()])
            waiting.reject(error);
    }
    /** Answered when the server has done it. */
    command(frame, options = {}) {
        const { timeoutMs = COMMAND_MS, signal } = options;
        const ref = String(++this.#lastRef);
        return new Promise((resolve, reject) => {
            if (this.connection.state === "closed")
                return reject(this.connection.error ?? aborted());
            if (signal?.aborted)
                return reject(aborted());
            const settle = () => {
                this.#waiting.delete(ref);
                clearTimeout(timer);
            };
            const fail = (error) => {
                settle();
                reject(error);
            };
            const timer = timeoutMs < Infinity
                ? setTimeout(() => fail(new ChatError("timeout", `no answer to ${frame.type} in time`)), timeoutMs)
                : undefined;
            signal?.addEventListener("abort", () => fail(aborted()), { once: true });
            const waiting = {
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
            if (this.isOnline)
                this.#send(waiting);
        });
    }
    /** Sent if it can be sent now, without waiting for the answer. */
    signal(frame) {
        if (this.isOnline)
            this.#socket?.send(JSON.stringify(frame));
    }
    /** A binary frame; false if there is no socket for it. */
    bytes(frame) {
        if (this.isOnline)
            this.#socket?.send(frame);
        return this.isOnline;
    }
    async #open(state) {
        const attempt = ++this.#try;
        clearTimeout(this.#retry);
        this.#retry = undefined;
        this.#tell(state, {});
        let token;
        try {
            token = await (this.#reason ? this.#tokens.renew(this.#reason, this.#token) : this.#tokens.get());
        }
        catch (error) {
            if (attempt !== this.#try)
                return;
            const known = error instanceof ChatError ? error : new ChatError("unavailable", `no token: ${String(error)}`);
            return known.retryable ? this.#wait(known) : this.close(known);
        }
        if (attempt !== this.#try)
            return;
        this.#token = token;
        this.#reason = undefined;
        const socket = new (this.#options.WebSocket ?? WebSocket)(this.#url, ["chinwag.v1", `bearer.${token}`]);
        this.#socket = socket;
        socket.onopen = () => {
            const hello = { type: "hello", ref: "h", cursors: this.#listener.cursors(), replay_limit: REPLAY_LIMIT };
            if (attempt === this.#try)
                socket.send(JSON.stringify(hello));
        };
        socket.onmessage = (event) => {
            if (attempt === this.#try)
                this.#hear(event.data);
        };
        socket.onerror = () => { };
        socket.onclose = ({ code, reason }) => {
            if (attempt === this.#try)
                this.#closed(code, reason);
        };
        this.#deadline = setTimeout(() => this.#lost(new ChatError("timeout", "no connection in time")), OPEN_MS);
    }
    #hear(data) {
        this.#heardAt = Date.now();
        let frame;
        try {
            frame = JSON.parse(String(data));
        }
        catch {
            return this.#log("warn", "a frame that is not JSON");
        }
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
    #ready(frame) {
        clearTimeout(this.#deadline);
        this.#isRejected = false;
        this.#upSince = Date.now();
        this.#heartbeat = setInterval(() => {
            if (Date.now() - this.#heardAt >= frame.heartbeat_ms / 2)
                this.#probe();
        }, frame.heartbeat_ms);
        this.#listener.onReady(frame);
        this.#tell("online", {});
        for (const waiting of [...this.#waiting.values()])
            this.#send(waiting);
    }
    #refused(frame) {
        const error = new ChatError(CODES[frame.code] ?? "invalid", frame.message, {
            retryable: frame.retry,
            retryAfterMs: frame.retry_after_ms,
            reason: frame.code,
        });
        const waiting = this.#waiting.get(frame.ref ?? "");
        if (!waiting)
            return this.#log("debug", "a refusal that nobody waits for", frame);
        const instead = waiting.recover?.(error, waiting.isRepeat);
        if (instead)
            waiting.resolve(instead);
        else
            waiting.reject(error);
    }
    #send(waiting) {
        waiting.isRepeat = waiting.isSent;
        waiting.isSent = true;
        this.#socket?.send(waiting.text);
        waiting.onSent?.();
    }
    async #renew() {
        try {
            const token = await this.#tokens.renew("expired", this.#token);
            await this.command({ type: "auth", token });
            this.#token = token;
        }
        catch (error) {
            // The old token is in force until the server closes with 4005; then it is tried again.
            this.#log("warn", "the token was not renewed", error);
        }
    }
    #probe() {
        const asked = Date.now();
        this.signal({ type: "ping" });
        clearTimeout(this.#deadline);
        this.#deadline = setTimeout(() => {
            if (this.#heardAt < asked)
                this.#lost(new ChatError("timeout", "the server does not answer"), 0);
        }, PONG_MS);
    }
    #closed(code, reason) {
        const told = { closeCode: code };
        if (code in FINAL)
            return this.close(new ChatError(FINAL[code], reason || `closed with ${code}`, told));
        if (REJECTED.includes(code)) {
            const error = new ChatError("unauthorized", reason || "the server refuses the token", told);
            if (this.#isRejected)
                return this.close(error);
            this.#isRejected = true;
            this.#reason = "rejected";
            return this.#lost(error, 0);
        }
        if (code === EXPIRED)
            this.#reason = "expired";
        this.#lost(new ChatError("unavailable", reason || "the connection was lost", told), code === EXPIRED ? 0 : undefined);
    }
    #lost(error, delay) {
        this.#drop(4009);
        this.#wait(error, delay);
    }
    #wait(error, delay) {
        const up = this.#upSince ? Date.now() - this.#upSince : 0;
        const inMs = Math.round(delay ?? this.#goawayMs ?? this.#backoff.next(up));
        this.#upSince = 0;
        this.#goawayMs = undefined;
        const isOffline = typeof navigator !== "undefined" && navigator.onLine === false;
        this.#retry = setTimeout(() => void this.#open("reconnecting"), inMs);
        this.#tell(isOffline ? "offline" : "reconnecting", { retryInMs: inMs, retryAt: Date.now() + inMs, error });
    }
    /** Forgets the socket at once: a dead network would take its time to close it. */
    #drop(code) {
        this.#try++;
        clearTimeout(this.#retry);
        clearTimeout(this.#deadline);
        clearInterval(this.#heartbeat);
        const socket = this.#socket;
        this.#socket = undefined;
        if (socket && socket.readyState < 2)
            socket.close(code);
    }
    #tell(state, detail) {
        const { since, error, state: before } = this.connection;
        const isDown = state === "reconnecting" || state === "offline";
        this.connection = {
            state,
            since: isDown ? (before === "online" || before === "connecting" ? Date.now() : since) : undefined,
            // While a try is under way the last one's error is still the news.
            error: isDown ? error : undefined,
            ...detail,
        };
        this.#log("debug", `connection: ${state}`);
        this.#listener.onConnection(this.connection);
    }
    #log(level, text, data) {
        this.#options.logger?.(level, text, data);
    }
}
