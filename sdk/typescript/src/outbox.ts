/**
 * Messages on their way: in order within a room, side by side across rooms, each sent once. Those with files have
 * a lane of their own in each room, so that a text does not wait for an upload: it overtakes, and is never overtaken.
 *
 *     pending → (files up) → sent, not heard back → done
 *        ↑ retry      ↓ refused for good
 *        └──────── failed
 *
 * A message is known by its `client_id`, so sending it again is safe: whatever was not answered is sent again.
 */
import type { Attachment, LocalAttachment, Message, Outgoing, Pending, Progress } from "./api.js";
import { Backoff } from "./backoff.js";
import { keyOf } from "./convert.js";
import { ChatError, type ErrorDetail } from "./errors.js";
import { ulid } from "./ids.js";
import { attempt, type Log } from "./report.js";
import { aborted } from "./rest.js";
import type { Transport } from "./transport.js";
import { settleable } from "./settle.js";
import { mentionsIn } from "./text.js";

/** What is kept of an unsent message. */
export interface Kept {
  message: Message;
  files: Blob[];
  /** The ids of those that are up already. */
  uploaded: Attachment[];
  /** A socket may have carried it: the server may have it. */
  isTried: boolean;
  error?: { code: ChatError["code"]; text: string; detail: ErrorDetail };
}

/** One of them, and who waits for it. */
class Item implements Pending {
  kept: Kept;
  onProgress?: (progress: Progress) => void;
  readonly abort = new AbortController();
  readonly #outbox: Outbox;
  #settled = settleable<Message>();

  constructor(outbox: Outbox, kept: Kept) {
    this.#outbox = outbox;
    this.kept = kept;
  }

  get message(): Message {
    return this.kept.message;
  }

  then<A = Message, B = never>(
    done?: ((message: Message) => A | PromiseLike<A>) | null,
    failed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#settled.promise.then(done, failed);
  }

  retry(): Promise<Message> {
    if (this.message.state === "failed") {
      this.#settled = settleable();
      const attachments = this.message.attachments.map((file) => ({ ...file, error: undefined }));
      this.change({ state: "pending", error: undefined, attachments });
      this.#outbox.resume(this.message.conversationId);
    }
    return this.#settled.promise;
  }

  async cancel(): Promise<void> {
    await this.#outbox.cancel(this);
  }

  change(change: Partial<Message>): void {
    this.kept.message = { ...this.kept.message, ...change };
  }

  resolve(): void {
    this.#settled.resolve(this.message);
  }

  reject(error: ChatError): void {
    this.#settled.reject(error);
  }
}

const KINDS = ["text", "files"] as const;
type Kind = (typeof KINDS)[number];

/** What the outbox needs from the rest of the client. */
export interface Post {
  readonly transport: Transport;
  upload(file: Blob, onProgress: (loaded: number) => void, signal: AbortSignal): Promise<Attachment>;
  /** Something unsent of this conversation is not as it was. */
  changed(conversationId: string): void;
  /** The server's time. */
  now(): number;
  readonly log: Log;
  /** The conversation's own events will tell of it. */
  willHear(conversationId: string): boolean;
}

export class Outbox {
  readonly #post: Post;
  #items: Item[] = [];
  /** Lanes of rooms in which something is being sent. */
  readonly #busy = new Set<string>();
  readonly #waitToRetrys = new Map<string, () => void>();
  #idle: (() => void)[] = [];
  #isClosed = false;

  constructor(post: Post) {
    this.#post = post;
  }

  get pending(): number {
    return this.#items.filter(({ message }) => message.state === "pending").length;
  }

  of(conversationId: string): Message[] {
    return this.#items.map(({ message }) => message).filter((message) => message.conversationId === conversationId);
  }

  find(clientId: string): Item | undefined {
    return this.#items.find(({ message }) => message.clientId === clientId);
  }

  /** What is unsent, as it can be kept. */
  get unsent(): Kept[] {
    return this.#items.filter(({ message }) => message.state !== "sent").map(({ kept }) => kept);
  }

