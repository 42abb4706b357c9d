/** What the double of a server remembers: people, conversations and their logs. */
import { foldName, mentionsIn } from "../text.js";
import type * as wire from "../wire.js";
import type { Files } from "./files.js";

export interface Person {
  id: string;
  username: string;
  /** For `createClient`. */
  token: string;
}

type Names = Pick<wire.PublicUser, "first_name" | "last_name">;
type About = Pick<wire.ConversationState, "title" | "topic" | "archived">;

export interface Log {
  state: Pick<wire.ConversationState, "id" | "title" | "topic" | "kind" | "archived">;
  members: Map<number, wire.Role>;
  events: wire.Event[];
  messages: Map<number, wire.Message>;
  pins: number[];
  read: Map<number, number>;
  delivered: Map<number, number>;
  notifications: Map<number, wire.NotificationLevel>;
}

/** A refusal, as sockets tell it. */
export class Refused extends Error {
  constructor(readonly code: wire.ErrorCode) {
    super(code);
  }
}

/** Different ones of one message. */
const EMOJI = 50;
const AN_EMOJI = new RegExp("^\\p{RGI_Emoji}$", "v");

export class World {
  readonly people = new Map<number, Person>();
  readonly logs = new Map<number, Log>();
  /** Tells everybody who takes part. */
  onEvent: (log: Log, event: wire.Event) => void = () => {};
  /** Tells one person that they take part now, or no longer, and by whom. */
  onMember: (log: Log, user: number, isIn: boolean, actor: number) => void = () => {};
  readonly files: Files;
  readonly #tokens = new Map<string, number>();
  readonly #names = new Map<number, Names>();
  #lastId = 0;

  constructor(files: Files) {
    this.files = files;
  }

  person(username: string): Person {
    const id = this.people.size + 1;
    const person = { id: String(id), username, token: `token-of-${username}` };
    this.people.set(id, person);
    this.trust(id, [person.token]);
    return person;
  }

  trust(id: number, tokens: readonly string[]): void {
    for (const token of tokens) this.#tokens.set(token, id);
  }

  byToken(token: string): number | undefined {
    return this.#tokens.get(token);
  }

  converse(title: string, kind: wire.ConversationKind, members: number[]): Log {
    const id = this.logs.size + 1;
    const log: Log = {
      state: { id, title, topic: "", kind, archived: false },
      members: new Map(members.map((member, place) => [member, place === 0 && kind === "group" ? "owner" : "member"])),
      events: [],
      messages: new Map(),
      pins: [],
      read: new Map(),
      delivered: new Map(),
      notifications: new Map(),
    };
    this.logs.set(id, log);
    return log;
  }

  log(id: number, user: number): Log {
    const log = this.logs.get(id);
    if (!log) throw new Refused("not_found");
    if (!log.members.has(user)) throw new Refused("not_participant");
    return log;
  }

  send(log: Log, sender: number, fields: Partial<wire.SendCommand>): { message: wire.Message; duplicate: boolean } {
    const { content = "", client_id, reply_to, format = "plain", meta, attachments = [] } = fields;
    this.#open(log);
    const earlier = [...log.messages.values()].find((one) => client_id && one.client_id === client_id && one.sender_id === sender);
    if (earlier) return { message: earlier, duplicate: true };
    if (!content.trim() && attachments.length === 0) throw new Refused("invalid_content");
    const files = this.files.attach(sender, attachments, log.state.id);
    const entry = this.#entry(log, sender);
    const message: wire.Message = {
      ...entry,
      id: ++this.#lastId,
      content,
      sender_id: sender,
      sender_name: this.people.get(sender)!.username,
      created_at: new Date(entry.ts).toISOString().slice(0, 19).replace("T", " "),
      client_id,
      reply_to,
      format,
      meta,
      attachments: files.length > 0 ? files : undefined,
      version: 1,
    } as wire.Message;
    log.messages.set(message.id, message);
    this.#append(log, { ...message, type: "message" } as wire.Event);
    return { message, duplicate: false };
  }

