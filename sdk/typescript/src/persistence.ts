/**
 * What outlives the page: who was signed in, the conversations with their last messages, drafts, unsent messages.
 * Loaded only if there is a place to keep it.
 *
 * Unsent messages belong to a page. Each page holds a lock on its own name; what belongs to a name that nobody holds
 * any more was left behind, and is taken over.
 */
import type { Account, ClientOptions, StorageAdapter } from "./api.js";
import type { Core } from "./core.js";
import type { Directory } from "./directory.js";
import { ChatError } from "./errors.js";
import { ulid } from "./ids.js";
import { type KeptDrafts, type KeptPage, type KeptRoom, readDrafts, readPage, readUnsent, type Unsent } from "./kept.js";
import type { Kept } from "./outbox.js";
import type { ChatRoom } from "./room.js";
import { exclusive, held, hold, openStorage, prefixed, scopeOf } from "./storage.js";
import { subjectOf } from "./token.js";

const SAVE_MS = 1_000;
/** Rooms whose last messages are kept. */
const ROOMS = 20;
const MESSAGES = 50;
const PAGE = "kept";
const DRAFTS = "drafts";
const OUTBOX = "outbox";

/** What is kept, and where it comes from. */
export interface PersistedClient extends Core {
  me?: Account;
  readonly directory: Directory;
  draftTexts: Readonly<Record<string, string>>;
  changed(): void;
}

export class Persistence {
  readonly #client: PersistedClient;
  readonly #storage: StorageAdapter;
  /** Of all users: unsent messages lie under the account's id. */
  readonly #common: StorageAdapter;
  readonly #isScoped: boolean;
  readonly #me = ulid();
  readonly #release: () => void;
  readonly #off = new AbortController();
  readonly #channel?: BroadcastChannel;
  #outboxes?: StorageAdapter;
  #timer?: ReturnType<typeof setTimeout>;
  #writes: Promise<void> = Promise.resolve();
  #isDirty = false;
  #isSilent = false;
  #draftsOf?: string;
  #last?: string;

