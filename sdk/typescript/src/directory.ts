/** All rooms, and the list that one chooses from. */
import type * as api from "./api.js";
import type { Core } from "./core.js";
import { position } from "./log.js";
import { ChatRoom } from "./room.js";
import type { Resumption } from "./transport.js";
import type * as wire from "./wire.js";

const PAGE = 50;

export class Directory {
  readonly rooms = new Map<string, ChatRoom>();
  readonly #core: Core;
  readonly #changed = new Set<ChatRoom>();
  #list?: readonly api.Conversation[];
  #totals = { total: 0, mentions: 0 };
  /** The rooms whose cursors the last `hello` named. */
  #named = new Set<string>();
  /** All conversations were listed once: those without a cursor are new since then. */
  #isWhole = false;
  /** What the last `hello` asked for: these are replayed from where one was added. */
  #replaysAdded = false;
  /** Rooms that were known before the last `ready` and have not been listed since. */
  #absent = new Set<ChatRoom>();

  constructor(core: Core) {
    this.#core = core;
  }

  room(id: string): ChatRoom {
    let room = this.rooms.get(id);
    if (!room) this.rooms.set(id, (room = new ChatRoom(this.#core, id)));
    return room;
  }

  /** Newest activity first. */
  get all(): readonly api.Conversation[] {
    return (this.#list ??= [...this.rooms.values()]
      .filter((room) => room.view)
      .sort((one, other) => activity(other) - activity(one) || Number(other.id) - Number(one.id))
      .map((room) => room.view!));
  }

  get unread(): { total: number; mentions: number } {
    return this.#totals;
  }

  roomChanged(room: ChatRoom): void {
    this.#list = undefined;
    this.#changed.add(room);
    if (this.#changed.size === 1) queueMicrotask(() => this.#tell());
  }

  #tell(): void {
    const changed = [...this.#changed];
    this.#changed.clear();
    const totals = { total: 0, mentions: 0 };
    for (const { unread, mentions, muted } of this.all) {
      totals.total += muted ? 0 : unread;
      totals.mentions += mentions;
    }
    const isNews = totals.total !== this.#totals.total || totals.mentions !== this.#totals.mentions;
    if (isNews) this.#totals = totals;
    for (const { view } of changed) if (view) this.#core.emit("conversation", { conversation: view });
    if (isNews) this.#core.emit("unread", totals);
  }

  // -------------------------------------------------------------- what the server tells

  resume(isFresh: boolean): Resumption {
    const known = [...this.rooms.values()].filter(({ cursor }) => !isFresh && cursor !== undefined);
    this.#named = new Set(known.map(({ id }) => id));
    this.#replaysAdded = this.#isWhole && !isFresh;
    return { cursors: known.map(({ id, cursor }) => [id, cursor!]), added: this.#replaysAdded ? "replay" : "head" };
  }

  onReady({ conversations, more }: wire.ReadyFrame): void {
    this.#absent = new Set([...this.rooms.values()].filter(({ info }) => info));
    this.#isWhole = this.#replaysAdded;
    for (const state of conversations) {
      const isResumed = this.#replaysAdded || this.#named.has(String(state.id));
      const room = this.#take(state, isResumed);
      if (!isResumed) room.onCaughtUp();
    }
    const listing = this.#absent;
    const last = conversations.at(-1)?.id ?? 0;
    if (more) this.#core.later(({ conversations }) => conversations.loadRest(last, listing));
    else this.onWhole(listing);
  }

  /** The list is about what the newest `ready` said. */
  isCurrent(listing: object): boolean {
    return listing === this.#absent;
  }

  /** One of those that `ready` had no room for. Its events come already. */
  onListed(state: wire.ConversationState): void {
    const room = this.room(String(state.id));
    const isOlder = room.have !== undefined && position(room.have) > position(state.head);
    // Whatever is known of it has been counted up to a later event.
    if (isOlder && room.info) this.#absent.delete(room);
    else this.#take(state, true);
    // If none has come yet, it resumes from here.
    if (!this.#replaysAdded) room.listedHead = state.head;
  }

  /** All were listed: whatever was not is no longer one's own. */
  onWhole(listing: object): void {
    if (!this.isCurrent(listing)) return;
    for (const room of this.#absent) this.#remove(room);
    this.#absent.clear();
    this.#isWhole = true;
  }

  #take(state: wire.ConversationState, isResumed: boolean): ChatRoom {
    const room = this.room(String(state.id));
    this.#absent.delete(room);
    room.assign(state, isResumed);
    if (state.unread > 0) this.#core.acknowledge(room);
    return room;
  }

  onConversation(state: wire.ConversationState): void {
    const room = this.room(String(state.id));
    room.touchedAt = this.#core.now();
    room.assign(state, this.#replaysAdded);
    this.#absent.delete(room);
  }

  onLeft(id: string, actorId?: string): void {
    const room = this.rooms.get(id);
    if (room) this.#remove(room, actorId);
  }

  onLost(): void {
    for (const room of this.rooms.values()) room.onLost();
  }

  forget(): void {
    this.#isWhole = false;
    for (const room of this.rooms.values()) if (room.info) this.#remove(room);
  }

  #remove(room: ChatRoom, actorId?: string): void {
    room.onRemoved(actorId);
    this.#core.roomChanged(room);
    this.#core.emit("conversation_left", { conversationId: room.id, actorId });
  }

  // -------------------------------------------------------------- what one does

  async list(q: { cursor?: string; limit?: number } = {}): Promise<{ items: api.Conversation[]; next?: string }> {
    await this.#core.whenOnline();
    const { limit = PAGE } = q;
    const from = q.cursor === undefined ? 0 : this.all.findIndex(({ id }) => id === q.cursor) + 1;
    const items = this.all.slice(from, from + limit);
    return { items, next: from + limit < this.all.length ? items.at(-1)?.id : undefined };
  }

  get(id: string): api.Conversation | undefined {
    return this.rooms.get(id)?.view;
  }
}

function activity({ view, touchedAt }: ChatRoom): number {
  return Math.max(view?.lastMessage?.createdAt.getTime() ?? 0, touchedAt);
}
