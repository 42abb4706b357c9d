/**
 * The public interface of the package: what applications see, and nothing of how it works.
 *
 * Identifiers are strings. Positions (`seq`) are numbers: the place of an event in its conversation's log.
 * Everything in a snapshot is immutable; an object that did not change stays the same object, so that
 * interfaces may compare by identity. Lists of messages are in the order of the log, what is not sent yet last.
 */
import type { ChatError } from "./errors.js";
import type { ClientOptions } from "./options.js";
import type { AbortSignal, Blob, Disposal } from "./platform.js";

export type * from "./options.js";
export type * from "./signing.js";
export type { AbortSignal, Blob, Disposal, FetchLike, SocketConstructor, SocketLike } from "./platform.js";

// ---------------------------------------------------------------- things

/** Extend by module augmentation: `declare module "@chinwag/client" { interface CustomData { … } }`. */
export interface CustomData {}

/** `asleep`: this tab gave its socket up for others, and takes one again when it is shown or used. */
export type ConnectionState = "idle" | "connecting" | "online" | "reconnecting" | "offline" | "asleep" | "closed";
export type RoomState = "joining" | "catching_up" | "live" | "left";
export type Role = "owner" | "admin" | "member";
export type NotificationLevel = "all" | "mentions" | "none";

export interface Message {
  /** The server's id; the `clientId` until it is sent. */
  id: string;
  /** For keys of lists: no other message of the conversation has it, and it stays when the message is sent. */
  key: string;
  clientId?: string;
  conversationId: string;
  /** Its place in the log; `Infinity` until it is sent. */
  seq: number;
  senderId: string;
  senderName: string;
  content: string;
  format: "plain" | "markdown";
  createdAt: Date;
  /** Set if it was edited; when, as exactly as is known: history does not tell, and has `createdAt` here. */
  editedAt?: Date;
  /** Set if it was deleted; `content` is empty then. The same holds for the time. */
  deletedAt?: Date;
  replyTo?: string;
  attachments: readonly Attachment[];
  /** Who reacted, by emoji, in the order of their coming. */
  reactions: Readonly<Record<string, readonly string[]>>;
  /** The usernames that the text names with `@`, in lower case, by the server's rule; none in code. */
  mentions: readonly string[];
  data?: CustomData;
  /** Counted from 1; edits raise it. */
  version: number;
  /** Of one's own messages: `delivered` and `read` by at least one other person. Those of others are `sent`. */
  state: "pending" | "sent" | "delivered" | "read" | "failed";
  /** Why it is `failed`; of a `pending` one, why it has to wait. */
  error?: ChatError;
  /** Of a pending one that has to wait: when it is tried again. */
  retryAt?: Date;
  /** Of a pending message with files: what has been uploaded. */
  progress?: { loaded: number; total: number };
}

export interface Attachment {
  id: string;
  name: string;
  mime: string;
  size: number;
  /** Needs the token: read it with `client.files.blob(url)`. */
  url: string;
  thumbUrl?: string;
  width?: number;
  height?: number;
}

/** An attachment of a pending message: its id is empty, and `blob` is what will be uploaded. */
export interface LocalAttachment extends Attachment {
  blob: Blob;
  /** Set if the message failed because of this file. */
  error?: ChatError;
}

export interface User {
  id: string;
  username: string;
  firstName?: string;
  lastName?: string;
  /** What to show: first and last name, or else the username. */
  name: string;
}

export interface Account extends User {
  email?: string;
  role: "user" | "admin";
  createdAt: Date;
}

export interface Member extends User {
  role: Role;
  deliveredSeq: number;
  readSeq: number;
}

export interface Conversation {
  id: string;
  /** Of a direct conversation: the other person's name. */
  title: string;
  topic: string;
  kind: "direct" | "group";
  archived: boolean;
  /** One's own role. */
  role: Role;
  /** How many people take part. */
  participants: number;
  /** Of a direct conversation: the other person. */
  peer?: User;
  unread: number;
  mentions: number;
  /** The newest message; unsent ones of this client count. */
  lastMessage?: Message;
  lastReadSeq: number;
  /** The newest position of the log. */
  headSeq: number;
  /** True at the notification level `none`. */
  muted: boolean;
  notifications: NotificationLevel;
}

