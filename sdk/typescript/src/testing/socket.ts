/** Sockets of the double: they look like a browser's, and carry frames without a network. */
import type * as wire from "../wire.js";
import { UPLOAD_BYTES } from "./files.js";
import { headOf, type Log, Refused, type World } from "./world.js";

/** Conversations of one `ready`. */
const LISTED = 500;

type Command = { type?: string; ref?: string; conversation_id?: number; message_id?: number; [field: string]: unknown };

/** What the sockets of one server share. */
export interface Switchboard {
  readonly world: World;
  readonly open: Set<FakeSocket>;
  isOffline: boolean;
  /** Refusals for the next commands of a kind. */
  readonly refusals: { type: string; code: wire.ErrorCode; retryAfterMs?: number }[];
}

export class FakeSocket {
  readyState = 0;
  binaryType = "blob";
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  user = 0;
  readonly #board: Switchboard;
  #ref: string | undefined;
  #cursors: Record<string, string> = {};
  /** Conversations without a cursor begin where one was added to them. */
  #replaysAdded = false;

  constructor(board: Switchboard, protocols: string[]) {
    this.#board = board;
    const token = protocols.find((name) => name.startsWith("bearer."))?.slice("bearer.".length) ?? "";
    queueMicrotask(() => {
      if (board.isOffline) return this.end(1006);
      this.readyState = 1;
      board.open.add(this);
      this.onopen?.();
      const user = board.world.byToken(token);
      if (user === undefined) this.end(4001);
      else this.user = user;
    });
  }

  send(frame: string | Uint8Array): void {
    queueMicrotask(() => {
      if (this.readyState !== 1) return;
      if (typeof frame === "string") this.#take(JSON.parse(frame) as Command);
      else this.tell(this.#board.world.files.take(this.user, frame));
    });
  }

  close(code = 1000): void {
    queueMicrotask(() => this.end(code));
  }

  tell(frame: object): void {
    queueMicrotask(() => {
      if (this.readyState === 1) this.onmessage?.({ data: JSON.stringify(frame) });
    });
  }

  end(code: number): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#board.open.delete(this);
    this.onclose?.({ code, reason: "" });
  }

  #take(command: Command): void {
    const { type = "send", ref } = command;
    if (type === "hello") return this.#hello(command);
    if (type === "cursors") return this.#resumeFrom(command);
    if (type === "ping") return this.tell({ type: "pong", ref });
    const place = this.#board.refusals.findIndex((refusal) => refusal.type === type);
    try {
      if (place >= 0) throw this.#board.refusals.splice(place, 1)[0];
      this.tell({ type: "ok", ref, ...this.#do(type, command) });
    } catch (error) {
      const { code, retryAfterMs } = error as { code: wire.ErrorCode; retryAfterMs?: number };
      const retry = ["rate_limited", "unavailable", "internal"].includes(code);
      this.tell({ type: "error", ref, message: code, code, retry, retry_after_ms: retryAfterMs });
    }
  }

  #hello({ ref, added, ...first }: Command): void {
    this.#ref = ref;
    this.#cursors = {};
    this.#replaysAdded = added === "replay";
    this.#resumeFrom(first);
  }

