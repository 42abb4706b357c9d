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

/** As the list of conversations shows it. */
export function viewOf(id: string, info: Info, unsent: api.Message | undefined): api.Conversation {
  const { readSeq, peer, title, lastMessage, ...rest } = info;
  return {
    ...rest,
    id,
    title: peer?.name ?? title,
    peer,
    muted: info.notifications === "none",
    lastReadSeq: readSeq,
    lastMessage: unsent ?? lastMessage,
  };
}
