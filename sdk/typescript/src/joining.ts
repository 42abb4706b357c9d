/**
 * Coming into a room and going out of it.
 *
 *     left → joining → live ⇄ catching_up;  left again after the last `leave`
 *
 * A large room is subscribed to as long as somebody is in it: else the server sends only counts.
 */
import type * as api from "./api.js";
import type { Core } from "./core.js";
import { ChatError } from "./errors.js";
import { aborted } from "./rest.js";
import type { Timeline } from "./timeline.js";

/** What it needs of its room. */
export interface Joined {
  readonly id: string;
  readonly have?: string;
  readonly isLarge: boolean;
  readonly timeline: Timeline;
  load(what: "latest"): Promise<void>;
  loadAround(): Promise<void>;
  onLeft(): void;
  onState(state: api.RoomState, error?: ChatError): void;
}

export class Joining {
  state: api.RoomState = "left";
  error?: ChatError;
  readonly #room: Joined;
  readonly #core: Core;
  #joins = 0;
  #entering?: Promise<void>;
  #isSubscribed = false;

  constructor(room: Joined, core: Core) {
    this.#room = room;
    this.#core = core;
  }

  get isJoined(): boolean {
    return this.#joins > 0;
  }

  async join(): Promise<void> {
    this.#joins++;
    await (this.#entering ??= this.#enter());
  }

  leave(): void {
    if (this.#joins === 0 || --this.#joins > 0) return;
    this.#entering = undefined;
    this.#room.onLeft();
    if (this.#isSubscribed) this.#core.transport.signal({ type: "unsubscribe", conversation_id: Number(this.#room.id) });
    this.#isSubscribed = false;
    this.#set("left");
  }

  /** Left by nobody's wish. */
  end(error: ChatError): void {
    this.#joins = 0;
    this.#entering = undefined;
    this.#set("left", error);
  }

  onLost(): void {
    this.#isSubscribed = false;
    if (this.state === "live") this.#set("catching_up");
  }

  onCaughtUp(): void {
    if (this.isJoined && this.state === "catching_up") this.refresh();
  }

  /** If this fails, there is another connection to catch up with. */
  refresh(): void {
    const live = () => this.state === "catching_up" && this.#set("live");
    this.#fill().then(live, (error) => this.#core.log("warn", String(error), error));
  }

  async #enter(): Promise<void> {
    this.#set("joining");
    for (;;) {
      try {
        await this.#core.whenOnline();
        await this.#fill();
        await this.#room.loadAround();
        break;
      } catch (error) {
        if (!this.isJoined) throw aborted();
        if (!(error instanceof ChatError) || !error.retryable) {
          this.end(error as ChatError);
          throw error;
        }
        await this.#core.pause(error.retryAfterMs);
      }
    }
    if (this.isJoined) this.#set("live");
  }

  /** Whatever is missing to show the newest messages, and to hear of the next. */
  async #fill(): Promise<void> {
    await this.#subscribeIfLarge();
    if (!this.#room.timeline.isLoaded) await this.#room.load("latest");
  }

  async #subscribeIfLarge(): Promise<void> {
    const { id, have, isLarge } = this.#room;
    if (this.#isSubscribed || !isLarge) return;
    await this.#core.transport.command({ type: "subscribe", conversation_id: Number(id), after: have });
    this.#isSubscribed = true;
  }

  #set(state: api.RoomState, error?: ChatError): void {
    if (state === this.state && error === this.error) return;
    this.state = state;
    this.error = error;
    this.#room.onState(state, error);
  }
}