export interface Presence {
  status: "online" | "away" | "dnd" | "offline";
  text?: string;
  lastSeen?: Date;
}

export interface Session {
  id: string;
  createdAt: Date;
  expiresAt: Date;
  /** Now while it is connected, else when its tokens were made anew. */
  lastUsedAt: Date;
  userAgent: string;
  current: boolean;
}

export interface SearchResult extends Message {
  /** A part of the text around the find. */
  snippet: string;
}

export interface Progress {
  loaded: number;
  total: number;
}

// ---------------------------------------------------------------- events

export interface ClientEvents {
  connection: Connection;
  conversation: { conversation: Conversation };
  /** `actorId` is who removed one, or oneself, where the server said so. */
  conversation_left: { conversationId: string; actorId?: string };
  unread: { total: number; mentions: number };
  presence: { userId: string; online: boolean; lastSeen?: Date; presence: Presence };
  /** Every message of every conversation that comes in full, joined or not: for titles, sounds, announcers. */
  message: { message: Message; live: boolean };
  error: { error: ChatError };
}

export interface RoomEvents {
  /** `live` is false while catching up after a resume. */
  message: { message: Message; live: boolean };
  update: { message: Message };
  typing: { userIds: string[] };
  members: { joined?: string; left?: string; changed?: string };
  receipt: { userId: string; seq: number; kind: "delivered" | "read" };
  /** Only when history could not be healed: the timeline begins anew with the newest page. */
  gap: { fromSeq: number; toSeq: number };
  state: { state: RoomState; error?: ChatError };
}

export interface Emitter<E> {
  /** Returns its remover. */
  on<K extends keyof E>(event: K, fn: (event: E[K]) => void, opts?: { signal?: AbortSignal }): () => void;
  /** Every event from now on. Who reads too slowly loses the oldest of 1,000. */
  events(opts?: { signal?: AbortSignal }): AsyncIterable<{ [K in keyof E]: { type: K } & E[K] }[keyof E]>;
}

// ---------------------------------------------------------------- client

export interface Connection {
  state: ConnectionState;
  /** While reconnecting: how long from this event until the next try, and when that is by `Date.now()`. */
  retryInMs?: number;
  retryAt?: number;
  /** When the connection was lost, by `Date.now()`. */
  since?: number;
  error?: ChatError;
}

export interface ClientSnapshot {
  connection: Connection;
  me?: Account;
  /** Newest activity first. Empty until the first connection. */
  conversations: readonly Conversation[];
  unread: { total: number; mentions: number };
  /** By user id; who is absent is not known to be here. */
  presence: Readonly<Record<string, Presence>>;
  /** By conversation id. */
  drafts: Readonly<Record<string, string>>;
  /** Messages that are not sent yet, failed ones left out. */
  outbox: number;
  /** What the server allows, as it says itself; absent until the first connection. */
  limits?: Limits;
}

export interface Limits {
  contentChars: number;
  contentBytes: number;
  /** The largest file. */
  uploadBytes: number;
  /** The most files of one message. */
  attachments: number;
  /** Whether the server notifies devices. */
  push: boolean;
}

export interface ChatClient extends Emitter<ClientEvents>, Disposal {
  readonly state: ConnectionState;
  readonly me?: Account;

  /**
   * Resolves when the first connection is ready. Rejects if the server refuses the token for good, if it takes too
   * long, or if it is called off. It may be called again then.
   */
  connect(opts?: { timeoutMs?: number; signal?: AbortSignal }): Promise<void>;
  /** Try again now, instead of waiting. */
  reconnect(): void;
  close(): Promise<void>;
  /**
   * For somebody who signs out: closes the client and removes what is kept of them on this device, unsent messages
   * and drafts included. Clients of the same user in other tabs close as well.
   */
  forget(): Promise<void>;

