/**
 * What was kept, as it is read again: by an older version, through an adapter that knows text alone, or damaged.
 * Dates that became text are dates again; what else is not as it should be is dropped.
 */
import type { Account, Happening, Message } from "./api.js";
import { ChatError, type ErrorDetail } from "./errors.js";
import type { Info } from "./info.js";
import type { Kept } from "./outbox.js";

export interface KeptRoom {
  id: string;
  info: Info;
  have?: string;
  messages: readonly Message[];
  happenings: readonly Happening[];
  atStart: boolean;
}

export interface KeptPage {
  me: Account;
  /** Whose token it was, as far as it said so. */
  subject?: string;
  rooms: KeptRoom[];
}

export interface KeptDrafts {
  owner: string;
  texts: Readonly<Record<string, string>>;
}

export interface Unsent extends Kept {
  owner: string;
  /** An error is nothing that can be kept. */
  failure?: { code: ChatError["code"]; text: string; detail: ErrorDetail };
}

type Fields = Record<string, unknown>;

export function readPage(value: unknown): KeptPage | undefined {
  const page = fields(value);
  const me = readAccount(page.me);
  if (!me) return;
  return { me, subject: text(page.subject), rooms: list(page.rooms).flatMap((room) => readRoom(room) ?? []) };
}

export function readAccount(value: unknown): Account | undefined {
  const account = fields(value);
  const createdAt = date(account.createdAt);
  if (!isText(account.id, account.username, account.name) || !createdAt) return;
  return { ...(account as unknown as Account), createdAt };
}

export function readDrafts(value: unknown): KeptDrafts | undefined {
  const { owner, texts } = fields(value);
  if (!isText(owner)) return;
  const all = Object.entries(fields(texts)).filter((draft): draft is [string, string] => isText(draft[1]));
  return { owner: owner as string, texts: Object.fromEntries(all) };
}

export function readUnsent(value: unknown): Unsent[] {
  return list(value).flatMap((one) => {
    const { message: kept, ...rest } = fields(one);
    const message = readMessage({ ...fields(kept), seq: Infinity });
    const files = list(rest.files);
    const isWhole = message && isText(rest.owner, message.clientId) && files.every((file) => file instanceof Blob);
    if (!isWhole) return [];
    return [{ ...(rest as unknown as Unsent), files: files as Blob[], uploaded: list(rest.uploaded) as Kept["uploaded"], message }];
  });
}

function readRoom(value: unknown): KeptRoom | undefined {
  const room = fields(value);
  const info = fields(room.info);
  const numbers = [info.participants, info.unread, info.mentions, info.readSeq, info.headSeq];
  if (!isText(room.id, info.title, info.topic, info.kind, info.role) || !numbers.every(Number.isFinite)) return;
  const messages = list(room.messages).map(readMessage);
  // A window with a hole in it would say that there was nothing.
  const isWhole = messages.every((message) => message !== undefined) && isText(room.have);
  return {
    id: room.id as string,
    info: { ...(info as unknown as Info), lastMessage: readMessage(info.lastMessage) },
    have: isWhole ? text(room.have) : undefined,
    messages: isWhole ? (messages as Message[]) : [],
    happenings: isWhole ? list(room.happenings).flatMap((one) => readHappening(one) ?? []) : [],
    atStart: isWhole && room.atStart === true,
  };
}

function readHappening(value: unknown): Happening | undefined {
  const happening = fields(value);
  const at = date(happening.at);
  if (!at || !isText(happening.kind, happening.actorId) || !Number.isFinite(happening.seq)) return;
  return { ...(happening as unknown as Happening), at };
}

function readMessage(value: unknown): Message | undefined {
  const message = fields(value);
  const createdAt = date(message.createdAt);
  if (!createdAt || !isText(message.id, message.conversationId, message.senderId, message.content)) return;
  if (typeof message.seq !== "number" || Number.isNaN(message.seq)) return;
  return {
    ...(message as unknown as Message),
    key: text(message.key) ?? (message.id as string),
    createdAt,
    editedAt: date(message.editedAt),
    deletedAt: date(message.deletedAt),
    attachments: list(message.attachments) as Message["attachments"],
    mentions: list(message.mentions) as Message["mentions"],
    reactions: fields(message.reactions) as Message["reactions"],
  };
}

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function isText(...values: unknown[]): boolean {
  return values.every((value) => typeof value === "string");
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function date(value: unknown): Date | undefined {
  const isDate = value instanceof Date || typeof value === "string";
  const found = isDate ? new Date(value) : undefined;
  return found && !Number.isNaN(found.getTime()) ? found : undefined;
}
