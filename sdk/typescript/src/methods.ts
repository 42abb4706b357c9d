/**
 * What is not needed to chat: accounts, search, push, and the running of conversations. It is loaded when the first
 * of it is called, so that a page that only chats does not wait for it.
 */
import type * as api from "./api.js";
import { toAccount, toMember, toMessage, toSession, toUser } from "./convert.js";
import type { Core } from "./core.js";
import type { Directory } from "./directory.js";
import { ChatError } from "./errors.js";
import { type Named, toHappening } from "./happenings.js";
import { Rest } from "./rest.js";
import type { ChatRoom } from "./room.js";
import { mentionsIn } from "./text.js";
import type * as wire from "./wire.js";

/** What it needs beside the core. */
export interface MethodsClient extends Core {
  me?: api.Account;
  readonly directory: Directory;
  /** Something about oneself is not as it was. */
  changed(): void;
  getSnapshot(): api.ClientSnapshot;
}

type Accounts = api.ChatClient["account"];
type Push = api.ChatClient["push"];

/** The most people that one question for names may be about. */
const NAMES = 100;
const EVENTS = 1000;
/** Conversations of one page. */
const LISTED = 200;
/** How far back it is looked for what a conversation was called before it was changed. */
const BACK = 10_000;
const TOLD = "pinned,participant_added,participant_removed,participant_updated,conversation_updated";

class MethodGroup {
  protected readonly client: MethodsClient;

  constructor(client: MethodsClient) {
    this.client = client;
  }
}

class UserMethods extends MethodGroup {
  async search(...[text, opts = {}]: Parameters<api.ChatClient["search"]>): Promise<api.SearchResult[]> {
    const { conversationId, limit, before, signal } = opts;
    const q = conversationId === undefined ? text : `in:${conversationId} ${text}`;
    const query = { q, limit, before_id: before };
    const { results } = await this.client.rest.call<wire.SearchResults>("GET", "/search", { query, signal });
    return results.map((hit) => ({ ...toMessage(hit, this.client.people.known), snippet: hit.snippet }));
  }

  async find(query: string, { signal }: { signal?: AbortSignal } = {}): Promise<api.User[]> {
    const found = await this.client.rest.call<wire.PublicUser[]>("GET", "/users", { query: { query }, signal });
    return found.map((user) => this.client.people.learn(toUser(user)));
  }

  async load(ids: readonly string[]): Promise<api.User[]> {
    const users: api.User[] = [];
    for (let from = 0; from < ids.length; from += NAMES) {
      const query = { ids: ids.slice(from, from + NAMES).join() };
      const found = await this.client.rest.call<wire.PublicUser[]>("GET", "/users", { query });
      users.push(...found.map((user) => this.client.people.learn(toUser(user))));
    }
    return users;
  }
}

class AccountMethods extends MethodGroup {
  /** Asks the server; undefined if it does not know the token. */
  async ownerOf(token: string): Promise<string | undefined> {
    const { base, fetcher } = this.client.rest;
    const tokens = { get: async () => token, renew: async () => token };
    try {
      return String((await new Rest(base, fetcher, tokens).call<wire.User>("GET", "/users/me")).id);
    } catch (error) {
      if (error instanceof ChatError && error.code === "unauthorized") return;
      throw error;
    }
  }

  async update(...[change]: Parameters<Accounts["update"]>): Promise<api.Account> {
    const { firstName, lastName, password, currentPassword } = change;
    const body = { first_name: firstName, last_name: lastName, password, current_password: currentPassword };
    const me = toAccount(await this.client.rest.call<wire.User>("PATCH", "/users/me", { body }));
    this.client.people.learn(me);
    this.client.me = me;
    this.client.changed();
    return me;
  }

  async sessions(): Promise<api.Session[]> {
    return (await this.client.rest.call<wire.Session[]>("GET", "/auth/sessions")).map(toSession);
  }

  async endSession(id: string): Promise<void> {
    await this.client.rest.call("DELETE", `/auth/sessions/${id}`);
  }
}

class PushMethods extends MethodGroup {
  async key(): Promise<string | undefined> {
    await this.client.whenOnline();
    if (!this.client.getSnapshot().limits?.push) return;
    return (await this.client.rest.call<{ public_key: string }>("GET", "/push/key")).public_key;
  }

  async subscribe(...[{ endpoint, keys }, content = "full"]: Parameters<Push["subscribe"]>) {
    const body = { endpoint, keys, content };
    return registration(await this.client.rest.call<wire.PushSubscription>("POST", "/push/subscriptions", { body }));
  }