  subscribe(onChange: () => void): () => void;
  getSnapshot(): ClientSnapshot;

  readonly conversations: Conversations;
  /** The same object for the same id. */
  room(id: string | number): Room;

  /** Newest first; `before` is the id of the last result of the page before. */
  search(text: string, opts?: { conversationId?: string; limit?: number; before?: string; signal?: AbortSignal }): Promise<SearchResult[]>;

  readonly users: {
    /** In whose names each word begins one, in any order. */
    find(query: string, opts?: { signal?: AbortSignal }): Promise<User[]>;
    /** Who has these ids: names to show instead of usernames. From then on `get` knows them, too. */
    load(ids: readonly string[]): Promise<User[]>;
    /** Who has been heard of already. */
    get(id: string): User | undefined;
  };
  readonly presence: {
    get(userId: string): Presence | undefined;
    set(status: "online" | "away" | "dnd" | "invisible", text?: string): Promise<void>;
  };
  readonly account: {
    update(change: { firstName?: string; lastName?: string; password?: string; currentPassword?: string }): Promise<Account>;
    sessions(): Promise<Session[]>;
    endSession(id: string): Promise<void>;
  };
  readonly outbox: {
    readonly pending: number;
    /** Tries at once what waits to be tried again; resolves when nothing is pending. */
    flush(): Promise<void>;
    discard(clientId: string): Promise<void>;
  };
  readonly drafts: {
    get(conversationId: string): string;
    /** Empty text removes it. */
    set(conversationId: string, text: string): void;
  };
  readonly files: {
    upload(file: Blob, opts?: { name?: string; onProgress?: (p: Progress) => void; signal?: AbortSignal }): Promise<Attachment>;
    /** The bytes behind an attachment's `url` or `thumbUrl`. */
    blob(url: string, opts?: { signal?: AbortSignal }): Promise<Blob>;
  };
  readonly push: {
    /** The key for `pushManager.subscribe`; undefined if the server has no push. */
    key(): Promise<string | undefined>;
    subscribe(subscription: PushKeys, content?: "full" | "none"): Promise<PushRegistration>;
    list(): Promise<PushRegistration[]>;
    remove(id: string): Promise<void>;
  };
}

/** What `JSON.stringify` makes of a browser's subscription. */
export interface PushKeys {
  endpoint?: string;
  keys?: Record<string, string>;
}

export interface PushRegistration {
  id: string;
  /** The host of its push service: the whole address is known to the device alone. */
  endpointHost: string;
  content: "full" | "none";
}

export interface Conversations {
  list(q?: { cursor?: string; limit?: number }): Promise<{ items: Conversation[]; next?: string }>;
  get(id: string): Conversation | undefined;
  /** A group with oneself as its owner. */
  create(c: { title?: string; members: string[] }): Promise<Conversation>;
  /** The one direct conversation with somebody, made if need be. */
  direct(userId: string): Promise<Conversation>;
  update(id: string, change: { title?: string; topic?: string; archived?: boolean }): Promise<Conversation>;
  /** Takes part no longer. */
  leave(id: string): Promise<void>;
  setNotifications(id: string, level: NotificationLevel): Promise<void>;
}

// ---------------------------------------------------------------- room

export interface Outgoing {
  content: string;
  format?: "plain" | "markdown";
  replyTo?: string;
  files?: Blob[];
  clientId?: string;
  data?: CustomData;
  onProgress?: (p: Progress) => void;
  signal?: AbortSignal;
}

export interface Page {
  /** Oldest first. */
  messages: Message[];
  /** What happened between them, oldest first. */
  happenings: Happening[];
  atStart: boolean;
  atEnd: boolean;
}

