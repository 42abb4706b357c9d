/** From the wire's shapes to those of the interface. Pure. */
import type { Account, Attachment, Member, Message, Session, User } from "./api.js";
import { mentionsIn, type Known } from "./text.js";
import type * as wire from "./wire.js";

/** By its sender, too: anybody may choose the same `clientId`. */
export function keyOf(senderId: string, clientId: string): string {
  return `${senderId}:${clientId}`;
}

export function toMessage(from: wire.Message, known?: Known): Message {
  const createdAt = new Date(from.ts);
  return {
    id: String(from.id),
    key: from.client_id === undefined ? String(from.id) : keyOf(String(from.sender_id), from.client_id),
    clientId: from.client_id,
    conversationId: String(from.conversation_id),
    seq: from.seq,
    senderId: String(from.sender_id),
    senderName: from.sender_name,
    content: from.content,
    format: from.format,
    createdAt,
    editedAt: from.version > 1 && !from.deleted ? createdAt : undefined,
    deletedAt: from.deleted ? createdAt : undefined,
    replyTo: from.reply_to?.toString(),
    attachments: (from.attachments ?? []).map(toAttachment),
    reactions: Object.fromEntries((from.reactions ?? []).map(({ emoji, user_ids }) => [emoji, user_ids.map(String)])),
    mentions: mentionsIn(from.content, from.format, known),
    data: from.meta,
    version: from.version,
    state: "sent",
  };
}

export function toAttachment({ id, thumbnail_url, ...rest }: wire.Attachment): Attachment {
  const { name, mime, size, url, width, height } = rest;
  return { id: String(id), name, mime, size, url, thumbUrl: thumbnail_url, width, height };
}

export function toUser(from: wire.PublicUser): User {
  const { id, username, first_name, last_name } = from;
  const firstName = first_name || undefined;
  const lastName = last_name || undefined;
  return { id: String(id), username, firstName, lastName, name: [firstName, lastName].filter(Boolean).join(" ") || username };
}

export function toAccount(from: wire.User): Account {
  const { email, role, created_at } = from;
  return { ...toUser(from), email: email ?? undefined, role, createdAt: toDate(created_at) };
}

export function toMember(from: wire.Participant): Member {
  return { ...toUser(from), role: from.role, deliveredSeq: from.delivered_seq, readSeq: from.read_seq };
}

export function toSession(from: wire.Session): Session {
  const { id, created_at, expires_at, last_used_at, user_agent, current } = from;
  const [createdAt, expiresAt, lastUsedAt] = [created_at, expires_at, last_used_at].map(toDate) as [Date, Date, Date];
  return { id, createdAt, expiresAt, lastUsedAt, userAgent: user_agent ?? "", current };
}

/** `YYYY-MM-DD HH:MM:SS`, UTC. */
function toDate(text: string): Date {
  return new Date(`${text.replace(" ", "T")}Z`);
}