  /** What an earlier page left behind comes before what this one has. */
  adopt(left: Kept[]): void {
    const adopted = left.map((kept) => new Item(this, kept));
    this.#items = [...adopted, ...this.#items];
    for (const { message } of adopted) {
      this.#post.changed(message.conversationId);
      this.resume(message.conversationId);
    }
  }

  add(conversationId: string, outgoing: Outgoing, sender: { id: string; name: string }): Item {
    const { content, files = [], replyTo, data, format = "plain", signal } = outgoing;
    const clientId = outgoing.clientId ?? ulid();
    const message: Message = {
      id: clientId,
      key: keyOf(sender.id, clientId),
      clientId,
      conversationId,
      seq: Infinity,
      senderId: sender.id,
      senderName: sender.name,
      content,
      format,
      createdAt: new Date(this.#post.now()),
      replyTo,
      attachments: files.map(local),
      reactions: {},
      mentions: mentionsIn(content, format),
      data,
      version: 1,
      state: "pending",
      progress: files.length > 0 ? { loaded: 0, total: sizeOf(files) } : undefined,
    };
    const item = new Item(this, { message, files, uploaded: [], isTried: false });
    item.onProgress = outgoing.onProgress;
    signal?.addEventListener("abort", () => void this.cancel(item), { once: true });
    this.#items.push(item);
    this.resume(conversationId);
    return item;
  }

  /** Who wrote what was written before the first connection. */
  sign({ id, username }: { id: string; username: string }): void {
    for (const item of this.#items) {
      if (item.message.senderId === "") item.change({ senderId: id, senderName: username, key: keyOf(id, item.message.id) });
    }
  }

  /** Goes on with what an end of the connection left. */
  resumeAll(): void {
    for (const room of new Set(this.#items.map(({ message }) => message.conversationId))) this.#workAll(room);
  }

  resume(conversationId: string): void {
    this.#changed(conversationId);
    this.#workAll(conversationId);
  }

  /** What a socket carried may be there already: it is not taken back. */
  async cancel(item: Item): Promise<void> {
    if (item.kept.isTried && item.message.state !== "failed") return;
    item.abort.abort();
    item.reject(aborted());
    this.#remove(item);
  }

  async discard(clientId: string): Promise<void> {
    await this.find(clientId)?.cancel();
  }

  /** The message came back as an event, or in a page: it is there. */
  heard(message: Message): void {
    const item = this.find(message.clientId!);
    if (item) this.#done(item, message);
  }

  async flush(): Promise<void> {
    for (const wake of this.#waitToRetrys.values()) wake();
    if (this.pending > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Somebody else has signed in: what is kept stays where it is, for its own sender. */
  forget(): void {
    this.#items = [];
  }

  close(): void {
    this.#isClosed = true;
    for (const wake of this.#waitToRetrys.values()) wake();
  }

  #workAll(room: string): void {
    for (const kind of KINDS) void this.#work(room, kind);
  }

  async #work(room: string, kind: Kind): Promise<void> {
    const lane = `${room} ${kind}`;
    if (this.#busy.has(lane)) return;
    this.#busy.add(lane);
    let backoff = new Backoff();
    for (let item = this.#next(room, kind); item && !this.#isClosed; item = this.#next(room, kind)) {
      try {
        await this.#send(item);
        backoff = new Backoff();
      } catch (error) {
        const known = error instanceof ChatError ? error : new ChatError("invalid", String(error));
        if (this.#isClosed || this.#post.transport.connection.state === "closed") break;
        // A cancelled one is gone already.
        if (known.code === "aborted") continue;
        if (known.retryable) await this.#waitToRetry(lane, item, known, known.retryAfterMs ?? backoff.next());
        else this.#fail(item, known);
      }
    }
    this.#busy.delete(lane);
  }

  #next(room: string, kind: Kind): Item | undefined {
    return this.#items.find(({ message, kept }) => message.conversationId === room && message.state === "pending" && kindOf(kept) === kind);
  }

  /** A text that was written before it, and is not sent yet. */
  #textBefore(item: Item): Item | undefined {
    const text = this.#next(item.message.conversationId, "text");
    return text && this.#items.indexOf(text) < this.#items.indexOf(item) ? text : undefined;
  }

  async #send(item: Item): Promise<void> {
    const { kept } = item;
    while (kept.uploaded.length < kept.files.length) await this.#upload(item);
    for (let text = this.#textBefore(item); text; text = this.#textBefore(item)) {
      const isGone = () => undefined;
      await text.then(isGone, isGone);
    }
    const { conversationId, content, clientId, replyTo, format, data } = item.message;
    const ok = await this.#post.transport.command(
      {
        type: "send",
        conversation_id: Number(conversationId),
        content,
        client_id: clientId,
        reply_to: replyTo === undefined ? undefined : Number(replyTo),
        format,
        meta: data,
        attachments: kept.uploaded.length > 0 ? kept.uploaded.map(({ id }) => Number(id)) : undefined,
      },
      { timeoutMs: Infinity, onSent: () => this.#tried(item) },
    );
    if (!this.#items.includes(item)) return;
    const createdAt = ok.ts === undefined ? item.message.createdAt : new Date(ok.ts);
    const sent = { id: String(ok.message_id), seq: ok.seq ?? Infinity, createdAt, attachments: kept.uploaded };
    item.change({ ...sent, state: "sent", progress: undefined });
    if (this.#post.willHear(conversationId)) {
      // It stays where it is until its event puts it into its place.
      item.resolve();
      this.#changed(conversationId);
    } else {
      this.#done(item, item.message);
    }
  }

  #tried(item: Item): void {
    item.kept.isTried = true;
    this.#post.changed(item.message.conversationId);
  }

  async #upload(item: Item): Promise<void> {
    const { kept } = item;
    const file = kept.files[kept.uploaded.length]!;
    const before = sizeOf(kept.files.slice(0, kept.uploaded.length));
    const total = sizeOf(kept.files);
    const tell = (loaded: number) => {
      const progress = { loaded: before + loaded, total };
      item.change({ progress });
      void attempt(() => item.onProgress?.(progress), (error) => this.#post.log("error", `onProgress failed: ${error}`, error));
      this.#post.changed(item.message.conversationId);
    };
    try {
      kept.uploaded.push(await this.#post.upload(file, tell, item.abort.signal));
    } catch (error) {
      if (error instanceof ChatError && !error.retryable) this.#blame(item, kept.uploaded.length, error);
      throw error;
    }
    this.#post.changed(item.message.conversationId);
  }

  #blame(item: Item, place: number, error: ChatError): void {
    item.change({ attachments: item.message.attachments.map((file, at) => (at === place ? { ...file, error } : file)) });
  }

  #done(item: Item, message: Message): void {
    item.kept.message = message;
    item.resolve();
    this.#remove(item);
  }

  #fail(item: Item, error: ChatError): void {
    const { code, message: text, ...detail } = error;
    item.kept.error = { code, text, detail };
    item.change({ state: "failed", error });
    item.reject(error);
    this.#changed(item.message.conversationId);
  }

  #remove(item: Item): void {
    this.#items = this.#items.filter((other) => other !== item);
    this.#changed(item.message.conversationId);
  }

  #changed(conversationId: string): void {
    this.#post.changed(conversationId);
    if (this.pending > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle = [];
  }

  async #waitToRetry(lane: string, item: Item, error: ChatError, ms: number): Promise<void> {
    item.change({ error, retryAt: new Date(Date.now() + ms) });
    this.#changed(item.message.conversationId);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#waitToRetrys.set(lane, () => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.#waitToRetrys.delete(lane);
    item.change({ error: undefined, retryAt: undefined });
    this.#changed(item.message.conversationId);
  }
}

function kindOf({ files }: Kept): Kind {
  return files.length > 0 ? "files" : "text";
}

function local(blob: Blob): LocalAttachment {
  const name = "name" in blob ? String(blob.name) : "file";
  return { id: "", name, mime: blob.type, size: blob.size, url: "", blob };
}

function sizeOf(files: Blob[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}
