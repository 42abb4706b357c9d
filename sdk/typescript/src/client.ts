/** The client: puts the parts together, and keeps what has to outlive the page. */
import type * as api from "./api.js";
import { toAccount, toMessage, toSession, toUser } from "./convert.js";
import type { Core } from "./core.js";
import { Directory } from "./directory.js";
import { Events, Store } from "./emitter.js";
import { ChatError } from "./errors.js";
import { position } from "./log.js";
import { Outbox } from "./outbox.js";
import { People } from "./people.js";
import { aborted, Rest } from "./rest.js";
import type { ChatRoom, KeptRoom } from "./room.js";
import { Session } from "./session.js";
import { openStorage, prefixed } from "./storage.js";
import { Tokens } from "./tokens.js";
import { Uploads } from "./uploads.js";
import type * as wire from "./wire.js";

/** Acknowledgements are cumulative: so often, and so many at once. */
const ACK_MS = 2_000;
const ACKS = 20;
/** After a new connection: for presence to be told anew. */
const PRESENCE_MS = 3_000;
const SAVE_MS = 1_000;
/** Rooms whose last page is kept over a reload. */
const KEPT_ROOMS = 20;

interface Kept {
  me: api.Account;
  rooms: KeptRoom[];
  drafts: Record<string, string>;
}

export const createClient: api.CreateClient = (url, options) => new Client(url, options);

class Client extends Events<api.ClientEvents> implements api.ChatClient, Core {
  me?: api.Account;
  readonly session: Session;
  readonly rest: Rest;
  readonly people = new People();
  readonly directory: Directory;
  readonly #outbox: Outbox;
  readonly #options: api.ClientOptions;
  readonly #storage: api.StorageAdapter;
  readonly #uploads: Uploads;
  readonly #closing = new AbortController();
  readonly #store = new Store<api.ClientSnapshot>(() => this.#snapshot());
  readonly #restored: Promise<void>;
  readonly #acks = new Map<string, number>();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #limits?: api.Limits;
  #drafts: Readonly<Record<string, string>> = {};
  #waiters: { resolve: () => void; reject: (error: ChatError) => void }[] = [];

  constructor(url: string, options: api.ClientOptions) {
    super();
    this.#options = options;
    const tokens = new Tokens(options.token, this.#closing.signal);
    this.rest = new Rest(url, options.fetch, tokens);
    this.#storage = prefixed(openStorage(options.storage), `${this.rest.base}|`);
    this.directory = new Directory(this);
    this.session = new Session(this.rest.base, tokens, options, {
      cursors: () => this.directory.cursors(),
      onReady: (frame) => this.#onReady(frame),
      onFrame: (frame) => this.#onFrame(frame),
      onConnection: (connection) => this.#onConnection(connection),
    });
    this.#uploads = new Uploads(this.session, this.rest);
    this.#outbox = new Outbox({
      session: this.session,
      upload: (file, onProgress, signal) => this.#upload(file, nameOf(file), onProgress, signal),
      changed: (id) => this.room(id).changed(),
      willHear: (id) => this.room(id).getSnapshot().state !== "left",
      withdraw: ({ id, conversationId }) => void this.room(conversationId).delete(id).catch(() => {}),
    });
    this.#restored = this.#restore().catch((error) => this.log("warn", "nothing could be restored", error));
    if (typeof document !== "undefined") {
      addEventListener("pagehide", () => void this.#save(), { signal: this.#closing.signal });
    }
  }

  // -------------------------------------------------------------- state

  get state(): api.ConnectionState {
    return this.session.connection.state;
  }

  get subscribe(): api.ChatClient["subscribe"] {
    return this.#store.subscribe;
  }

  readonly getSnapshot = (): api.ClientSnapshot => this.#store.get();

