/** The events of a log that are lines between the messages: who came and went, what was renamed, archived, pinned. Pure. */
import type { Happening } from "./api.js";
import type { Event } from "./wire.js";

/** What a conversation is called, and whether it can only be read. */
export interface Named {
  title: string;
  topic: string;
  archived: boolean;
}

const NAMES = ["title", "topic", "archived"] as const;

/** `before` is what an event of the conversation itself changed; without it nobody knows what it was. */
export function toHappening(event: Event, before?: Named): Happening | undefined {
  const at = { seq: event.seq, at: new Date(event.ts), actorId: String(event.actor_id) };
  if (event.type === "pinned") return { ...at, kind: "pinned", messageId: String(event.message_id) };
  if ("username" in event) {
    const { type, user_id, username, role } = event;
    const kind = type === "participant_added" ? "added" : type === "participant_removed" ? "removed" : "role";
    return { ...at, kind, userId: String(user_id), username, role };
  }
  if ("topic" in event) {
    const { title, topic, archived } = event;
    const changed = before && NAMES.filter((name) => event[name] !== before[name]);
    return { ...at, kind: "changed", title, topic, archived, changed };
  }
}
