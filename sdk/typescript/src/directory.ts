/** All rooms, and the list that one chooses from. */
import type * as api from "./api.js";
import type { Core } from "./core.js";
import { ChatRoom } from "./room.js";
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

  cursors(): [id: string, cursor: string][] {
    const known = [...this.rooms.values()].filter(({ have }) => have !== undefined);
    this.#named = new Set(known.map(({ id }) => id));
    return known.map(({ id, have }) => [id, have!]);
  }

  onReady({ conversations, more }: wire.ReadyFrame): void {
    const listed = new Set<string>();
    for (const state of conversations) {
      const id = String(state.id);
      listed.add(id);
      const room = this.room(id);
      room.assign(state, this.#named.has(id));
      if (!this.#named.has(id)) room.onCaughtUp();
      if (state.unread > 0) this.#core.acknowledge(room);
    }
    if (more) this.#core.later(({ conversations }) => conversations.loadRest());
    else for (const room of this.rooms.values()) if (room.info && !listed.has(room.id)) this.#remove(room);
  }

  onConversation(state: wire.ConversationState): void {
    const room = this.room(String(state.id));
    room.touchedAt = this.#core.now();
    room.assign(state, false);
  }

  onLeft(id: string): void {
    const room = this.rooms.get(id);
    if (room) this.#remove(room);
  }

  onLost(): void {
    for (const room of this.rooms.values()) room.onLost();
  }

  forget(): void {
    for (const room of this.rooms.values()) if (room.info) this.#remove(room);
  }

  #remove(room: ChatRoom): void {
    room.onRemoved();
    this.#core.roomChanged(room);
    this.#core.emit("conversation_left", { conversationId: room.id });
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
