/**
 * One conversation: its log as far as it is known, its window of messages, and what one does in it.
 *
 *     left → joining → live ⇄ catching_up;  left again after the last `leave`
 *
 * Every event goes through `apply`, once and in the order of the log, whether anybody looks at the room or not.
 */
import type * as api from "./api.js";
import { toMessage, toUser } from "./convert.js";
import { type Core, deferred } from "./core.js";
import type { Desk } from "./desk.js";
import { Events, Store } from "./emitter.js";
import { ChatError } from "./errors.js";
import { cursorOf, judge, position } from "./log.js";
import { aborted } from "./rest.js";
import { fold, Timeline, withReaction } from "./timeline.js";
import { Typing, Typists } from "./typing.js";
import type * as wire from "./wire.js";

const PAGE = 80;
/** Messages that are kept of a room that nobody looks at. */
const KEPT = 50;
const HAPPENINGS = 200;
/** Above, the server sends only counts until it is asked for more. */
const LARGE = 200;

const LATER = [
  "edit",
  "message",
  "pinned",
  "loadMembers",
  "addMember",
  "setRole",
  "removeMember",
  "placeOf",
  "historyAround",
] as const;

/** What is known of a conversation without looking into it. */
export interface Info {
  title: string;
  topic: string;
  kind: api.Conversation["kind"];
  archived: boolean;
  role: api.Role;
  participants: number;
  peer?: api.User;
  unread: number;
  mentions: number;
  lastMessage?: api.Message;
  readSeq: number;
  headSeq: number;
  notifications?: api.NotificationLevel;
}

export class ChatRoom extends Events<api.RoomEvents> implements api.Room {
  readonly id: string;
  // Loaded when they are first called.
  declare readonly edit: api.Room["edit"];
  declare readonly message: api.Room["message"];
  declare readonly pinned: api.Room["pinned"];
  declare readonly loadMembers: api.Room["loadMembers"];
  declare readonly addMember: api.Room["addMember"];
  declare readonly setRole: api.Room["setRole"];
  declare readonly removeMember: api.Room["removeMember"];
  declare readonly placeOf: (id: string) => Promise<number>;
  declare readonly historyAround: (seq: number, limit: number) => Promise<api.Page>;
  /** When something happened to it here, by `Date.now()`: a conversation without messages is shown by this. */
  touchedAt = 0;
  /** Undefined until the server said something about it. */
  info?: Info;
  /** The last event that was applied. */
  have?: string;
  readonly timeline = new Timeline();
  readonly #core: Core;
  readonly #store = new Store<api.RoomSnapshot>(() => this.#snapshot());
  readonly #typists = new Typists(() => this.#typingChanged());
  readonly #typing: Typing;
  #state: api.RoomState = "left";
  #error?: ChatError;
  #joins = 0;
  #entering?: Promise<void>;
  #isSubscribed = false;
  #loading: api.RoomSnapshot["loading"];
  /** Events that came while pages were on their way: the pages may be older than they. */
  #meanwhile: wire.Event[] = [];
  #loads = 0;
  #members: readonly api.Member[] = [];
  #pins: readonly string[] = [];
  #happenings: readonly api.Happening[] = [];
  #receipts = new Map<string, { delivered: number; read: number }>();
  /** Up to here the counts of the server hold. */
  #countedSeq = 0;
  /** How far it was read here, whether the server knows or not. */
  #wantedRead = 0;
  #view?: api.Conversation;

  constructor(core: Core, id: string) {
    super();
    this.#core = core;
    this.id = id;
    Object.assign(this, deferred<Desk["room"]>(core, "room", LATER, this));
    this.#typing = new Typing((on) => core.session.signal({ type: "typing", conversation_id: Number(id), on }));
  }

  // -------------------------------------------------------------- snapshots

  get subscribe(): api.Room["subscribe"] {
    return this.#store.subscribe;
  }

