/** How far a room was read, and how much of it was not: the server's counts up to a position, and what came since. */
import type * as api from "./api.js";
import type { Core } from "./core.js";
import { ChatError } from "./errors.js";
import type { Info } from "./info.js";
import { position } from "./log.js";
import type * as wire from "./wire.js";

/** What it needs of its room. */
interface Counted {
  readonly info?: Info;
  changed(): void;
  command(frame: { type: string; [field: string]: unknown }): Promise<unknown>;
}

export class Reading {
  readonly #room: Counted;
  readonly #core: Core;
  /** Up to here the counts of the server hold. */
  #countedSeq = 0;
  /** How far it was read here, whether the server knows or not. */
  #wantedRead = 0;

  constructor(room: Counted, core: Core) {
    this.#room = room;
    this.#core = core;
  }

  /** The counts of the server itself hold up to its head. */
  assign({ head }: wire.ConversationState): void {
    this.#countedSeq = position(head);
  }

  hear({ head, unread, mentions }: wire.UnreadFrame): void {
    const { info } = this.#room;
    const seq = position(head);
    this.#countedSeq = Math.max(this.#countedSeq, seq);
    if (info) Object.assign(info, { unread, mentions, headSeq: Math.max(info.headSeq, seq) });
  }

  isCounted(seq: number): boolean {
    return seq <= this.#countedSeq;
  }

  /** An event at `seq` adds a message to what is unread, or takes it out. */
  count(seq: number, message: api.Message | undefined, by: 1 | -1): void {
    const { info } = this.#room;
    const { me } = this.#core;
    if (!info || this.isCounted(seq) || !message || message.deletedAt) return;
    if (message.senderId === me?.id || message.seq <= info.readSeq) return;
    info.unread = Math.max(0, info.unread + by);
    if (me && message.mentions.includes(me.username.toLowerCase())) info.mentions = Math.max(0, info.mentions + by);
  }

  async mark(seq: number): Promise<void> {
    const { info } = this.#room;
    if (info && seq > info.readSeq) {
      info.readSeq = seq;
      if (seq >= info.headSeq) Object.assign(info, { unread: 0, mentions: 0 });
      this.#countedSeq = Math.max(this.#countedSeq, seq >= info.headSeq ? seq : 0);
      this.#room.changed();
    }
    this.#wantedRead = Math.max(seq, this.#wantedRead);
    try {
      await this.#room.command({ type: "read", seq });
    } catch (error) {
      // It is told at the next connection; a client that was closed has none.
      if (!(error instanceof ChatError) || !(error.retryable || error.code === "aborted")) throw error;
    }
  }

  /** What was read while nobody could be told. */
  tellAgain({ read_seq }: wire.ConversationState): void {
    if (this.#wantedRead <= read_seq) return;
    this.mark(this.#wantedRead).catch((error) => this.#core.log("warn", String(error), error));
  }
}
