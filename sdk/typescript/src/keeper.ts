/**
 * What outlives the page: who was signed in, the conversations with their last messages, drafts, unsent messages.
 * Loaded only if there is a place to keep it.
 *
 * Unsent messages belong to a page. Each page holds a lock on its own name; what belongs to a name that nobody holds
 * any more was left behind, and is taken over.
 */
import type { Account, ClientOptions, Message, StorageAdapter } from "./api.js";
import type { Core } from "./core.js";
import type { Directory } from "./directory.js";
import { ChatError, type ErrorDetail } from "./errors.js";
import { ulid } from "./ids.js";
import type { Kept } from "./outbox.js";
import type { ChatRoom, Info } from "./room.js";
import { exclusive, held, hold, openStorage, prefixed } from "./storage.js";

const SAVE_MS = 1_000;
/** Rooms whose last messages are kept. */
const ROOMS = 20;
const MESSAGES = 50;
const OUTBOX = "outbox";

/** What is kept, and where it comes from. */
export interface Household extends Core {
  me?: Account;
  readonly directory: Directory;
  draftTexts: Readonly<Record<string, string>>;
}

interface KeptRoom {
  id: string;
  info: Info;
  have?: string;
  messages: readonly Message[];
  atStart: boolean;
}

interface KeptPage {
  me: Account;
  rooms: KeptRoom[];
}

interface KeptDrafts {
  owner: string;
  texts: Readonly<Record<string, string>>;
}

interface Unsent extends Kept {
  owner: string;
  /** An error is nothing that can be kept. */
  failure?: { code: ChatError["code"]; text: string; detail: ErrorDetail };
}

export class Keeper {
  readonly #house: Household;
  readonly #storage: StorageAdapter;
  readonly #me = ulid();
  readonly #release: () => void;
  readonly #off = new AbortController();
  #outboxes?: StorageAdapter;
  #timer?: ReturnType<typeof setTimeout>;
  #writes: Promise<void> = Promise.resolve();
  #isDirty = false;
  #last?: string;

  constructor(house: Household, choice: ClientOptions["storage"]) {
    this.#house = house;
    this.#storage = prefixed(openStorage(choice), `${house.rest.base}|`);
    this.#release = hold(lock(this.#me));
    if (typeof document === "undefined") return;
    addEventListener("pagehide", () => void this.#save(), { signal: this.#off.signal });
  }

  async restore(): Promise<void> {
    const house = this.#house;
    const kept = (await this.#storage.get("kept")) as KeptPage | undefined;
    if (!kept || house.me) return;
    house.me = kept.me;
    house.people.learn(kept.me);
    const drafts = (await this.#storage.get("drafts")) as KeptDrafts | undefined;
    if (drafts?.owner === kept.me.id) house.draftTexts = drafts.texts;
    for (const room of kept.rooms) restoreRoom(house.directory.room(room.id), room);
    await this.openOutbox();
  }

  /** From now on what is unsent is kept under the name of who is signed in. */
  async openOutbox(): Promise<void> {
    const storage = prefixed(this.#storage, `${this.#house.me?.id}|`);
    this.#outboxes = storage;
    await exclusive(OUTBOX, async () => {
      const living = await held();
      const all = ((await storage.get(OUTBOX)) ?? []) as Unsent[];
      const left = all.filter(({ owner }) => owner !== this.#me && !living.has(lock(owner)));
      if (left.length === 0) return;
      this.#house.outbox.adopt(left.map(revived));
      await this.#writeOutbox(storage, all.filter((unsent) => !left.includes(unsent)));
    });
    // At once: a page that goes before the first save would find nothing of its own when it comes back.
    await this.#save();
    this.changed();
  }

  /** Something is not as it was: it is kept soon, and what is unsent at once. */
  changed(): void {
    this.#timer ??= setTimeout(() => void this.#save(), SAVE_MS);
    const storage = this.#outboxes;
    if (!storage || this.#isDirty || this.#last === marks(this.#house.outbox.unsent)) return;
    this.#isDirty = true;
    const write = async () => {
      this.#isDirty = false;
      await this.#writeOutbox(storage, ((await storage.get(OUTBOX)) ?? []) as Unsent[]);
    };
    this.#writes = exclusive(OUTBOX, write).catch((error) => this.#house.log("warn", "nothing could be kept", error));
  }

  /** Drafts are small, and the page may go the moment after: they are kept at once. */
  draftsChanged(): void {
    const { me, draftTexts: texts } = this.#house;
    if (!me) return;
    const kept: KeptDrafts = { owner: me.id, texts };
    this.#storage.set("drafts", kept).catch((error) => this.#house.log("warn", "nothing could be kept", error));
  }

  async close(): Promise<void> {
    this.#off.abort();
    await this.#save();
    this.changed();
    clearTimeout(this.#timer);
    await this.#writes;
    this.#release();
  }

  async #writeOutbox(storage: StorageAdapter, all: Unsent[]): Promise<void> {
    const { unsent } = this.#house.outbox;
    this.#last = marks(unsent);
    const others = all.filter(({ owner }) => owner !== this.#me);
    await storage.set(OUTBOX, [...others, ...unsent.map((kept) => keepable(kept, this.#me))]);
  }

  async #save(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { me, directory } = this.#house;
    if (!me) return;
    const rooms = directory.all.map(({ id }, place) => keepRoom(directory.room(id), place < ROOMS));
    const kept: KeptPage = { me, rooms };
    await this.#storage.set("kept", kept).catch((error) => this.#house.log("warn", "nothing could be kept", error));
  }
}

/** What was heard since is replayed, so messages are kept with their place in the log, or not at all. */
function keepRoom({ id, info, have, timeline }: ChatRoom, isRecent: boolean): KeptRoom {
  const { items, atEnd, atStart } = timeline;
  const messages = isRecent && atEnd ? items.slice(-MESSAGES) : [];
  const isWhole = atStart && messages.length === items.length;
  return { id, info: info!, have: messages.length > 0 ? have : undefined, messages, atStart: isWhole };
}

function restoreRoom(room: ChatRoom, { info, have, messages, atStart }: KeptRoom): void {
  room.info = info;
  room.have = have;
  if (have !== undefined) room.timeline.reset(messages, atStart, true);
  room.changed();
}

function lock(owner: string): string {
  return `chinwag-outbox-${owner}`;
}

/** What has to be kept anew when it changes; the progress of an upload does not. */
function marks(unsent: readonly Kept[]): string {
  return JSON.stringify(unsent.map(({ message, uploaded, isTried }) => [message.clientId, message.state, uploaded.length, isTried]));
}

function keepable({ message, ...kept }: Kept, owner: string): Unsent {
  const { error, ...rest } = message;
  if (!error) return { ...kept, owner, message: rest };
  const { code, message: text, ...detail } = error;
  return { ...kept, owner, message: rest, failure: { code, text, detail } };
}

/** As an earlier page left it. */
function revived({ owner: _owner, failure, message, ...kept }: Unsent): Kept {
  const error = failure && new ChatError(failure.code, failure.text, failure.detail);
  return { ...kept, message: { ...message, error } };
}
