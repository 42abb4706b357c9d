/** Reactions: shown at once, and as the server spells them. */
import type { Message } from "./api.js";
import type { Timeline } from "./timeline.js";

/** What it needs of its room. */
interface Place {
  readonly timeline: Timeline;
  changed(): void;
  command(frame: { type: string; [field: string]: unknown }): Promise<unknown>;
}

/** Taken back if the server refuses. */
export async function react(room: Place, me: string, id: string, emoji: string, on: boolean): Promise<void> {
  const { timeline } = room;
  const show = (isOn: boolean) => {
    timeline.map((message) => (message.id === id ? withReaction(message, emoji, me, isOn) : message));
    room.changed();
  };
  const before = timeline.find(id);
  show(on);
  const isShown = timeline.find(id) !== before;
  try {
    await room.command({ type: "react", message_id: Number(id), emoji, op: on ? "add" : "remove" });
  } catch (error) {
    if (isShown) show(!on);
    throw error;
  }
}

/** The server spells emoji in full: 👍 with and without U+FE0F is one. Its own spelling replaces ours. */
export function withReaction(message: Message, emoji: string, userId: string, on: boolean): Message {
  const known = Object.keys(message.reactions).find((key) => bare(key) === bare(emoji)) ?? emoji;
  const before = message.reactions[known] ?? [];
  if (before.includes(userId) === on && known === emoji) return message;
  const others = before.filter((id) => id !== userId);
  const users = on ? (before.includes(userId) ? before : [...before, userId]) : others;
  const entries = Object.entries(message.reactions).map(([key, ids]) => (key === known ? [emoji, users] : [key, ids]));
  if (!(known in message.reactions)) entries.push([emoji, users]);
  return { ...message, reactions: Object.fromEntries(entries.filter(([, ids]) => ids!.length > 0)) };
}

function bare(emoji: string): string {
  return emoji.replaceAll("\uFE0F", "");
}