  edit(log: Log, actor: number, id: number, content: string, ifVersion?: number): wire.Event & { version: number } {
    const message = this.#message(log, id);
    this.#open(log);
    if (message.sender_id !== actor) throw new Refused("forbidden");
    if (ifVersion !== undefined && ifVersion !== message.version) throw new Refused("conflict");
    Object.assign(message, { content, version: message.version + 1 });
    const event = { ...this.#entry(log, actor), type: "message_edited" as const, message_id: id, content };
    return this.#append(log, { ...event, version: message.version });
  }

  delete(log: Log, actor: number, id: number): wire.Event {
    this.#open(log);
    const message = this.#message(log, id);
    if (message.sender_id !== actor && log.members.get(actor) === "member") throw new Refused("forbidden");
    Object.assign(message, { content: "", deleted: true, reactions: undefined, meta: undefined });
    log.pins = log.pins.filter((pin) => pin !== id);
    for (const event of log.events) {
      if (event.type === "message" && event.id === id) Object.assign(event, { content: "", deleted: true });
      if (event.type === "message_edited" && event.message_id === id) event.content = "";
    }
    return this.#append(log, { ...this.#entry(log, actor), type: "message_deleted", message_id: id });
  }

  /** Undefined if it was so already. */
  react(log: Log, actor: number, id: number, written: string, on: boolean): wire.Event | undefined {
    this.#open(log);
    const message = this.#message(log, id);
    const emoji = spelledInFull(written);
    const all = message.reactions ?? [];
    const known = all.find((one) => one.emoji === emoji);
    if (!emoji || (on && !known && all.length >= EMOJI)) throw new Refused("invalid_content");
    const users = known?.user_ids ?? [];
    if (users.includes(actor) === on) return;
    const now = { emoji, user_ids: on ? [...users, actor] : users.filter((user) => user !== actor) };
    // An emoji that somebody uses already has its place.
    const marks = (known ? all.map((one) => (one === known ? now : one)) : [...all, now]).filter(({ user_ids }) => user_ids.length > 0);
    message.reactions = marks.length > 0 ? marks : undefined;
    const type = on ? ("reaction_added" as const) : ("reaction_removed" as const);
    return this.#append(log, { ...this.#entry(log, actor), type, message_id: id, emoji, user_id: actor });
  }

  pin(log: Log, actor: number, id: number, on: boolean): wire.Event | undefined {
    this.#open(log);
    this.#message(log, id);
    if (log.pins.includes(id) === on) return;
    log.pins = on ? [...log.pins, id] : log.pins.filter((pin) => pin !== id);
    return this.#append(log, { ...this.#entry(log, actor), type: on ? "pinned" : "unpinned", message_id: id });
  }

  /** Title, topic, archive; undefined if it was so already. */
  update(log: Log, actor: number, change: Partial<About>): wire.Event | undefined {
    this.#runs(log, actor);
    const before = JSON.stringify(log.state);
    const { title, topic, archived } = Object.assign(log.state, change);
    if (JSON.stringify(log.state) === before) return;
    return this.#append(log, { ...this.#entry(log, actor), type: "conversation_updated", title, topic, archived });
  }

  notify(log: Log, user: number, level: wire.NotificationLevel): void {
    log.notifications.set(user, level);
  }

  addMember(log: Log, actor: number, user: number, role: wire.Role = "member"): void {
    this.#runs(log, actor, role !== "member");
    this.#person(user);
    if (log.members.has(user)) return;
    // What was said before counts as read; who takes part again goes on from where they were.
    if (!log.read.has(user)) log.read.set(user, log.events.length);
    this.#append(log, { ...this.#entry(log, actor), type: "participant_added", ...this.#named(user), role });
    log.members.set(user, role);
    this.onMember(log, user, true, actor);
  }

  setRole(log: Log, actor: number, user: number, role: wire.Role): void {
    this.#runs(log, actor, true);
    if (!log.members.has(user)) throw new Refused("not_found");
    log.members.set(user, role);
    this.#append(log, { ...this.#entry(log, actor), type: "participant_updated", ...this.#named(user), role });
  }

  /** Whoever goes hears no more than that. */
  removeMember(log: Log, actor: number, user: number): void {
    const role = log.members.get(user);
    if (role === undefined) throw new Refused("not_found");
    if (log.state.kind === "direct") throw new Refused("forbidden");
    if (actor !== user) this.#runs(log, actor, role !== "member");
    log.members.delete(user);
    this.onMember(log, user, false, actor);
    this.#append(log, { ...this.#entry(log, actor), type: "participant_removed", ...this.#named(user), role });
  }

  rename(user: number, { first_name, last_name }: Partial<Names>): void {
    const { first_name: first, last_name: last } = this.publicUser(user);
    this.#names.set(user, { first_name: first_name ?? first, last_name: last_name ?? last });
  }

  stateFor(log: Log, user: number): wire.ConversationState {
    const read = log.read.get(user) ?? 0;
    const messages = [...log.messages.values()];
    const unread = messages.filter((one) => one.seq > read && one.sender_id !== user && !one.deleted);
    const names = new Map([...log.members.keys()].map((member) => [foldName(this.people.get(member)!.username), String(member)]));
    const peer = log.state.kind === "direct" ? [...log.members.keys()].find((member) => member !== user) : undefined;
    return {
      ...log.state,
      role: log.members.get(user)!,
      head: headOf(log),
      read_seq: read,
      unread: unread.length,
      mentions: unread.filter(({ content, format }) => mentionsIn(content, format, (name) => names.get(name)).includes(String(user))).length,
      last_message: messages.at(-1) ?? null,
      participants: log.members.size,
      peer: peer === undefined ? undefined : this.publicUser(peer),
      notifications: log.notifications.get(user) ?? "all",
    } as wire.ConversationState;
  }

  publicUser(id: number): wire.PublicUser {
    return { id, username: this.#person(id).username, first_name: "", last_name: "", ...this.#names.get(id) };
  }

  receipt(log: Log, user: number): wire.Receipt {
    const [delivered_seq, read_seq] = [log.delivered.get(user) ?? 0, log.read.get(user) ?? 0];
    return { conversation_id: log.state.id, user_id: user, delivered_seq, read_seq };
  }

  account(id: number): wire.User {
    const more = { email: null, role: "user", is_active: true, created_at: "2026-01-01 00:00:00" };
    return { ...this.publicUser(id), ...more } as unknown as wire.User;
  }

  #person(id: number): Person {
    const person = this.people.get(id);
    if (!person) throw new Refused("not_found");
    return person;
  }

  #named(user: number): { user_id: number; username: string } {
    return { user_id: user, username: this.#person(user).username };
  }

  /** An archived conversation can only be read, and opened again. */
  #open(log: Log): void {
    if (log.state.archived) throw new Refused("archived");
  }

