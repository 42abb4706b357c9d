/** The client: puts the parts together. */
import type * as api from "./api.js";
import { toAccount } from "./convert.js";
import { deferred } from "./core.js";
import type { Methods, MethodsClient } from "./methods.js";
import { Directory } from "./directory.js";
import { Events, Store } from "./emitter.js";
import { ChatError } from "./errors.js";
import type { PersistedClient, Persistence } from "./persistence.js";
import { position } from "./log.js";
import { Outbox } from "./outbox.js";
import { People } from "./people.js";
import { attempt, type Log, loggerOf } from "./report.js";
import { aborted, Rest } from "./rest.js";
import type { ChatRoom } from "./room.js";
import { Transport } from "./transport.js";
import { settleable } from "./settle.js";
import type { Tabs } from "./tabs.js";
import { subjectOf } from "./token.js";
import { Tokens } from "./tokens.js";
import type { Uploads } from "./uploads.js";
import type * as wire from "./wire.js";

/** Acknowledgements are cumulative: so often, and so many at once. */
const ACK_MS = 2_000;
const ACKS = 20;

export const createClient: api.CreateClient = (url, options) => new Client(url, options);

class Client extends Events<api.ClientEvents> implements api.ChatClient, MethodsClient, PersistedClient {
  me?: api.Account;
  readonly transport: Transport;
  readonly rest: Rest;
  readonly people = new People();
  readonly directory: Directory;
  readonly #outbox: Outbox;
  readonly log: Log;
  readonly #options: api.ClientOptions;
  /** Loaded with the first file. */
  #uploads?: Uploads;
  readonly #closing = new AbortController();
  readonly #store: Store<api.ClientSnapshot>;
  readonly #restored: Promise<void>;
  readonly #acks = new Map<string, number>();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #wasOnline = false;
  /** The server has said who this is. */
  #isConfirmed = false;
  /** Calls of `connect` that wait. */
  #waiters = 0;
  /** How far the server's clock is ahead of this device's. */
  #aheadMs = 0;
  #tabs?: Promise<Tabs>;
  #methods?: Promise<Methods>;
  #limits?: api.Limits;
  draftTexts: Readonly<Record<string, string>> = {};
  #persistence?: Persistence;
  /** Settled while there is a connection, or none any more. */
  #online = settleable<void>();
  #isSettled = false;

