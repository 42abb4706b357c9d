/** Moving a room's window: pages on their way, and what happens while they are. */
import type * as api from "./api.js";
import { toMessage } from "./convert.js";
import type { Core } from "./core.js";
import type { Timeline } from "./timeline.js";
import type { Known } from "./text.js";
import type * as wire from "./wire.js";

/** What it needs of its room. */
export interface Shown {
  readonly timeline: Timeline;
  history(q: { before?: number; after?: number; around?: number }): Promise<api.Page>;
  placeOf(id: string): Promise<number>;
  withDelivery(message: api.Message): api.Message;
  /** The window has these now. */
  onPage(messages: readonly api.Message[]): void;
  changed(): void;
}

export class Window {
  loading: api.RoomSnapshot["loading"];
  readonly #room: Shown;
  readonly #known: Known;
  /** Events that came while pages were on their way: the pages may be older than they. */
  #meanwhile: wire.Event[] = [];
  #loads = 0;

  constructor(room: Shown, known: Known) {
    this.#room = room;
    this.#known = known;
  }

  hear(event: wire.Event): void {
    if (this.#loads > 0) this.#meanwhile.push(event);
  }

  clear(): void {
    this.#room.timeline.clear();
    this.#meanwhile = [];
  }

  async load(what: Parameters<api.Room["load"]>[0]): Promise<void> {
    const { timeline } = this.#room;
    if (what === "older" || what === "newer") {
      const edge = what === "older" ? timeline.items[0] : timeline.items.at(-1);
      if (this.loading || !edge || (what === "older" ? timeline.atStart : timeline.atEnd)) return;
      const query = what === "older" ? { before: edge.seq } : { after: edge.seq };
      return this.#page(what, () => this.#room.history(query), ({ messages, atStart, atEnd }) => {
        // The window may have moved meanwhile: then this page does not fit to it.
        if ((what === "older" ? timeline.items[0] : timeline.items.at(-1))?.seq !== edge.seq) return;
        if (what === "older") timeline.prepend(messages, atStart);
        else timeline.append(messages, atEnd);
      });
    }
    const get = async () => this.#room.history(await this.#place(what));
    return this.#page("page", get, ({ messages, atStart, atEnd }) => timeline.reset(messages, atStart, atEnd));
  }

  async #place(what: "latest" | { around: number } | { aroundId: string }): Promise<{ around?: number }> {
    if (what === "latest") return {};
    return { around: "around" in what ? what.around : await this.#room.placeOf(what.aroundId) };
  }

  async #page(loading: "older" | "newer" | "page", get: () => Promise<api.Page>, put: (page: api.Page) => void) {
    const { timeline } = this.#room;
    this.#loads++;
    this.loading = loading;
    this.#room.changed();
    try {
      const page = await get();
      put(page);
      timeline.tell(page.happenings);
      for (const event of this.#meanwhile) {
        if (event.type === "message") timeline.add(this.#room.withDelivery(toMessage(event, this.#known)));
        else timeline.change(event, this.#known);
      }
      this.#room.onPage(timeline.items);
    } finally {
      if (--this.#loads === 0) {
        this.#meanwhile = [];
        this.loading = undefined;
      }
      this.#room.changed();
    }
  }
}

interface Paged {
  readonly id: string;
  readonly info?: { headSeq: number };
  withDelivery(message: api.Message): api.Message;
  /** Neither position included. */
  happeningsBetween(from: number, to: number): Promise<api.Happening[]>;
}

/** One page of history. */
export async function pageOf(
  room: Paged,
  { rest, people }: Core,
  query: { before?: number; after?: number; limit: number },
): Promise<api.Page> {
  const { before, after, limit } = query;
  const page = await rest.call<wire.Message[]>("GET", `/conversations/${room.id}/messages`, { query: { before, after, limit } });
  const messages = page.map((message) => {
    people.hear(message.sender_id, message.sender_name);
    return room.withDelivery(toMessage(message, people.known));
  });
  const isFull = page.length >= limit;
  const isForward = after !== undefined;
  const atStart = isForward ? after <= 0 : !isFull;
  const atEnd = before === undefined && !(isForward && isFull);
  const last = messages.at(-1)?.seq ?? 0;
  const from = atStart ? 0 : (after ?? messages[0]!.seq - 1);
  const to = atEnd ? Math.max(last, room.info?.headSeq ?? 0) + 1 : (before ?? last + 1);
  // The log has no holes: as many messages as positions leave no room for anything else.
  const isDense = messages.length >= to - from - 1;
  return { messages, happenings: isDense ? [] : await room.happeningsBetween(from, to), atStart, atEnd };
}
