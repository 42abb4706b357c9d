/**
 * A window of one conversation's messages, folded from pages and events. Pure: no clock, no network.
 *
 * Pages show messages as they stand, events tell what changed. Applying an event that a page has in it already
 * changes nothing: edits count by version, deletions are final, reactions come in order.
 */
import type { Happening, Message } from "./api.js";
import { withReaction } from "./reactions.js";
import { mentionsIn, type Known } from "./text.js";
import type { Event } from "./wire.js";

/** Messages of a window that follows the end. */
export const WINDOW = 320;
/** Messages of one that somebody reads further up, before it stops following. */
const STRETCHED = 640;
/** Lines between them. */
const HAPPENINGS = 500;

export class Timeline {
  items: readonly Message[] = [];
  happenings: readonly Happening[] = [];
  atStart = false;
  atEnd = false;
  /** There was a page: the window says something about the conversation. */
  isLoaded = false;
  follows = true;

  clear(): void {
    this.items = this.happenings = [];
    this.atStart = this.atEnd = this.isLoaded = false;
  }

  /** What happened between the messages; what is not beside one in the window leaves. */
  tell(news: readonly Happening[]): void {
    const { items, atStart, atEnd } = this;
    const from = (!atStart && items[0]?.seq) || 0;
    const to = (!atEnd && items.at(-1)?.seq) || Infinity;
    const all = new Map([...this.happenings, ...news].map((one) => [one.seq, one]));
    const inside = [...all.values()].filter(({ seq }) => seq > from && seq < to);
    this.happenings = inside.sort((one, other) => one.seq - other.seq).slice(-HAPPENINGS);
  }

  reset(page: readonly Message[], atStart: boolean, atEnd: boolean): void {
    this.items = page;
    this.atStart = atStart;
    this.atEnd = atEnd;
    this.isLoaded = true;
  }

  /** Older messages; what is too much leaves at the end. */
  prepend(page: readonly Message[], atStart: boolean): void {
    const first = this.items[0]?.seq ?? Infinity;
    const all = [...page.filter((message) => message.seq < first), ...this.items];
    this.items = all.slice(0, WINDOW);
    this.atStart = atStart;
    if (all.length > WINDOW) this.atEnd = false;
  }

  /** Newer messages; what is too much leaves at the start. */
  append(page: readonly Message[], atEnd: boolean): void {
    const last = this.items.at(-1)?.seq ?? 0;
    const all = [...this.items, ...page.filter((message) => message.seq > last)];
    this.items = all.slice(-WINDOW);
    this.atEnd = atEnd;
    if (all.length > WINDOW) this.atStart = false;
  }

  /** Keeps only the newest ones, for a room that nobody looks at. */
  shrink(count: number): void {
    if (!this.atEnd || this.items.length <= count) return;
    this.items = this.items.slice(-count);
    this.atStart = false;
  }

  find(id: string): Message | undefined {
    return this.items.findLast((message) => message.id === id);
  }

  /** Replaces those that `change` answers with another object. */
  map(change: (message: Message) => Message): void {
    let isChanged = false;
    const items = this.items.map((message) => {
      const next = change(message);
      isChanged ||= next !== message;
      return next;
    });
    if (isChanged) this.items = items;
  }

  /** A new message; false if it is not for this window. */
  add(message: Message): boolean {
    const last = this.items.at(-1)?.seq ?? 0;
    if (!this.isLoaded || !this.atEnd || message.seq <= last) return false;
    if (!this.follows && this.items.length >= STRETCHED) {
      this.atEnd = false;
      return false;
    }
    this.items = [...this.items, message];
    if (this.follows && this.items.length > WINDOW) {
      this.items = this.items.slice(-WINDOW);
      this.atStart = false;
    }
    return true;
  }

  /** An event that changes a message: the message as it is then, if it is in the window and changed. */
  change(event: Event, known?: Known): Message | undefined {
    if (!("message_id" in event)) return;
    const before = this.find(String(event.message_id));
    const after = before && fold(before, event, known);
    if (after === before) return;
    this.map((message) => (message === before ? after! : message));
    return after;
  }
}

/** A message after an event about it. The same object if nothing changed. */
export function fold(message: Message, event: Event, known?: Known): Message {
  if (message.deletedAt) return message;
  switch (event.type) {
    case "message_edited": {
      if (event.version <= message.version) return message;
      const { content, version, ts } = event;
      return { ...message, content, version, mentions: mentionsIn(content, message.format, known), editedAt: new Date(ts) };
    }
    case "message_deleted": {
      const { replyTo: _reply, data: _data, ...rest } = message;
      const empty = { content: "", mentions: [], attachments: [], reactions: {}, editedAt: undefined };
      return { ...rest, ...empty, deletedAt: new Date(event.ts) };
    }
    case "reaction_added":
    case "reaction_removed":
      return withReaction(message, event.emoji, String(event.user_id), event.type === "reaction_added");
    default:
      return message;
  }
}