export interface RoomSnapshot {
  /** A window of the history, at most 320 messages while it follows, then what this client has not sent yet. */
  messages: readonly Message[];
  /** The first message of all is in the window. */
  atStart: boolean;
  /** The newest message is in the window; new ones are added to it. */
  atEnd: boolean;
  /** A page is on its way. */
  loading: "older" | "newer" | "page" | undefined;
  /** The ids of those who type now. */
  typing: readonly string[];
  state: RoomState;
  error?: ChatError;
  unread: number;
  /** How far oneself has read. */
  lastReadSeq: number;
  /** Everybody who takes part, by name, newcomers last; empty until the first join, and in large conversations until `loadMembers`. */
  members: readonly Member[];
  /** Ids of pinned messages, oldest pin first. */
  pins: readonly string[];
  /**
   * What happened to the conversation itself between the messages of the window, oldest first: at most the newest
   * 500.
   */
  happenings: readonly Happening[];
}

/** An event that is no message: for a line between the messages. */
export interface Happening {
  seq: number;
  at: Date;
  actorId: string;
  kind: "added" | "removed" | "role" | "changed" | "pinned";
  userId?: string;
  username?: string;
  role?: Role;
  title?: string;
  topic?: string;
  archived?: boolean;
  /** What was changed of `title`, `topic` and `archived`; absent if that is not known. */
  changed?: readonly ("title" | "topic" | "archived")[];
  /** What was pinned. */
  messageId?: string;
}

export interface Room extends Emitter<RoomEvents>, Disposal {
  readonly id: string;
  /** The newest page, members and pins are loaded, then it is live. May be called often: calls are counted. */
  join(): Promise<void>;
  /** Undoes one `join`. The last one stops typing and forgets the window after a while. Not a leaving for good. */
  leave(): Promise<void>;

  subscribe(onChange: () => void): () => void;
  getSnapshot(): RoomSnapshot;

  /** Shows at once, sends when it can, each message once. */
  send(message: string | Outgoing): Pending;
  /** The handle of an unsent message, for a button that retries or cancels it. */
  pending(clientId: string): Pending | undefined;

  edit(id: string, content: string): Promise<Message>;
  delete(id: string): Promise<void>;
  /** Shows at once; taken back if the server refuses. */
  react(id: string, emoji: string, on?: boolean): Promise<void>;
  pin(id: string, on?: boolean): Promise<void>;
  /** Pinned messages as they stand now. */
  pinned(): Promise<Message[]>;

  /** A page that does not touch the window. `before`, `after` and `around` are positions. */
  history(q?: { before?: number; after?: number; around?: number; limit?: number }): Promise<Page>;
  /** One message by its id, from the window or from the server; undefined if there is none. */
  message(id: string): Promise<Message | undefined>;
  /**
   * Moves the window: a page more in one direction (what is beyond 320 messages leaves at the other end), the
   * newest page, or a page around a position or a message's id.
   */
  load(what: "older" | "newer" | "latest" | { around: number } | { aroundId: string }): Promise<void>;
  /**
   * Whether the reader is at the end; true from the start. While true, the oldest messages leave a full window as
   * new ones come. While false the window grows up to 640 and then stops following: `atEnd` becomes false.
   */
  follow(on: boolean): void;

  /** Up to a position, or up to the newest message. Only forward. */
  markRead(seq?: number): Promise<void>;
  /** Call at every key: it is sent at most every 3 s. */
  typing(on?: boolean): void;

  /** Members are loaded by `join`; this loads them anew. */
  loadMembers(): Promise<readonly Member[]>;
  addMember(userId: string, role?: Role): Promise<void>;
  setRole(userId: string, role: Role): Promise<void>;
  removeMember(userId: string): Promise<void>;
}

/** A message on its way: already to be shown, and to be awaited. */
export interface Pending extends PromiseLike<Message> {
  readonly message: Message;
  /** After a failure. */
  retry(): Promise<Message>;
  /** Takes it back, unless it is on its way: what the server may have already cannot be taken back, only deleted. */
  cancel(): Promise<void>;
}

/** `url` is where the server is, with the path prefix that it is served under, if any. */
export type CreateClient = (url: string, opts: ClientOptions) => ChatClient;
