/** What is known of a conversation without looking into it. */
import type * as api from "./api.js";
import { toMessage, toUser } from "./convert.js";
import { position } from "./log.js";
import type { Known } from "./text.js";
import type * as wire from "./wire.js";

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
  notifications: api.NotificationLevel;
}

export function infoOf(state: wire.ConversationState, known: Known): Info {
  const { title, topic, kind, archived, role, participants, unread, mentions } = state;
  return {
    title,
    topic,
    kind,
    archived,
    role,
    participants,
    peer: state.peer && toUser(state.peer),
    unread,
    mentions,
    lastMessage: state.last_message ? toMessage(state.last_message, known) : undefined,
    readSeq: state.read_seq,
    headSeq: position(state.head),
    notifications: state.notifications,
  };
}

/** Adds a message to the counts of what is unread, or takes it out. */
export function count(info: Info, message: api.Message | undefined, by: 1 | -1, me: api.Account | undefined): void {
  if (!message || message.deletedAt || message.senderId === me?.id || message.seq <= info.readSeq) return;
  info.unread = Math.max(0, info.unread + by);
  if (me && message.mentions.includes(me.username.toLowerCase())) info.mentions = Math.max(0, info.mentions + by);
}