  readonly getSnapshot = (): api.RoomSnapshot => this.#store.get();

  #snapshot(): api.RoomSnapshot {
    const { items, atStart, atEnd } = this.timeline;
    const shown = new Set(items.map(({ clientId }) => clientId));
    const unsent = this.#core.outbox.of(this.id).filter(({ clientId }) => !shown.has(clientId));
    return {
      messages: unsent.length > 0 ? [...items, ...unsent] : items,
      atStart,
      atEnd,
      loading: this.#loading,
      typing: this.#typists.ids,
      state: this.#state,
      error: this.#error,
      unread: this.info?.unread ?? 0,
      lastReadSeq: this.info?.readSeq ?? 0,
      members: this.#members,
      pins: this.#pins,
      happenings: this.#happenings,
    };
  }

  /** As the list of conversations shows it; the same object until something changes. */
  get view(): api.Conversation | undefined {
    if (!this.info) return;
    const { readSeq, peer, title, notifications, lastMessage, ...rest } = this.info;
    return (this.#view ??= {
      ...rest,
      id: this.id,
      title: peer?.name ?? title,
      peer,
      notifications,
      muted: notifications === "none",
      lastReadSeq: readSeq,
      lastMessage: this.#core.outbox.of(this.id).at(-1) ?? lastMessage,
    });
  }

  changed(): void {
    this.#view = undefined;
    this.#store.changed();
    this.#core.roomChanged(this);
  }

  #setState(state: api.RoomState, error?: ChatError): void {
    if (state === this.#state && error === this.#error) return;
    this.#state = state;
    this.#error = error;
    this.#store.changed();
    this.emit("state", { state, error });
  }

  // -------------------------------------------------------------- coming and going

  async join(): Promise<void> {
    this.#joins++;
    await (this.#entering ??= this.#enter());
  }

  async leave(): Promise<void> {
    if (this.#joins === 0 || --this.#joins > 0) return;
    this.#entering = undefined;
    this.typing(false);
    this.#typists.clear();
    this.timeline.follows = true;
    this.timeline.shrink(KEPT);
    if (this.#isSubscribed) this.#core.session.signal({ type: "unsubscribe", conversation_id: Number(this.id) });
    this.#isSubscribed = false;
    this.#setState("left");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
  }

  async #enter(): Promise<void> {
    this.#setState("joining");
    for (;;) {
      try {
        await this.#core.whenOnline();
        await this.#fill();
        await this.#loadAround();
        break;
      } catch (error) {
        if (this.#joins === 0) throw aborted();
        if (!(error instanceof ChatError) || !error.retryable) {
          this.#entering = undefined;
          this.#joins = 0;
          this.#setState("left", error as ChatError);
          throw error;
        }
        await this.#core.pause(error.retryAfterMs);
      }
    }
    if (this.#joins > 0) this.#setState("live");
  }

  /** Whatever is missing to show the newest messages, and to hear of the next. */
  async #fill(): Promise<void> {
    await this.#subscribeIfLarge();
    if (!this.timeline.isLoaded) await this.load("latest");
  }

  async #subscribeIfLarge(): Promise<void> {
    if (this.#isSubscribed || (this.info?.participants ?? 0) <= LARGE) return;
    await this.#core.session.command({ type: "subscribe", conversation_id: Number(this.id), after: this.have });
    this.#isSubscribed = true;
  }

  async #loadAround(): Promise<void> {
    const isSmall = (this.info?.participants ?? 0) <= LARGE;
    const [pins] = await Promise.all([this.pinned(), isSmall ? this.loadMembers() : undefined]);
    this.#pins = pins.map(({ id }) => id);
    this.#store.changed();
  }

  // -------------------------------------------------------------- what the server tells

  /** The state of the conversation at its `head`. `isResumed`: the events up to there follow. */
  assign(state: wire.ConversationState, isResumed: boolean): void {
    const head = position(state.head);
    const last = state.last_message && this.dressed(toMessage(state.last_message));
    const before = this.info?.lastMessage;
    this.info = {
      title: state.title,
      topic: state.topic,
      kind: state.kind,
      archived: state.archived,
      role: state.role,
      participants: state.participants,
      peer: state.peer && this.#core.people.learn(toUser(state.peer)),
      unread: state.unread,
      mentions: state.mentions,
      lastMessage: before && last && before.seq > last.seq ? before : last,
      readSeq: state.read_seq,
      headSeq: head,
      notifications: (state as { notifications?: api.NotificationLevel }).notifications,
    };
    if (state.last_message) this.#core.people.hear(state.last_message.sender_id, state.last_message.sender_name);
    this.#countedSeq = head;
    if (!isResumed) {
      if (this.have !== undefined && this.have !== state.head) this.timeline.clear();
      this.have = state.head;
    }
    // What was read while nobody could be told.
    if (this.#wantedRead > state.read_seq) void this.markRead(this.#wantedRead);
    this.changed();
  }

  /** The socket is gone: nothing here is live. */
  onLost(): void {
    this.#isSubscribed = false;
    this.#typists.clear();
    if (this.#state === "live") this.#setState("catching_up");
  }

  onCaughtUp(): void {
    if (this.#joins === 0 || this.#state !== "catching_up") return;
    this.#refresh();
  }

  /** If this fails, there is another connection to catch up with. */
  #refresh(): void {
    const live = () => this.#state === "catching_up" && this.#setState("live");
    this.#fill().then(live, (error) => this.#core.log("warn", String(error), error));
  }

  onGap(frame: wire.GapFrame): void {
    const from = this.have === undefined ? 1 : position(this.have) + 1;
    const to = position(frame.head);
    this.have = frame.head;
    this.timeline.clear();
    this.#meanwhile = [];
    this.changed();
    this.emit("gap", { fromSeq: from, toSeq: to });
  }

  onUnread({ head, unread, mentions }: wire.UnreadFrame): void {
    if (!this.info) return;
    const seq = position(head);
    this.#countedSeq = Math.max(this.#countedSeq, seq);
    Object.assign(this.info, { unread, mentions, headSeq: Math.max(this.info.headSeq, seq) });
    this.changed();
    // Events that do not come have to be asked for, in a room that is looked at.
    const isBehind = this.have !== undefined && seq > position(this.have);
    if (!isBehind || this.info.participants <= LARGE) return;
    if (this.#joins === 0) this.#core.refreshPreview(this);
    else this.#refresh();
  }

  onReceipt(frame: wire.Receipt): void {
    const userId = String(frame.user_id);
    const { delivered_seq: delivered, read_seq: read } = frame;
    if (userId === this.#core.me?.id) {
      if (this.info && read > this.info.readSeq) {
        this.info.readSeq = read;
        this.changed();
      }
      return;
    }
    const before = this.#receipts.get(userId) ?? { delivered: 0, read: 0 };
    if (delivered <= before.delivered && read <= before.read) return;
    this.#receipts.set(userId, { delivered: Math.max(delivered, before.delivered), read: Math.max(read, before.read) });
    this.#members = this.#members.map((member) =>
      member.id === userId ? { ...member, deliveredSeq: delivered, readSeq: read } : member,
    );
    this.#dressAll();
    this.changed();
    if (delivered > before.delivered) this.emit("receipt", { userId, seq: delivered, kind: "delivered" });
    if (read > before.read) this.emit("receipt", { userId, seq: read, kind: "read" });
  }

  onTyping({ user_id, username, on }: wire.TypingFrame): void {
    if (String(user_id) === this.#core.me?.id) return;
    this.#core.people.hear(user_id, username);
    this.#typists.set(String(user_id), on);
  }

  onRemoved(): void {
    this.#joins = 0;
    this.#entering = undefined;
    this.have = undefined;
    this.info = undefined;
    this.timeline.clear();
    this.#setState("left", new ChatError("forbidden", "not a participant", { reason: "not_participant" }));
    this.#store.changed();
  }

  /** One event of the log, by the rule of the log. */
  apply(event: wire.Event, isLive: boolean): void {
    const verdict = judge(this.have, event.seq);
    if (verdict === "drop") return;
    if (verdict === "broken") return this.#core.broken(`conversation ${this.id}: ${this.have}, then ${event.seq}`);
    this.have = cursorOf(event);
    if (this.info) this.info.headSeq = Math.max(this.info.headSeq, event.seq);
    if (this.#loads > 0) this.#meanwhile.push(event);
    this.#take(event, isLive);
    this.changed();
  }

  #take(event: wire.Event, isLive: boolean): void {
    switch (event.type) {
      case "message":
        return this.#takeMessage(event, isLive);
      case "message_edited":
      case "message_deleted":
      case "reaction_added":
      case "reaction_removed":
        return this.#takeChange(event);
      case "pinned":
      case "unpinned": {
        const id = String(event.message_id);
        const others = this.#pins.filter((pin) => pin !== id);
        this.#pins = event.type === "pinned" ? [...others, id] : others;
        return;
      }
      case "participant_added":
      case "participant_removed":
      case "participant_updated":
        return this.#takeMember(event);
      case "conversation_updated": {
        const { title, topic, archived } = event;
        if (this.info) Object.assign(this.info, { title, topic, archived });
        this.#happened(event, "changed", { title, topic, archived });
      }
    }
  }

  #takeMessage(event: wire.MessageFrame, isLive: boolean): void {
    const message = this.dressed(toMessage(event));
    this.#core.people.hear(event.sender_id, event.sender_name);
    this.#typists.set(message.senderId, false);
    this.timeline.add(message);
    const { info } = this;
    const { me } = this.#core;
    if (info && message.seq > (info.lastMessage?.seq ?? 0)) info.lastMessage = message;
    if (message.senderId === me?.id) {
      this.#core.outbox.heard(message);
    } else {
      if (message.seq > this.#countedSeq) this.#count(message, 1);
      this.#core.acknowledge(this);
    }
    this.emit("message", { message, live: isLive });
    this.#core.emit("message", { message, live: isLive });
  }

  #takeChange(event: Extract<wire.Event, { message_id: number }>): void {
    const id = String(event.message_id);
    const { info } = this;
    const last = info?.lastMessage?.id === id ? info.lastMessage : undefined;
    const before = this.known(id);
    const message = this.timeline.change(event) ?? (last && fold(last, event));
    if (info && last) info.lastMessage = message;
    if (event.type === "message_deleted") this.#pins = this.#pins.filter((pin) => pin !== id);
    if (!message || message === before) return;
    if (event.seq > this.#countedSeq) {
      this.#count(before, -1);
      this.#count(message, 1);
    }
    this.emit("update", { message });
  }

  /** Adds a message to the counts of what is unread, or takes it out. */
  #count(message: api.Message | undefined, by: 1 | -1): void {
    const { info } = this;
    const { me } = this.#core;
    if (!info || !message || message.deletedAt || message.senderId === me?.id || message.seq <= info.readSeq) return;
    info.unread = Math.max(0, info.unread + by);
    if (me && message.mentions.includes(me.username.toLowerCase())) info.mentions = Math.max(0, info.mentions + by);
  }

  #takeMember(event: wire.ParticipantAddedFrame | wire.ParticipantRemovedFrame | wire.ParticipantUpdatedFrame): void {
    const { username, role } = event;
    const userId = String(event.user_id);
    this.#core.people.hear(userId, username);
    const { info } = this;
    if (info && userId === this.#core.me?.id) info.role = role;
    const others = this.#members.filter(({ id }) => id !== userId);
    if (event.type === "participant_updated") {
      this.#members = this.#members.map((member) => (member.id === userId ? { ...member, role } : member));
      this.#happened(event, "role", { userId, username, role });
      return this.emit("members", { changed: userId });
    }
    const isNew = event.type === "participant_added";
    // Counts of the server's own state hold up to its head.
    if (info && event.seq > this.#countedSeq) info.participants += isNew ? 1 : -1;
    this.#members = others;
    if (isNew && others.length > 0) {
      const user = this.#core.people.get(userId)!;
      this.#members = [...others, { ...user, role, deliveredSeq: 0, readSeq: 0 }];
    }
    this.#happened(event, isNew ? "added" : "removed", { userId, username, role });
    this.emit("members", isNew ? { joined: userId } : { left: userId });
  }

  #happened(event: wire.Event, kind: api.Happening["kind"], what: Partial<api.Happening>): void {
    if (this.#joins === 0) return;
    const at = { seq: event.seq, at: new Date(event.ts), actorId: String(event.actor_id), kind };
    this.#happenings = [...this.#happenings, { ...at, ...what }].slice(-HAPPENINGS);
  }

  #typingChanged(): void {
    this.#store.changed();
    this.emit("typing", { userIds: [...this.#typists.ids] });
  }

  /** One's own messages show how far others have come. */
  dressed(message: api.Message): api.Message {
    if (message.senderId !== this.#core.me?.id) return message;
    let state: api.Message["state"] = "sent";
    for (const { delivered, read } of this.#receipts.values()) {
      if (read >= message.seq) state = "read";
      else if (delivered >= message.seq && state === "sent") state = "delivered";
    }
    return state === message.state ? message : { ...message, state };
  }

  #dressAll(): void {
    this.timeline.map((message) => this.dressed(message));
    if (this.info?.lastMessage) this.info.lastMessage = this.dressed(this.info.lastMessage);
  }

  // -------------------------------------------------------------- sending and changing

  send(message: string | api.Outgoing): api.Pending {
    const outgoing = typeof message === "string" ? { content: message } : message;
    const { me } = this.#core;
    this.#typing.ended();
    const item = this.#core.outbox.add(this.id, outgoing, { id: me?.id ?? "", name: me?.username ?? "" });
    if (this.timeline.isLoaded && !this.timeline.atEnd) this.load("latest").catch(() => {});
    return item;
  }

  pending(clientId: string): api.Pending | undefined {
    return this.#core.outbox.find(clientId);
  }

  async delete(id: string): Promise<void> {
    await this.command({ type: "delete", message_id: Number(id) }, (error) => error.reason === "not_found");
  }

  async react(id: string, emoji: string, on = true): Promise<void> {
    const me = this.#core.me?.id ?? "";
    const show = (isOn: boolean) => {
      this.timeline.map((message) => (message.id === id ? withReaction(message, emoji, me, isOn) : message));
      this.changed();
    };
    const before = this.timeline.find(id);
    show(on);
    const isShown = this.timeline.find(id) !== before;
    try {
      await this.command({ type: "react", message_id: Number(id), emoji, op: on ? "add" : "remove" });
    } catch (error) {
      if (isShown) show(!on);
      throw error;
    }
  }

  async pin(id: string, on = true): Promise<void> {
    await this.command({ type: "pin", message_id: Number(id), op: on ? "add" : "remove" });
  }

  command(
    frame: { type: string; [field: string]: unknown },
    isDone: (error: ChatError) => boolean = () => false,
  ): Promise<wire.OkFrame> {
    return this.#core.session.command(
      { ...frame, conversation_id: Number(this.id) },
      { recover: (error, isRepeat) => (isRepeat && isDone(error) ? { type: "ok", duplicate: true } : undefined) },
    );
  }

  async markRead(seq = this.info?.headSeq ?? 0): Promise<void> {
    const { info } = this;
    if (info && seq > info.readSeq) {
      info.readSeq = seq;
      if (seq >= info.headSeq) Object.assign(info, { unread: 0, mentions: 0 });
      this.#countedSeq = Math.max(this.#countedSeq, seq >= info.headSeq ? seq : 0);
      this.changed();
    }
    this.#wantedRead = Math.max(seq, this.#wantedRead);
    try {
      await this.command({ type: "read", seq });
    } catch (error) {
      // It is told at the next connection.
      if (!(error instanceof ChatError) || !error.retryable) throw error;
    }
  }

  typing(on = true): void {
    this.#typing.set(on);
  }

  // -------------------------------------------------------------- history

  async history(q: { before?: number; after?: number; around?: number; limit?: number } = {}): Promise<api.Page> {
    const { before, after, around, limit = PAGE } = q;
    if (around !== undefined) return this.historyAround(around, limit);
    const query = { before, after, limit };
    const page = await this.#core.rest.call<wire.Message[]>("GET", `/conversations/${this.id}/messages`, { query });
    const messages = page.map((message) => {
      this.#core.people.hear(message.sender_id, message.sender_name);
      return this.dressed(toMessage(message));
    });
    const isFull = page.length >= limit;
    const isForward = after !== undefined;
    return {
      messages,
      atStart: isForward ? after <= 0 : !isFull,
      atEnd: before === undefined && !(isForward && isFull),
    };
  }

  /** A message that is here. */
  known(id: string): api.Message | undefined {
    const last = this.info?.lastMessage;
    return this.timeline.find(id) ?? (last?.id === id ? last : undefined);
  }

  async load(what: Parameters<api.Room["load"]>[0]): Promise<void> {
    const { timeline } = this;
    if (what === "older" || what === "newer") {
      const edge = what === "older" ? timeline.items[0] : timeline.items.at(-1);
      if (this.#loading || !edge || (what === "older" ? timeline.atStart : timeline.atEnd)) return;
      const query = what === "older" ? { before: edge.seq } : { after: edge.seq };
      return this.#loadPage(what, () => this.history(query), ({ messages, atStart, atEnd }) => {
        // The window may have moved meanwhile: then this page does not fit to it.
        if ((what === "older" ? timeline.items[0] : timeline.items.at(-1))?.seq !== edge.seq) return;
        if (what === "older") timeline.prepend(messages, atStart);
        else timeline.append(messages, atEnd);
      });
    }
    return this.#loadPage("page", async () => this.history(await this.#place(what)), ({ messages, atStart, atEnd }) => {
      timeline.reset(messages, atStart, atEnd);
    });
  }

  async #place(what: "latest" | { around: number } | { aroundId: string }): Promise<{ around?: number }> {
    if (what === "latest") return {};
    return { around: "around" in what ? what.around : await this.placeOf(what.aroundId) };
  }

  async #loadPage(loading: "older" | "newer" | "page", get: () => Promise<api.Page>, put: (page: api.Page) => void) {
    this.#loads++;
    this.#loading = loading;
    this.#store.changed();
    try {
      put(await get());
      for (const event of this.#meanwhile) {
        if (event.type === "message") this.timeline.add(this.dressed(toMessage(event)));
        else this.timeline.change(event);
      }
      for (const message of this.timeline.items) {
        if (message.clientId && message.senderId === this.#core.me?.id) this.#core.outbox.heard(message);
      }
    } finally {
      if (--this.#loads === 0) {
        this.#meanwhile = [];
        this.#loading = undefined;
      }
      this.changed();
    }
  }

  follow(on: boolean): void {
    this.timeline.follows = on;
  }

  // -------------------------------------------------------------- people

  /** Who takes part, and how far they have come. */
  setMembers(members: readonly api.Member[]): void {
    for (const { id, deliveredSeq, readSeq } of members) {
      if (id !== this.#core.me?.id) this.#receipts.set(id, { delivered: deliveredSeq, read: readSeq });
    }
    this.#members = members;
    this.#dressAll();
    this.changed();
  }
}