  /** `ready` comes when there are no more cursors. */
  #resumeFrom({ cursors = {}, more_cursors: hasMore = false }: Command): void {
    const { world } = this.#board;
    Object.assign(this.#cursors, cursors);
    if (hasMore) return;
    const mine = [...world.logs.values()].filter((log) => log.members.has(this.user));
    this.tell({
      type: "ready",
      ref: this.#ref,
      session_id: "test",
      user: world.account(this.user),
      heartbeat_ms: 25_000,
      server_time: Date.now(),
      limits: { content_chars: 4000, content_bytes: 16384, frame_bytes: 65536, replay_events: 10000, upload_bytes: UPLOAD_BYTES, attachments: 10, push: false },
      conversations: mine.slice(0, LISTED).map((log) => world.stateFor(log, this.user)),
      more: mine.length > LISTED,
    });
    for (const log of mine) {
      const cursor = this.#cursors[log.state.id];
      if (cursor !== undefined) this.#replay(log, Number.parseInt(cursor, 10));
      else if (this.#replaysAdded) this.#replay(log, addedAfter(log, this.user));
    }
  }

  /** Takes part in one more. */
  begin(log: Log): void {
    this.tell({ type: "conversation", ...this.#board.world.stateFor(log, this.user) });
    if (this.#replaysAdded) this.#replay(log, addedAfter(log, this.user));
  }

  #replay(log: Log, from: number): void {
    const conversation_id = log.state.id;
    const events = log.events.slice(from);
    if (events.length > 0) this.tell({ type: "replay", conversation_id, events, head: headOf(log) });
    this.tell({ type: "caught_up", conversation_id, seq: log.events.length });
  }

  #do(type: string, command: Command): object {
    if (["auth", "presence", "subscribe", "unsubscribe"].includes(type)) return {};
    const { world } = this.#board;
    const upload = Number(command.upload_id);
    if (type === "upload_begin") return world.files.begin(this.user, command as unknown as wire.UploadBeginCommand);
    if (type === "upload_commit") return world.files.commit(this.user, upload);
    if (type === "upload_abort") return world.files.abort(this.user, upload);
    const log = world.log(command.conversation_id ?? 0, this.user);
    const id = command.message_id ?? 0;
    const on = command.op === "add";
    switch (type) {
      case "send": {
        const { message, duplicate } = world.send(log, this.user, command as Partial<wire.SendCommand>);
        return { ...placeOf(message), message_id: message.id, client_id: message.client_id, duplicate };
      }
      case "edit": {
        const event = world.edit(log, this.user, id, String(command.content), command.if_version as number | undefined);
        return { ...placeOf(event), version: event.version };
      }
      case "delete":
        return placeOf(world.delete(log, this.user, id));
      case "react":
        return placeOf(world.react(log, this.user, id, String(command.emoji), on));
      case "pin":
        return placeOf(world.pin(log, this.user, id, on));
      case "read":
      case "ack":
        return this.#mark(log, Number(command.seq), type === "read");
      case "typing":
        this.#toOthers(log, { type, user_id: this.user, username: world.people.get(this.user)!.username, on: command.on });
        return {};
      default:
        throw new Refused("unknown_type");
    }
  }

  #mark(log: Log, upTo: number, isRead: boolean): object {
    const { world } = this.#board;
    const seq = Math.min(upTo, log.events.length);
    log.delivered.set(this.user, Math.max(seq, log.delivered.get(this.user) ?? 0));
    if (isRead) log.read.set(this.user, Math.max(seq, log.read.get(this.user) ?? 0));
    const { unread, mentions, head } = world.stateFor(log, this.user);
    for (const socket of this.#board.open) {
      if (log.members.has(socket.user)) socket.tell({ type: "receipt", ...world.receipt(log, this.user) });
      if (isRead && socket.user === this.user) {
        socket.tell({ type: "unread", conversation_id: log.state.id, head, unread, mentions });
      }
    }
    return {};
  }

  #toOthers(log: Log, frame: object): void {
    for (const socket of this.#board.open) {
      if (socket.user !== this.user && log.members.has(socket.user)) socket.tell({ ...frame, conversation_id: log.state.id });
    }
  }
}

/** The position before the event with which somebody was added; 0 for those who were there from the first. */
function addedAfter({ events }: Log, user: number): number {
  return Math.max(0, events.findLastIndex((event) => event.type === "participant_added" && event.user_id === user));
}

function placeOf(event: wire.Event | wire.Message | undefined): object {
  return event ? { seq: event.seq, stamp: event.stamp, ts: event.ts } : { duplicate: true };
}
