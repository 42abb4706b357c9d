/**
 * One conversation: its log as far as it is known, its window of messages, and what one does in it.
 *
 * Every event goes through `apply`, once and in the order of the log, whether anybody looks at the room or not.
 */
import type * as api from "./api.js";
import { toMessage } from "./convert.js";
import { type Core, deferred } from "./core.js";
import { Members, type MemberEvent } from "./members.js";
import type { Methods } from "./methods.js";
import { Events, Store } from "./emitter.js";
import { ChatError } from "./errors.js";
import { type Named, toHappening } from "./happenings.js";
import { type Info, infoOf, viewOf } from "./info.js";
import { Joining } from "./joining.js";
import { cursorOf, judge, position } from "./log.js";
import { Reading } from "./reading.js";
import { react } from "./reactions.js";
import { fold, Timeline } from "./timeline.js";
import { Typing, Typists } from "./typing.js";
import { pageOf, Window } from "./window.js";
import type * as wire from "./wire.js";

const PAGE = 80;
/** Messages that are kept of a room that nobody looks at. */
const KEPT = 50;
/** Of the participants of a room that comes in full unasked. */
const LARGE = 200;

const LATER = [
  "edit", "delete", "pin", "message", "pinned", "loadMembers", "addMember", "setRole", "removeMember", "placeOf", "historyAround", "happeningsBetween",
] as const;

export class ChatRoom extends Events<api.RoomEvents> implements api.Room {
  readonly id: string;
  // Loaded when they are first called.
  declare readonly edit: api.Room["edit"];
  declare readonly delete: api.Room["delete"];
  declare readonly pin: api.Room["pin"];
  declare readonly message: api.Room["message"];
  declare readonly pinned: api.Room["pinned"];
  declare readonly loadMembers: api.Room["loadMembers"];
  declare readonly addMember: api.Room["addMember"];
  declare readonly setRole: api.Room["setRole"];
  declare readonly removeMember: api.Room["removeMember"];
  declare readonly placeOf: (id: string) => Promise<number>;
  declare readonly happeningsBetween: (from: number, to: number) => Promise<api.Happening[]>;
  declare readonly historyAround: (seq: number, limit: number) => Promise<api.Page>;
  /** When something happened to it here, by the server's clock: a conversation without messages is shown by this. */
  touchedAt = 0;
  /** Undefined until the server said something about it. */
  info?: Info;
  /** The last event that was applied. */
  have?: string;
  /** Where it was listed, while its events came already. */
  listedHead?: string;
  readonly timeline = new Timeline();
  readonly #core: Core;
  readonly #store: Store<api.RoomSnapshot>;
  readonly #typists = new Typists(() => this.#typingChanged());
  readonly #typing: Typing;
  readonly #joining: Joining;
  readonly #window: Window;
  readonly #members: Members;
  #pins: readonly string[] = [];
  /** What it is called where the log is read: one's own change is in `info` before its event comes. */
  #named?: Named;
  readonly #reading: Reading;
  #view?: api.Conversation;