  constructor(url: string, options: api.ClientOptions) {
    const log = loggerOf(options.logger);
    super(log);
    this.log = log;
    this.#options = options;
    this.#store = new Store(log, () => this.#snapshot());
    const tokens = new Tokens(options.token, this.#closing.signal, (token, before) => this.#examine(token, before));
    this.rest = new Rest(url, options.fetch, tokens);
    this.directory = new Directory(this);
    this.transport = new Transport(this.rest.base, tokens, options, log, {
      resume: (isFresh) => this.directory.resume(isFresh),
      onReady: (frame) => this.#onReady(frame),
      onFrame: (frame) => this.#onFrame(frame),
      onConnection: (connection) => this.#onConnection(connection),
    });
    this.#outbox = new Outbox({
      transport: this.transport,
      upload: (file, onProgress, signal) => this.#upload(file, nameOf(file), onProgress, signal),
      changed: (id) => this.room(id).changed(),
      now: () => this.now(),
      log,
      willHear: (id) => this.room(id).getSnapshot().state !== "left",
    });
    this.#restored = this.#restore().catch((error) => log("warn", "nothing could be restored", error));
  }

  // -------------------------------------------------------------- state

  get state(): api.ConnectionState {
    return this.transport.connection.state;
  }

  get subscribe(): api.ChatClient["subscribe"] {
    return this.#store.subscribe;
  }

  readonly getSnapshot = (): api.ClientSnapshot => this.#store.get();

  #snapshot(): api.ClientSnapshot {
    return {
      connection: this.transport.connection,
      me: this.me,
      conversations: this.directory.all,
      unread: this.directory.unread,
      presence: this.people.presence,
      drafts: this.draftTexts,
      outbox: this.#outbox.pending,
      limits: this.#limits,
    };
  }

  readonly conversations: api.Conversations = {
    ...deferred<Omit<api.Conversations, "list" | "get">>(this, "conversations", ["create", "direct", "update", "leave", "setNotifications"]),
    list: (q) => this.directory.list(q),
    get: (id) => this.directory.get(id),
  };

  room(id: string | number): ChatRoom {
    return this.directory.room(String(id));
  }

  // -------------------------------------------------------------- connecting

  async connect({ timeoutMs, signal }: { timeoutMs?: number; signal?: api.AbortSignal } = {}): Promise<void> {
    if (signal?.aborted) throw aborted();
    const end = settleable<void>();
    const late = () => end.reject(new ChatError("timeout", "no connection in time"));
    const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs);
    const stop = () => end.reject(aborted());
    signal?.addEventListener("abort", stop);
    this.#waiters++;
    try {
      await Promise.race([end.promise, this.#restored]);
      this.transport.start();
      await Promise.race([end.promise, this.whenOnline()]);
    } catch (error) {
      // The last one who waited has given up; what was connected once goes on trying.
      if (this.#waiters === 1 && !this.#isConfirmed && this.state !== "closed") this.transport.stop();
      throw error;
    } finally {
      this.#waiters--;
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    }
  }

  reconnect(): void {
    this.transport.check();
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.transport.close();
    this.#outbox.close();
    this.#tabs?.then((tabs) => tabs.close(), () => {});
    await this.#persistence?.close();
  }

  async forget(): Promise<void> {
    await this.#restored;
    this.#persistence?.silence();
    await this.close();
    const owner = this.me?.id;
    this.#forget();
    this.#store.changed();
    await this.#persistence?.forget(owner);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  whenOnline(): Promise<void> {
    return this.#online.promise;
  }

  pause(ms = 500): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  #onConnection(connection: api.Connection): void {
    const { state, error } = connection;
    const isOver = this.#closing.signal.aborted;
    if (this.#isSettled && state !== "online") this.#online = settleable();
    this.#isSettled = state === "online" || state === "closed";
    if (state === "online") this.#online.resolve();
    if (state === "closed") this.#online.reject(error ?? aborted());
    if (this.#wasOnline && state !== "online") {
      this.people.forgetPresence();
      this.directory.onLost();
      this.#uploads?.onLost();
    }
    this.#wasOnline = state === "online";
    this.#store.changed();
    this.emit("connection", connection);
    if (state === "closed" && error) this.emit("error", { error });
    if (typeof document !== "undefined" && !isOver) this.#share(connection);
  }

  /** Several tabs of a browser share what a user may have open. */
  #share(connection: api.Connection): void {
    const isNeeded = connection.state === "online" || connection.error?.code === "too_many_sockets";
    if (isNeeded) {
      this.#tabs ??= import("./tabs.js").then(({ Tabs }) => new Tabs(this.transport, this.rest.base));
    }
    this.#tabs?.then((tabs) => tabs.onConnection(connection), (error) => this.log("warn", String(error), error));
  }

  #onReady(frame: wire.ReadyFrame): void {
    const me = toAccount(frame.user);
    if (this.me && this.me.id !== me.id) {
      if (this.#isConfirmed) return this.transport.close(this.#isStranger());
      this.#forget();
    }
    const isNew = !this.#isConfirmed;
    this.#isConfirmed = true;
    this.me = me;
    this.#aheadMs = frame.server_time - Date.now();
    this.people.learn(me);
    this.#outbox.sign(me);
    const { content_chars: contentChars, content_bytes: contentBytes, upload_bytes: uploadBytes, attachments, push } = frame.limits;
    this.#limits = { contentChars, contentBytes, uploadBytes, attachments, push };
    this.directory.onReady(frame);
    this.#outbox.resumeAll();
    if (isNew) this.#persistence?.confirm(me);
    else this.#persistence?.resumed();
    this.#store.changed();
  }

  now(): number {
    return Date.now() + this.#aheadMs;
  }

  #onFrame(frame: wire.ServerFrame): void {
    switch (frame.type) {
      case "replay":
        for (const event of frame.events) this.room(frame.conversation_id).apply(event, false);
        return;
      case "caught_up":
        return this.room(frame.conversation_id).onCaughtUp();
      case "gap":
        if (frame.reason === "membership") this.directory.onLeft(String(frame.conversation_id));
        else this.room(frame.conversation_id).onGap(frame);
        return;
      case "unread":
        return this.room(frame.conversation_id).onUnread(frame);
      case "receipt":
        return this.room(frame.conversation_id).onReceipt(frame);
      case "typing":
        return this.room(frame.conversation_id).onTyping(frame);
      case "conversation":
        return this.directory.onConversation(frame);
      case "conversation_left":
        return this.directory.onLeft(String(frame.conversation_id), frame.actor_id?.toString());
      case "presence":
        return this.#onPresence(frame);
      case "upload_progress":
        return this.#uploads?.onProgress(frame);
      default:
        // Events of kinds that this version does not know count in the log like all others.
        if ("actor_id" in frame) this.room(frame.conversation_id).apply(frame, true);
    }
  }

  #onPresence(frame: wire.PresenceFrame): void {
    const presence = this.people.apply(frame);
    const { lastSeen, status } = presence;
    this.#store.changed();
    this.emit("presence", { userId: String(frame.user_id), online: status !== "offline", lastSeen, presence });
  }

  // -------------------------------------------------------------- what rooms ask for

  roomChanged(room: ChatRoom): void {
    this.directory.roomChanged(room);
    this.#store.changed();
    this.#persistence?.changed();
  }

  acknowledge(room: ChatRoom): void {
    const seq = room.have === undefined ? 0 : position(room.have);
    this.#acks.set(room.id, seq);
    this.#later("ack", ACK_MS, () => this.#sendAcks());
  }

  #sendAcks(): void {
    for (const [id, seq] of [...this.#acks].slice(0, ACKS)) {
      this.transport.signal({ type: "ack", conversation_id: Number(id), seq });
      this.#acks.delete(id);
    }
    if (this.#acks.size > 0) this.#later("ack", ACK_MS, () => this.#sendAcks());
  }

  refreshPreview(room: ChatRoom): void {
    this.#later(`preview ${room.id}`, ACK_MS, () => {
      this.later(({ conversations }) => conversations.refreshPreview(room));
    });
  }

  broken(what: string): void {
    this.transport.restart(`events are missing: ${what}`);
  }

  /** Once, some time from now, however often it is asked for until then. */
  #later(name: string, ms: number, job: () => void): void {
    if (this.#timers.has(name) || this.#closing.signal.aborted) return;
    const run = () => {
      this.#timers.delete(name);
      job();
    };
    this.#timers.set(name, setTimeout(run, ms));
  }

  // -------------------------------------------------------------- what outlives the page

  async #restore(): Promise<void> {
    const { storage = "memory", user } = this.#options;
    if (storage === "memory") return;
    const { Persistence } = await import("./persistence.js");
    this.#persistence = new Persistence(this, storage, user);
    // Without a name, only the token tells whether it is the same person.
    if (user !== undefined) await this.#persistence.restore();
  }

  /** Before a token is used: whose is it? What is kept is shown to its owner; nobody becomes somebody else. */
  async #examine(token: string, before: string | undefined): Promise<void> {
    await this.#restored;
    const subject = subjectOf(token);
    if (!this.#isConfirmed) {
      if (this.#options.user === undefined) await this.#persistence?.restore(subject);
      return;
    }
    if (subject !== undefined && subject === subjectOf(before)) return;
    const owner = await (await this.methods()).account.ownerOf(token);
    if (owner === undefined || owner === this.me?.id) return;
    const error = this.#isStranger();
    this.transport.close(error);
    throw error;
  }

  #isStranger(): ChatError {
    return new ChatError("unauthorized", "the token is another user's", { reason: "other_user" });
  }

  /** Somebody else has signed in. */
  #forget(): void {
    this.transport.callOff();
    this.#outbox.forget();
    this.draftTexts = {};
    this.directory.forget();
    this.me = undefined;
  }

  // -------------------------------------------------------------- the rest

  readonly #users = deferred<Omit<Methods["users"], never>>(this, "users", ["search", "find", "load"]);

  readonly search = this.#users.search;

  readonly users: api.ChatClient["users"] = { ...this.#users, get: (id) => this.people.get(id) };

  readonly presence: api.ChatClient["presence"] = {
    get: (userId) => this.people.presence[userId],
    set: async (status, text) => void (await this.transport.command({ type: "presence", status, text })),
  };

  readonly account = deferred<api.ChatClient["account"]>(this, "account", ["update", "sessions", "endSession"]);

  readonly push = deferred<api.ChatClient["push"]>(this, "push", ["key", "subscribe", "list", "remove"]);

  get outbox(): Outbox {
    return this.#outbox;
  }

  readonly drafts: api.ChatClient["drafts"] = {
    get: (id) => this.draftTexts[id] ?? "",
    set: (id, text) => {
      const { [id]: before = "", ...others } = this.draftTexts;
      if (before === text) return;
      this.draftTexts = text === "" ? others : { ...others, [id]: text };
      this.#store.changed();
      this.#persistence?.draftsChanged();
    },
  };

  readonly files: api.ChatClient["files"] = {
    upload: (file, { name = nameOf(file), onProgress, signal } = {}) => {
      const tell = (loaded: number) => {
        void attempt(() => onProgress?.({ loaded, total: file.size }), (error) => this.log("error", `onProgress failed: ${error}`, error));
      };
      return this.#upload(file, name, tell, signal);
    },
    blob: (url, { signal } = {}) => this.rest.call<Blob>("GET", url, { isBlob: true, signal }),
  };

  /** Who has not been connected yet waits for no socket. */
  async #upload(file: Blob, name: string, tell: (loaded: number) => void, signal?: AbortSignal): Promise<api.Attachment> {
    const { Uploads } = await import("./uploads.js").catch(notLoaded);
    this.#uploads ??= new Uploads(this.transport, this.rest);
    return this.#uploads.upload(file, name, tell, signal, this.#limits !== undefined);
  }

  methods(): Promise<Methods> {
    return (this.#methods ??= import("./methods.js").then(({ createMethods }) => createMethods(this), (error) => {
      this.#methods = undefined;
      return notLoaded(error);
    }));
  }

  later(job: (methods: Methods) => Promise<unknown>): void {
    this.methods().then(job).catch((error) => this.log("warn", String(error), error));
  }

  changed(): void {
    this.#store.changed();
  }
}

/** The network was down, or the application is newer by now: it may be there at the next try. */
function notLoaded(error: unknown): never {
  throw new ChatError("unavailable", `a part could not be loaded: ${String(error)}`);
}

function nameOf(file: Blob): string {
  return "name" in file ? String(file.name) : "file";
}