  async list(): Promise<api.PushRegistration[]> {
    return (await this.client.rest.call<wire.PushSubscription[]>("GET", "/push/subscriptions")).map(registration);
  }

  async remove(id: string): Promise<void> {
    await this.client.rest.call("DELETE", `/push/subscriptions/${id}`);
  }
}

class ConversationMethods extends MethodGroup {
  create({ title, members }: { title?: string; members: string[] }): Promise<api.Conversation> {
    const names = members.map((id) => this.client.people.get(id)?.name).filter(Boolean);
    return this.#make({ title: title || names.join(", ") || "Group", participant_ids: members.map(Number) });
  }

  direct(userId: string): Promise<api.Conversation> {
    return this.#make({ participant_id: Number(userId) });
  }

  async #make(body: wire.NewConversation): Promise<api.Conversation> {
    const made = await this.client.rest.call<wire.Conversation>("POST", "/conversations", { body });
    const room = this.client.directory.room(String(made.id));
    room.touchedAt = this.client.now();
    // The frame that tells of it may come later than this answer.
    room.info ??= { ...blank(made), role: made.kind === "direct" ? "member" : "owner" };
    if (made.kind === "direct") room.info.peer ??= this.client.people.get(String(body.participant_id));
    room.changed();
    return room.view!;
  }

  async update(...[id, change]: Parameters<api.Conversations["update"]>): Promise<api.Conversation> {
    const path = `/conversations/${id}`;
    const { title, topic, archived } = await this.client.rest.call<wire.Conversation>("PATCH", path, { body: change });
    return this.#change(id, { title, topic, archived });
  }

  async leave(id: string): Promise<void> {
    await this.client.rest.call("DELETE", `/conversations/${id}/participants/${this.client.me?.id}`);
    this.client.directory.onLeft(id);
  }

  async setNotifications(id: string, level: api.NotificationLevel): Promise<void> {
    await this.client.rest.call("PUT", `/conversations/${id}/notifications`, { body: { level } });
    this.#change(id, { notifications: level });
  }

  #change(id: string, change: Partial<NonNullable<ChatRoom["info"]>>): api.Conversation {
    const room = this.client.directory.room(id);
    if (!room.info) throw new ChatError("not_found", "there is no such conversation");
    Object.assign(room.info, change);
    room.changed();
    return room.view!;
  }

  /** `ready` names so many and no more: the others, page by page. */
  async loadRest(after: number, listing: object): Promise<void> {
    const { directory, rest } = this.client;
    for (let hasMore = true; hasMore && directory.isCurrent(listing); ) {
      try {
        const query = { after, limit: LISTED };
        const page = await rest.call<wire.ConversationState[]>("GET", "/conversations", { query });
        if (!directory.isCurrent(listing)) return;
        for (const state of page) directory.onListed(state);
        after = page.at(-1)?.id ?? after;
        hasMore = page.length === LISTED;
      } catch (error) {
        if (!(error instanceof ChatError) || !error.retryable) throw error;
        await this.client.pause(error.retryAfterMs);
      }
    }
    directory.onWhole(listing);
  }

  /** The newest message of a room whose events do not come. */
  async refreshPreview(room: ChatRoom): Promise<void> {
    const path = `/conversations/${room.id}/messages`;
    const [last] = await this.client.rest.call<wire.Message[]>("GET", path, { query: { limit: 1 } });
    if (!last || !room.info) return;
    room.info.lastMessage = toMessage(last, this.client.people.known);
    room.changed();
  }
}

class RoomMethods extends MethodGroup {
  async edit(room: ChatRoom, id: string, content: string): Promise<api.Message> {
    const before = await this.#known(room, id);
    const ok = await room.command(
      { type: "edit", message_id: Number(id), content, if_version: before.version },
      // Sent twice, the second time finds the version that the first one made.
      (error) => error.reason === "conflict",
    );
    const now = room.timeline.find(id) ?? before;
    const version = ok.version ?? before.version + 1;
    if (now.version >= version) return now;
    return { ...now, content, version, mentions: mentionsIn(content, now.format, this.client.people.known), editedAt: new Date(ok.ts ?? this.client.now()) };
  }

  async delete(room: ChatRoom, id: string): Promise<void> {
    await room.command({ type: "delete", message_id: Number(id) }, (error) => error.reason === "not_found");
  }

  async pin(room: ChatRoom, id: string, on = true): Promise<void> {
    await room.command({ type: "pin", message_id: Number(id), op: on ? "add" : "remove" });
  }