  constructor(core: Core, id: string) {
    super(core.log);
    this.#core = core;
    this.id = id;
    this.#window = new Window(this, core.people.known);
    this.#joining = new Joining(this, core);
    this.#reading = new Reading(this, core);
    this.#store = new Store(core.log, () => this.#snapshot());
    this.#members = new Members(core.people, () => core.me?.id);
    Object.assign(this, deferred<Methods["room"]>(core, "room", LATER, this));
    this.#typing = new Typing((on) => core.transport.signal({ type: "typing", conversation_id: Number(id), on }));
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
      loading: this.#window.loading,
      typing: this.#typists.ids,
      state: this.#joining.state,
      error: this.#joining.error,
      unread: this.info?.unread ?? 0,
      lastReadSeq: this.info?.readSeq ?? 0,
      members: this.#members.members,
      pins: this.#pins,
      happenings: this.timeline.happenings,
    };
  }

  /** The server sends only counts until it is asked for more. */
  get isLarge(): boolean {
    return (this.info?.participants ?? 0) > LARGE;
  }

  /** What it resumes from. */
  get cursor(): string | undefined {
    return this.have ?? this.listedHead;
  }

  /** As the list of conversations shows it; the same object until something changes. */
  get view(): api.Conversation | undefined {
    if (!this.info) return;
    return (this.#view ??= viewOf(this.id, this.info, this.#core.outbox.of(this.id).at(-1)));
  }

  changed(): void {
    this.#view = undefined;
    this.#store.changed();
    this.#core.roomChanged(this);
  }

  // -------------------------------------------------------------- coming and going

  join(): Promise<void> {
    return this.#joining.join();
  }

  async leave(): Promise<void> {
    this.#joining.leave();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
  }

  onState(state: api.RoomState, error?: ChatError): void {
    this.#store.changed();
    this.emit("state", { state, error });
  }

  /** Nobody looks at it any more. */
  onLeft(): void {
    this.typing(false);
    this.#typists.clear();
    this.timeline.follows = true;
    this.timeline.shrink(KEPT);
  }

  /** What is shown beside the messages. */
  async loadAround(): Promise<void> {
    const [pins] = await Promise.all([this.pinned(), this.isLarge ? undefined : this.loadMembers()]);
    this.#pins = pins.map(({ id }) => id);
    this.#store.changed();
  }

  // -------------------------------------------------------------- what the server tells

  /** The state of the conversation at its `head`. `isResumed`: the events up to there follow. */
  assign(state: wire.ConversationState, isResumed: boolean): void {
    const before = this.info?.lastMessage;
    this.#named = isResumed ? (this.#named ?? this.info) : state;
    const info = infoOf(state, this.#core.people.known);
    if (isResumed && this.have !== undefined) info.headSeq = Math.max(info.headSeq, position(this.have));
    const last = info.lastMessage && this.withDelivery(info.lastMessage);
    this.info = { ...info, lastMessage: before && last && before.seq > last.seq ? before : last };
    if (info.peer) this.#core.people.learn(info.peer);
    if (state.last_message) this.#core.people.hear(state.last_message.sender_id, state.last_message.sender_name);
    this.#reading.assign(state);
    if (!isResumed) {
      if (this.have !== undefined && this.have !== state.head) this.timeline.clear();
      this.have = state.head;
    }
    // Nothing of an empty log is replayed.
    if (state.head === "0") this.have ??= "0";
    this.#reading.tellAgain(state);
    this.changed();
  }

  /** The socket is gone: nothing here is live. */
  onLost(): void {
    this.#typists.clear();
    this.#joining.onLost();
  }

  onCaughtUp(): void {
    this.#joining.onCaughtUp();
  }

  onGap(frame: wire.GapFrame): void {
    const from = this.have === undefined ? 1 : position(this.have) + 1;
    const to = position(frame.head);
    this.have = frame.head;
    this.#window.clear();
    this.changed();
    this.emit("gap", { fromSeq: from, toSeq: to });
  }

  onUnread(frame: wire.UnreadFrame): void {
    if (!this.info) return;
    this.#reading.hear(frame);
    this.changed();
    // Events that do not come have to be asked for, in a room that is looked at.
    const isBehind = this.have !== undefined && position(frame.head) > position(this.have);
    if (!isBehind || !this.isLarge) return;
    if (this.#joining.isJoined) this.#joining.refresh();
    else this.#core.refreshPreview(this);
  }

  onReceipt(frame: wire.Receipt): void {
    const userId = String(frame.user_id);
    if (userId === this.#core.me?.id) {
      if (this.info && frame.read_seq > this.info.readSeq) {
        this.info.readSeq = frame.read_seq;
        this.changed();
      }
      return;
    }
    const { delivered, read } = this.#members.hear(userId, frame);
    if (!delivered && !read) return;
    this.#updateDelivery();
    this.changed();
    if (delivered) this.emit("receipt", { userId, seq: delivered, kind: "delivered" });
    if (read) this.emit("receipt", { userId, seq: read, kind: "read" });
  }

  onTyping({ user_id, username, on }: wire.TypingFrame): void {
    if (String(user_id) === this.#core.me?.id) return;
    this.#core.people.hear(user_id, username);
    this.#typists.set(String(user_id), on);
  }

  onRemoved(actorId?: string): void {
    this.have = this.listedHead = undefined;
    this.info = undefined;
    this.timeline.clear();
    this.#joining.end(new ChatError("forbidden", "not a participant", { reason: "not_participant", actorId }));
    this.#store.changed();
  }

  /** One event of the log, by the rule of the log. */
  apply(event: wire.Event, isLive: boolean): void {
    const verdict = judge(this.have, event.seq);
    if (verdict === "drop") return;
    if (verdict === "broken") return this.#core.broken(`conversation ${this.id}: ${this.have}, then ${event.seq}`);
    this.have = cursorOf(event);
    if (this.info) this.info.headSeq = Math.max(this.info.headSeq, event.seq);
    this.#window.hear(event);
    this.#take(event, isLive);
    this.changed();
  }

  #take(event: wire.Event, isLive: boolean): void {
    const happening = toHappening(event, this.#named);
    if (happening && (this.#window.loading || this.timeline.atEnd)) this.timeline.tell([happening]);
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
        this.#named = event;
      }
    }
  }

  #takeMessage(event: wire.MessageFrame, isLive: boolean): void {
    const message = this.withDelivery(toMessage(event, this.#core.people.known));
    this.#core.people.hear(event.sender_id, event.sender_name);
    this.#typists.set(message.senderId, false);
    this.timeline.add(message);
    const { info } = this;
    const { me } = this.#core;
    if (info && message.seq > (info.lastMessage?.seq ?? 0)) info.lastMessage = message;
    if (message.senderId === me?.id) {
      this.#core.outbox.heard(message);
    } else {
      this.#reading.count(message.seq, message, 1);
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
    const message = this.timeline.change(event, this.#core.people.known) ?? (last && fold(last, event, this.#core.people.known));
    if (info && last) info.lastMessage = message;
    if (event.type === "message_deleted") this.#pins = this.#pins.filter((pin) => pin !== id);
    if (!message || message === before) return;
    this.#reading.count(event.seq, before, -1);
    this.#reading.count(event.seq, message, 1);
    this.emit("update", { message });
  }

  #takeMember(event: MemberEvent): void {
    const { username, role } = event;
    const userId = String(event.user_id);
    this.#core.people.hear(userId, username);
    const { info } = this;
    if (info && userId === this.#core.me?.id) info.role = role;
    this.#members.take(event);
    if (event.type === "participant_updated") {
      return this.emit("members", { changed: userId });
    }
    const isNew = event.type === "participant_added";
    // Counts of the server's own state hold up to its head.
    if (info && !this.#reading.isCounted(event.seq)) info.participants += isNew ? 1 : -1;
    this.emit("members", isNew ? { joined: userId } : { left: userId });
  }

  #typingChanged(): void {
    this.#store.changed();
    this.emit("typing", { userIds: [...this.#typists.ids] });
  }

  withDelivery(message: api.Message): api.Message {
    return this.#members.withDelivery(message);
  }

  #updateDelivery(): void {
    this.timeline.map((message) => this.withDelivery(message));
    if (this.info?.lastMessage) this.info.lastMessage = this.withDelivery(this.info.lastMessage);
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

  react(id: string, emoji: string, on = true): Promise<void> {
    return react(this, this.#core.me?.id ?? "", id, emoji, on);
  }

  command(
    frame: { type: string; [field: string]: unknown },
    isDone: (error: ChatError) => boolean = () => false,
  ): Promise<wire.OkFrame> {
    return this.#core.transport.command(
      { ...frame, conversation_id: Number(this.id) },
      { recover: (error, isRepeat) => (isRepeat && isDone(error) ? { type: "ok", duplicate: true } : undefined) },
    );
  }

  markRead(seq = this.info?.headSeq ?? 0): Promise<void> {
    return this.#reading.mark(seq);
  }

  typing(on = true): void {
    this.#typing.set(on);
  }

  // -------------------------------------------------------------- history

  async history(q: Parameters<api.Room["history"]>[0] = {}): Promise<api.Page> {
    const { around, limit = PAGE } = q;
    return around === undefined ? pageOf(this, this.#core, { ...q, limit }) : this.historyAround(around, limit);
  }

  /** A message that is here. */
  known(id: string): api.Message | undefined {
    const last = this.info?.lastMessage;
    return this.timeline.find(id) ?? (last?.id === id ? last : undefined);
  }

  load(what: Parameters<api.Room["load"]>[0]): Promise<void> {
    return this.#window.load(what);
  }

  onPage(messages: readonly api.Message[]): void {
    for (const message of messages) {
      if (message.clientId && message.senderId === this.#core.me?.id) this.#core.outbox.heard(message);
    }
  }

  follow(on: boolean): void {
    this.timeline.follows = on;
  }

  // -------------------------------------------------------------- people

  /** Who takes part, and how far they have come. */
  setMembers(members: readonly api.Member[]): void {
    this.#members.set(members);
    this.#updateDelivery();
    this.changed();
  }
}