  constructor(client: PersistedClient, choice: ClientOptions["storage"], user: string | undefined) {
    const storage = openStorage(choice);
    const scope = scopeOf(client.rest.base, user);
    this.#client = client;
    this.#common = prefixed(storage, scopeOf(client.rest.base));
    this.#storage = prefixed(storage, scope);
    this.#isScoped = user !== undefined;
    this.#release = hold(lock(this.#me));
    if (typeof document === "undefined") return;
    addEventListener("pagehide", () => this.#quietly(this.#save()), { signal: this.#off.signal });
    if (typeof BroadcastChannel === "undefined") return;
    this.#channel = new BroadcastChannel(`chinwag-kept-${scope}`);
    this.#channel.onmessage = ({ data }) => this.#heard(data);
  }

  /** What is kept of whom: shown at once if the application says whose it is, else to the same token's subject. */
  async restore(subject?: string): Promise<void> {
    const client = this.#client;
    const kept = readPage(await this.#storage.get(PAGE));
    const isTheirs = this.#isScoped || (subject !== undefined && subject === kept?.subject);
    if (!kept || client.me || !isTheirs) return;
    client.me = kept.me;
    client.people.learn(kept.me);
    for (const room of kept.rooms) restoreRoom(client.directory.room(room.id), room);
    await this.#restoreDrafts(kept.me.id);
    await this.openOutbox();
    client.changed();
  }

  /** The server has said who this is. What is kept of somebody else is removed. */
  confirm(me: Account): void {
    this.#writes = Promise.all([this.#writes, this.#quietly(this.#confirm(me))]).then(() => {});
  }

  async #confirm(me: Account): Promise<void> {
    // Of an earlier version, or of a client without a name for its user: nobody would ever remove it.
    if (this.#isScoped) await Promise.all([PAGE, DRAFTS].map((key) => this.#common.delete(key)));
    const kept = readPage(await this.#storage.get(PAGE));
    if (kept && kept.me.id !== me.id) await this.#storage.delete(PAGE);
    await this.#restoreDrafts(me.id);
    await this.openOutbox();
    this.#client.changed();
  }

  async #restoreDrafts(owner: string): Promise<void> {
    const drafts = readDrafts(await this.#storage.get(DRAFTS));
    if (drafts && drafts.owner !== owner) await this.#storage.delete(DRAFTS);
    // Once: what was cleared since is not to come back.
    else if (drafts && this.#draftsOf !== owner) this.#client.draftTexts = { ...drafts.texts, ...this.#client.draftTexts };
    this.#draftsOf = owner;
  }

  /** From now on what is unsent is kept under the name of who is signed in. */
  async openOutbox(): Promise<void> {
    this.#outboxes = prefixed(this.#common, `${this.#client.me?.id}|`);
    await this.#takeOver(this.#outboxes);
    // At once: a page that goes before the first save would find nothing of its own when it comes back.
    await this.#save();
    this.changed();
  }

  /** There is a connection again: pages may have gone meanwhile, with what they could not send. */
  resumed(): void {
    const storage = this.#outboxes;
    if (!storage || this.#isSilent) return;
    this.#writes = Promise.all([this.#writes, this.#quietly(this.#takeOver(storage))]).then(() => {});
  }

  async #takeOver(storage: StorageAdapter): Promise<void> {
    await exclusive(OUTBOX, async () => {
      const living = await held();
      const all = readUnsent(await storage.get(OUTBOX));
      const left = all.filter(({ owner }) => owner !== this.#me && !living.has(lock(owner)));
      if (left.length === 0) return;
      this.#client.outbox.adopt(left.map(revived));
      await this.#writeOutbox(storage, all.filter((unsent) => !left.includes(unsent)));
    });
  }

  /** Something is not as it was: it is kept soon, and what is unsent at once. */
  changed(): void {
    if (this.#isSilent) return;
    this.#timer ??= setTimeout(() => this.#quietly(this.#save()), SAVE_MS);
    const storage = this.#outboxes;
    if (!storage || this.#isDirty || this.#last === marks(this.#client.outbox.unsent)) return;
    this.#isDirty = true;
    const write = async () => {
      this.#isDirty = false;
      await this.#writeOutbox(storage, readUnsent(await storage.get(OUTBOX)));
    };
    this.#writes = this.#quietly(exclusive(OUTBOX, write));
  }

  /** Drafts are small, and the page may go the moment after: they are kept at once. */
  draftsChanged(): void {
    const { me, draftTexts: texts } = this.#client;
    if (!me || this.#isSilent) return;
    const kept: KeptDrafts = { owner: me.id, texts };
    this.#writes = Promise.all([this.#writes, this.#quietly(this.#storage.set(DRAFTS, kept))]).then(() => {});
  }

  async close(): Promise<void> {
    this.#off.abort();
    this.#channel?.close();
    await this.#quietly(this.#save());
    this.changed();
    clearTimeout(this.#timer);
    await this.#writes;
    this.#release();
  }

  /** Keeps nothing from now on. */
  silence(): void {
    this.#isSilent = true;
  }

  /** After `silence` and `close`: removes what is kept, and tells the other tabs. */
  async forget(owner: string | undefined): Promise<void> {
    const kept = readPage(await this.#storage.get(PAGE));
    const owners = new Set([owner, kept?.me.id].filter((id) => id !== undefined));
    await Promise.all([PAGE, DRAFTS].map((key) => this.#storage.delete(key)));
    await exclusive(OUTBOX, async () => {
      for (const id of owners) await this.#common.delete(`${id}|${OUTBOX}`);
    });
    if (!this.#channel) return;
    const channel = new BroadcastChannel(this.#channel.name);
    channel.postMessage([...owners]);
    channel.close();
  }

  #heard(owners: unknown): void {
    const { me } = this.#client;
    if (!me || !Array.isArray(owners) || !owners.includes(me.id)) return;
    this.#isSilent = true;
    this.#client.transport.close(new ChatError("unauthorized", "signed out in another tab", { reason: "forgotten" }));
  }

  /** Storage may be full, forbidden or broken: chatting goes on. */
  #quietly(write: Promise<void>): Promise<void> {
    return write.catch((error) => this.#client.log("warn", "nothing could be kept", error));
  }

  async #writeOutbox(storage: StorageAdapter, all: Unsent[]): Promise<void> {
    const { unsent } = this.#client.outbox;
    this.#last = marks(unsent);
    const others = all.filter(({ owner }) => owner !== this.#me);
    await storage.set(OUTBOX, [...others, ...unsent.map((kept) => keepable(kept, this.#me))]);
  }

  async #save(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { me, directory, transport } = this.#client;
    if (!me || this.#isSilent) return;
    const rooms = directory.all.map(({ id }, place) => keepRoom(directory.room(id), place < ROOMS));
    const kept: KeptPage = { me, subject: subjectOf(transport.token), rooms };
    await this.#storage.set(PAGE, kept);
  }
}

/** What was heard since is replayed, so messages are kept with their place in the log, or not at all. */
function keepRoom({ id, info, have, timeline }: ChatRoom, isRecent: boolean): KeptRoom {
  const { items, happenings, atEnd, atStart } = timeline;
  const messages = isRecent && atEnd ? items.slice(-MESSAGES) : [];
  const isWhole = atStart && messages.length === items.length;
  const isEmpty = messages.length === 0;
  return { id, info: info!, have: isEmpty ? undefined : have, messages, happenings: isEmpty ? [] : happenings, atStart: isWhole };
}

function restoreRoom(room: ChatRoom, { info, have, messages, happenings, atStart }: KeptRoom): void {
  room.info = info;
  room.have = have;
  if (have !== undefined) {
    room.timeline.reset(messages, atStart, true);
    room.timeline.tell(happenings);
  }
  room.changed();
}

function lock(owner: string): string {
  return `chinwag-outbox-${owner}`;
}

/** What has to be kept anew when it changes; the progress of an upload does not. */
function marks(unsent: readonly Kept[]): string {
  return JSON.stringify(unsent.map(({ message, uploaded, isTried }) => [message.clientId, message.state, uploaded.length, isTried]));
}

/** Why one waits, and which file was refused, is as old as the page: what is sent again finds out anew. */
function keepable({ message, ...kept }: Kept, owner: string): Unsent {
  const { error, retryAt: _retryAt, ...rest } = message;
  const attachments = rest.attachments.map((file) => ({ ...file, error: undefined }));
  const unsent = { ...kept, owner, message: { ...rest, attachments } };
  if (!error || message.state !== "failed") return unsent;
  const { code, message: text, ...detail } = error;
  return { ...unsent, failure: { code, text, detail } };
}

/** As an earlier page left it. */
function revived({ owner: _owner, failure, message, ...kept }: Unsent): Kept {
  const error = failure && new ChatError(failure.code, failure.text, failure.detail);
  return { ...kept, message: { ...message, error } };
}