  async message(room: ChatRoom, id: string): Promise<api.Message | undefined> {
    const known = room.known(id);
    if (known) return known;
    try {
      const found = await this.client.rest.call<wire.Message>("GET", `/conversations/${room.id}/messages/${id}`);
      return room.withDelivery(toMessage(found, this.client.people.known));
    } catch (error) {
      if (error instanceof ChatError && error.code === "not_found") return;
      throw error;
    }
  }

  async pinned(room: ChatRoom): Promise<api.Message[]> {
    const pins = await this.client.rest.call<wire.Message[]>("GET", `/conversations/${room.id}/pins`);
    return pins.map((pin) => room.withDelivery(toMessage(pin, this.client.people.known)));
  }

  async historyAround(room: ChatRoom, seq: number, limit: number): Promise<api.Page> {
    const half = Math.ceil(limit / 2);
    const [older, newer] = await Promise.all([
      room.history({ before: seq + 1, limit: half }),
      room.history({ after: seq, limit: half }),
    ]);
    return {
      messages: [...older.messages, ...newer.messages],
      happenings: [...older.happenings, ...newer.happenings],
      atStart: older.atStart,
      atEnd: newer.atEnd,
    };
  }

  async happeningsBetween(room: ChatRoom, from: number, to: number): Promise<api.Happening[]> {
    const events = await this.#events(room, from, to, TOLD);
    const first = events.find((event) => event.type === "conversation_updated");
    let named = first && (await this.#namedBefore(room, first));
    return events.flatMap((event) => {
      const happening = toHappening(event, named);
      if (event.type === "conversation_updated") named = event;
      return happening ?? [];
    });
  }

  async #namedBefore(room: ChatRoom, event: wire.ConversationUpdatedFrame): Promise<Named | undefined> {
    const from = Math.max(0, event.seq - BACK);
    const before = (await this.#events(room, from, event.seq, "conversation_updated")).at(-1);
    if (before) return before as wire.ConversationUpdatedFrame;
    // A conversation begins without a topic and open; what it was called then is not in its log.
    const { topic, archived, title } = event;
    return from === 0 ? { title: topic || archived ? title : "", topic: "", archived: false } : undefined;
  }

  async #events(room: ChatRoom, from: number, to: number, types: string): Promise<wire.Event[]> {
    const path = `/conversations/${room.id}/events`;
    const events: wire.Event[] = [];
    for (let after: string | undefined = String(from); after !== undefined; ) {
      const query = { after, before: to, types, limit: EVENTS };
      const page: wire.EventPage = await this.client.rest.call<wire.EventPage>("GET", path, { query });
      events.push(...page.events);
      after = page.next;
    }
    return events;
  }

  async placeOf(room: ChatRoom, id: string): Promise<number> {
    return (await this.#known(room, id)).seq;
  }

  async #known(room: ChatRoom, id: string): Promise<api.Message> {
    const message = await this.message(room, id);
    if (message) return message;
    throw new ChatError("not_found", "there is no such message");
  }

  async loadMembers(room: ChatRoom): Promise<readonly api.Member[]> {
    const path = `/conversations/${room.id}/participants`;
    const members = (await this.client.rest.call<wire.Participant[]>("GET", path)).map(toMember);
    for (const { role: _role, deliveredSeq: _delivered, readSeq: _read, ...user } of members) {
      this.client.people.learn(user);
    }
    members.sort((one, other) => one.name.localeCompare(other.name));
    room.setMembers(members);
    return members;
  }

  async addMember({ id }: ChatRoom, userId: string, role?: api.Role): Promise<void> {
    const body = { user_id: Number(userId), role };
    await this.client.rest.call("POST", `/conversations/${id}/participants`, { body });
  }

  async setRole({ id }: ChatRoom, userId: string, role: api.Role): Promise<void> {
    await this.client.rest.call("PATCH", `/conversations/${id}/participants/${userId}`, { body: { role } });
  }

  async removeMember({ id }: ChatRoom, userId: string): Promise<void> {
    await this.client.rest.call("DELETE", `/conversations/${id}/participants/${userId}`);
  }
}

export type Methods = ReturnType<typeof createMethods>;

export function createMethods(client: MethodsClient) {
  return {
    users: new UserMethods(client),
    account: new AccountMethods(client),
    push: new PushMethods(client),
    conversations: new ConversationMethods(client),
    room: new RoomMethods(client),
  };
}

function registration({ id, endpoint_host, content }: wire.PushSubscription): api.PushRegistration {
  return { id: String(id), endpointHost: endpoint_host, content };
}

function blank({ title, topic, kind, archived }: wire.Conversation): NonNullable<ChatRoom["info"]> {
  return { title, topic, kind, archived, role: "member", participants: 2, unread: 0, mentions: 0, readSeq: 0, headSeq: 0, notifications: "all" };
}
