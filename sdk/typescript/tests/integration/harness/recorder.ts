/**
 * Writes down what the sockets of clients carried, and what the clients told the application, for `chinwag check`:
 * one JSON line for each part, as docs/sdk.md describes them. Nothing is dropped, sorted or repaired.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";

import type { ChatClient, Message, Room } from "../../../src/index.js";
import { BINARY, type Person, type Server } from "./server.js";

type Frame = Record<string, unknown> & { type: string; conversation_id: number; seq: number; stamp: string };

interface Stretch {
  record: "session";
  attach: number;
  device: number;
  user: number;
  conversation: number;
  messages_only?: boolean;
  after: number;
  deliveries: unknown[];
  settled?: number;
  discontinued?: boolean;
}

export class Recorder {
  readonly #lines: unknown[] = [];
  #judged = new Set<number>();
  readonly #begun = process.hrtime.bigint();
  /** The newest stretch of each device and conversation. */
  readonly #newest = new Map<string, Stretch>();
  readonly #stamps = new Map<string, string>();
  readonly #told: { client: number; person: Person; conversation: number; events: Message[] }[] = [];
  #attach = 0;
  #device = 0;

  now(): number {
    return Number(process.hrtime.bigint() - this.#begun);
  }

  /** A class of sockets for one client, which is one device. */
  socketsOf(person: Person): typeof globalThis.WebSocket {
    const device = ++this.#device;
    const begin = () => new Tape(this, person, device, ++this.#attach);
    class Recorded extends WebSocket {
      tape?: Tape = begin();

      constructor(url: string, protocols?: string[]) {
        super(url, protocols);
        this.on("message", (data) => this.tape?.heard(JSON.parse(String(data)) as Frame));
      }

      override send(data: never): void {
        this.tape?.said(JSON.parse(String(data)) as Frame);
        super.send(data);
      }

      override close(code?: number): void {
        // What comes after the client has left this socket is nobody's.
        this.tape = undefined;
        super.close(code);
      }
    }
    return Recorded as unknown as typeof globalThis.WebSocket;
  }

  write(line: unknown): void {
    this.#lines.push(line);
  }

  begin(stretch: Stretch): void {
    this.#lines.push(stretch);
    this.#newest.set(`${stretch.device} ${stretch.conversation}`, stretch);
  }

  stamp({ conversation_id, seq, stamp }: Frame): void {
    this.#stamps.set(`${conversation_id} ${seq}`, stamp);
  }

  /** What the client tells the application of this room: every message once, in order, over all reconnects. */
  listen(room: Room, person: Person): void {
    const told = { client: ++this.#device, person, conversation: Number(room.id), events: [] as Message[] };
    room.on("message", ({ message }) => told.events.push(message));
    this.#told.push(told);
  }

  /** Everybody has everything: writes down the logs, and what each client shows in the end. */
  async finish(server: Server, person: Person, conversations: string[], clients: ChatClient[]): Promise<void> {
    this.#judged = new Set(conversations.map(Number));
    for (const id of conversations) {
      const events: Frame[] = [];
      for (let more = true; more; ) {
        const last = events.at(-1);
        const after = last ? `${last.seq}.${last.stamp}` : "0";
        const path = `/conversations/${id}/events?limit=1000&after=${after}`;
        const page = await server.call<{ events: Frame[]; more: boolean }>(person, "GET", path);
        events.push(...page.events);
        more = page.more;
      }
      const conversation = Number(id);
      const people = await server.call<{ id: number }[]>(person, "GET", `/conversations/${id}/participants`);
      this.#lines.push({ record: "participants", conversation, users: people.map((one) => one.id) });
      this.#lines.push({ record: "log", conversation, events });
      const head = events.at(-1)?.seq ?? 0;
      for (const [key, stretch] of this.#newest) if (key.endsWith(` ${id}`)) stretch.settled = head;
      this.#tell(conversation, head);
      const page = await server.call<Record<string, unknown>[]>(person, "GET", `/conversations/${id}/messages`);
      this.#believe("the server", id, page.map(shownByServer));
      clients.forEach((client, place) => {
        this.#believe(`client ${place}`, id, client.room(id).getSnapshot().messages.map(shownByClient));
      });
    }
  }

  #tell(conversation: number, settled: number): void {
    for (const { client, person, events } of this.#told.filter((told) => told.conversation === conversation)) {
      const deliveries = events.map(({ id, seq, senderId, content, deletedAt }) => ({
        type: "message",
        id: Number(id),
        conversation_id: conversation,
        seq,
        stamp: this.#stamps.get(`${conversation} ${seq}`),
        sender_id: Number(senderId),
        content,
        deleted: deletedAt !== undefined,
      }));
      this.#lines.push({
        record: "session",
        attach: ++this.#attach,
        device: client,
        user: person.id,
        conversation,
        messages_only: true,
        after: 0,
        deliveries,
        settled,
      });
    }
  }

  #believe(observer: string, conversation: string, shown: [id: string, value: string][]): void {
    for (const [id, value] of shown) {
      this.#lines.push({ record: "belief", observer, subject: `message ${id} of conversation ${conversation}`, value });
    }
  }

  get attempts(): number {
    return this.#lines.filter((line) => (line as { record: string }).record === "attempt").length;
  }

  /** What the checker says; throws if a promise was broken. */
  judge(): { claims: { kept: boolean; faults: object; notes: string[] }[] } {
    const folder = mkdtempSync(join(tmpdir(), "chinwag-history-"));
    const file = join(folder, "history.jsonl");
    // The sample has conversations of its own, of which nothing else is written down.
    const lines = this.#lines.filter((line) => {
      const { conversation } = line as { conversation?: number };
      return conversation === undefined || this.#judged.has(conversation);
    });
    writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    try {
      return JSON.parse(execFileSync(BINARY, ["check", "--history", file, "--json"], { encoding: "utf8" }));
    } catch (error) {
      throw new Error(`the checker found faults: ${(error as { stdout?: string }).stdout}`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}

/** What one socket carried. */
class Tape {
  readonly #recorder: Recorder;
  readonly #person: Person;
  readonly #device: number;
  readonly #attach: number;
  readonly #attempts = new Map<string, Record<string, unknown>>();
  readonly #stretches = new Map<number, Stretch>();
  #cursors: Record<string, string> = {};

  constructor(recorder: Recorder, person: Person, device: number, attach: number) {
    this.#recorder = recorder;
    this.#person = person;
    this.#device = device;
    this.#attach = attach;
  }

  said(frame: Frame): void {
    if (frame.type === "hello") this.#cursors = frame.cursors as Record<string, string>;
    if (!["send", "edit", "delete", "react", "pin"].includes(frame.type)) return;
    const { client_id, content } = frame;
    const attempt = {
      record: "attempt",
      attach: this.#attach,
      user: this.#person.id,
      conversation: frame.conversation_id,
      ...(frame.type === "send" ? { client_id, content } : {}),
      invoked: this.#recorder.now(),
    };
    this.#attempts.set(String(frame.ref), attempt);
    this.#recorder.write(attempt);
  }

  heard(frame: Frame): void {
    const id = frame.conversation_id;
    switch (frame.type) {
      case "ready":
        for (const { id, head } of frame.conversations as { id: number; head: string }[]) {
          this.#begin(id, this.#cursors[id] ?? head);
        }
        return;
      case "replay":
        for (const event of frame.events as Frame[]) this.#deliver(event);
        return;
      case "gap": {
        const stretch = this.#stretches.get(id);
        if (stretch) stretch.discontinued = true;
        return this.#begin(id, String(frame.head));
      }
      case "receipt": {
        const { user_id: user, read_seq: read } = frame;
        return this.#recorder.write({ record: "mark", attach: this.#attach, conversation: id, user, read });
      }
      case "ok":
        return this.#answered(frame);
      case "error": {
        const attempt = this.#attempts.get(String(frame.ref));
        if (attempt) attempt.refused = true;
        return;
      }
      default:
        if (frame.seq && frame.stamp) this.#deliver(frame);
    }
  }

  #answered({ ref, seq, stamp, message_id }: Frame): void {
    const attempt = this.#attempts.get(String(ref));
    // Reacting twice stores nothing the second time.
    if (attempt && stamp) attempt.stored = { at: this.#recorder.now(), seq, stamp, message_id };
    else if (attempt) attempt.refused = true;
  }

  #begin(conversation: number, cursor: string): void {
    const after = Number.parseInt(cursor, 10);
    const stretch: Stretch = {
      record: "session",
      attach: this.#attach,
      device: this.#device,
      user: this.#person.id,
      conversation,
      after,
      deliveries: [],
    };
    this.#stretches.set(conversation, stretch);
    this.#recorder.begin(stretch);
  }

  #deliver(event: Frame): void {
    this.#recorder.stamp(event);
    this.#stretches.get(event.conversation_id)?.deliveries.push(event);
  }
}

function shownByServer(message: Record<string, unknown>): [string, string] {
  const reactions = (message.reactions ?? []) as { emoji: string; user_ids: number[] }[];
  const all = reactions.flatMap(({ emoji, user_ids }) => user_ids.map((user) => `${emoji}${user}`));
  return [String(message.id), shown(String(message.content), message.deleted === true, all)];
}

function shownByClient({ id, content, deletedAt, reactions }: Message): [string, string] {
  const all = Object.entries(reactions).flatMap(([emoji, users]) => users.map((user) => `${emoji}${user}`));
  return [id, shown(content, deletedAt !== undefined, all)];
}

function shown(content: string, isDeleted: boolean, reactions: string[]): string {
  return `${isDeleted ? "deleted" : content} ${reactions.sort().join(" ")}`;
}