  #runs(log: Log, actor: number, isOwners = false): void {
    const role = log.members.get(actor);
    const isAllowed = role === "owner" || (role === "admin" && !isOwners);
    if (!isAllowed || log.state.kind === "direct") throw new Refused("forbidden");
  }

  #message(log: Log, id: number): wire.Message {
    const message = log.messages.get(id);
    if (!message || message.deleted) throw new Refused("not_found");
    return message;
  }

  #entry(log: Log, actor: number): wire.Entry {
    const seq = log.events.length + 1;
    return { conversation_id: log.state.id, seq, stamp: `s${String(seq).padStart(7, "0")}`, ts: Date.now(), actor_id: actor };
  }

  #append<T extends wire.Event>(log: Log, event: T): T {
    log.events.push(event);
    this.onEvent(log, event);
    return event;
  }
}

export function headOf({ events }: Log): string {
  const last = events.at(-1);
  return last ? `${last.seq}.${last.stamp}` : "0";
}

/** With U+FE0F wherever it belongs; undefined if it is no emoji. */
function spelledInFull(written: string): string | undefined {
  const bare = written.replaceAll("\uFE0F", "");
  const full = bare.replace(/(?!\p{Emoji_Presentation})\p{Emoji}(?!\p{Emoji_Modifier})/gu, "$&\uFE0F");
  return AN_EMOJI.test(full) ? full : undefined;
}