  #snapshot(): api.ClientSnapshot {
    return {
      connection: this.session.connection,
      me: this.me,
      conversations: this.directory.all,
      unread: this.directory.unread,
      presence: this.people.presence,
      drafts: this.#drafts,
      outbox: this.#outbox.pending,
      limits: this.#limits,
    };
  }

  get conversations(): api.Conversations {
    return this.directory;
  }

  room(id: string | number): ChatRoom {
    return this.directory.room(String(id));
  }

  // -------------------------------------------------------------- connecting

  async connect({ timeoutMs, signal }: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<void> {
    await this.#restored;
    this.session.start();
    await new Promise<void>((resolve, reject) => {
      const fail = (error: ChatError) => {
        this.session.close(error);
        reject(error);
      };
      const late = () => fail(new ChatError("timeout", "no connection in time"));
      const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs);
      const stop = () => fail(aborted());
      signal?.addEventListener("abort", stop, { once: true });
      this.whenOnline()
        .then(resolve, reject)
        .finally(() => {
          clearTimeout(timer);
          signal?.removeEventListener("abort", stop);
        });
    });
  }

  reconnect(): void {
    this.session.check();
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    await this.#save();
    this.session.close();
    await this.#outbox.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  whenOnline(): Promise<void> {
    if (this.session.isOnline) return Promise.resolve();
    if (this.state === "closed") return Promise.reject(this.session.connection.error ?? aborted());
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  pause(ms = 500): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  #onConnection(connection: api.Connection): void {
    if (connection.state !== "online") {
      this.directory.onLost();
      this.#uploads.onLost();
    }
    const waiters = this.#waiters;
    if (connection.state === "online" || connection.state === "closed") this.#waiters = [];
    if (connection.state === "online") for (const { resolve } of waiters) resolve();
    if (connection.state === "closed") for (const { reject } of waiters) reject(connection.error ?? aborted());
    this.#store.changed();
    this.emit("connection", connection);
    if (connection.state === "closed" && connection.error) this.emit("error", { error: connection.error });
  }

  #onReady(frame: wire.ReadyFrame): void {
    const me = toAccount(frame.user);
    if (this.me && this.me.id !== me.id) this.#forget();
    const isNew = this.me === undefined;
    this.me = me;
    this.people.learn(me);
    this.people.suspectAll();
    this.#later("presence", PRESENCE_MS, () => {
      this.people.dropSuspects();
      this.#store.changed();
    });
    const { content_chars, content_bytes } = frame.limits;
    const offered = frame.limits as { upload_bytes?: number; attachments?: number };
    this.#limits = {
      contentChars: content_chars,
      contentBytes: content_bytes,
      uploadBytes: offered.upload_bytes,
      attachments: offered.attachments,
    };
    this.directory.onReady(frame);
    if (isNew) void this.#openOutbox();
    this.#store.changed();
  }

  #onFrame(frame: wire.ServerFrame | UploadProgress): void {
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
        return this.directory.onLeft(String(frame.conversation_id));
      case "presence":
        return this.#onPresence(frame);
      case "upload_progress":
        return this.#uploads.onProgress(frame);
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
    this.#later("save", SAVE_MS, () => void this.#save());
  }

  acknowledge(room: ChatRoom): void {
    const seq = room.have === undefined ? 0 : position(room.have);
    this.#acks.set(room.id, seq);
    this.#later("ack", ACK_MS, () => this.#sendAcks());
  }

  #sendAcks(): void {
    for (const [id, seq] of [...this.#acks].slice(0, ACKS)) {
      this.session.signal({ type: "ack", conversation_id: Number(id), seq });
      this.#acks.delete(id);
    }
    if (this.#acks.size > 0) this.#later("ack", ACK_MS, () => this.#sendAcks());
  }

  refreshPreview(room: ChatRoom): void {
    this.#later(`preview ${room.id}`, ACK_MS, () => {
      this.directory.refreshPreview(room).catch((error) => this.log("warn", "no preview", error));
    });
  }

  broken(what: string): void {
    this.session.restart(`events are missing: ${what}`);
  }

  log(level: "debug" | "warn" | "error", text: string, data?: unknown): void {
    this.#options.logger?.(level, text, data);
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
    const kept = (await this.#storage.get("kept")) as Kept | undefined;
    if (!kept || this.me) return;
    this.me = kept.me;
    this.people.learn(kept.me);
    this.#drafts = kept.drafts;
    for (const room of kept.rooms) this.room(room.id).restore(room);
    this.#store.changed();
    await this.#openOutbox();
  }

  async #save(): Promise<void> {
    const { me } = this;
    if (!me) return;
    const rooms = this.directory.all.map(({ id }) => this.room(id).keep()).filter((room) => room !== undefined);
    const lean = rooms.map((room, place) => (place < KEPT_ROOMS ? room : { ...room, have: undefined, messages: [] }));
    const kept: Kept = { me, drafts: this.#drafts, rooms: lean };
    await this.#storage.set("kept", kept).catch((error) => this.log("warn", "nothing could be kept", error));
  }

  async #openOutbox(): Promise<void> {
    const storage = prefixed(this.#storage, `${this.me?.id}|`);
    await this.#outbox.open(storage).catch((error) => this.log("warn", "no outbox could be opened", error));
  }

  /** Somebody else has signed in. */
  #forget(): void {
    this.session.callOff();
    this.#outbox.forget();
    this.#drafts = {};
    this.directory.forget();
    this.me = undefined;
  }

  // -------------------------------------------------------------- the rest

  async search(
    text: string,
    opts: { conversationId?: string; limit?: number; before?: string; signal?: AbortSignal } = {},
  ): Promise<api.SearchResult[]> {
    const { conversationId, limit, before, signal } = opts;
    const q = conversationId === undefined ? text : `in:${conversationId} ${text}`;
    const query = { q, limit, before_id: before };
    const { results } = await this.rest.call<wire.SearchResults>("GET", "/search", { query, signal });
    return results.map((hit) => ({ ...toMessage(hit), snippet: hit.snippet }));
  }

  readonly users: api.ChatClient["users"] = {
    find: async (query, { signal } = {}) => {
      const found = await this.rest.call<wire.PublicUser[]>("GET", "/users", { query: { query }, signal });
      return found.map((user) => this.people.learn(toUser(user)));
    },
    get: (id) => this.people.get(id),
  };

  readonly presence: api.ChatClient["presence"] = {
    get: (userId) => this.people.presence[userId],
    set: async (status, text) => void (await this.session.command({ type: "presence", status, text })),
  };

  readonly account: api.ChatClient["account"] = {
    update: async ({ firstName, lastName, password, currentPassword }) => {
      const body = { first_name: firstName, last_name: lastName, password, current_password: currentPassword };
      this.me = toAccount(await this.rest.call<wire.User>("PATCH", "/users/me", { body }));
      this.people.learn(this.me);
      this.#store.changed();
      return this.me;
    },
    sessions: async () => (await this.rest.call<wire.Session[]>("GET", "/auth/sessions")).map(toSession),
    endSession: (id) => this.rest.call("DELETE", `/auth/sessions/${id}`),
  };

  get outbox(): Outbox {
    return this.#outbox;
  }

  readonly drafts: api.ChatClient["drafts"] = {
    get: (id) => this.#drafts[id] ?? "",
    set: (id, text) => {
      const { [id]: before = "", ...others } = this.#drafts;
      if (before === text) return;
      this.#drafts = text === "" ? others : { ...others, [id]: text };
      this.#store.changed();
      this.#later("save", SAVE_MS, () => void this.#save());
    },
  };

  readonly files: api.ChatClient["files"] = {
    upload: (file, { name = nameOf(file), onProgress, signal } = {}) => {
      const tell = (loaded: number) => onProgress?.({ loaded, total: file.size });
      return this.#upload(file, name, tell, signal);
    },
    blob: (url, { signal } = {}) => this.rest.call<Blob>("GET", url, { isBlob: true, signal }),
  };

  #upload(file: Blob, name: string, tell: (loaded: number) => void, signal?: AbortSignal): Promise<api.Attachment> {
    return this.#uploads.upload(file, name, tell, signal, this.#limits?.uploadBytes !== undefined);
  }

  readonly push: api.ChatClient["push"] = {
    key: async () => {
      try {
        return (await this.rest.call<{ public_key: string }>("GET", "/push/key")).public_key;
      } catch (error) {
        if (error instanceof ChatError && error.code === "not_found") return;
        throw error;
      }
    },
    subscribe: async ({ endpoint, keys }, content = "full") => {
      const body = { endpoint, keys, content };
      return registration(await this.rest.call<PushAnswer>("POST", "/push/subscriptions", { body }));
    },
    list: async () => (await this.rest.call<PushAnswer[]>("GET", "/push/subscriptions")).map(registration),
    remove: (id) => this.rest.call("DELETE", `/push/subscriptions/${id}`),
  };
}

interface UploadProgress {
  type: "upload_progress";
  upload_id: number;
  offset: number;
}

interface PushAnswer {
  id: number | string;
  endpoint?: string;
  content?: "full" | "none";
}

function registration({ id, endpoint, content }: PushAnswer): api.PushRegistration {
  return { id: String(id), endpoint, content };
}

function nameOf(file: Blob): string {
  return "name" in file ? String(file.name) : "file";
}
