/**
 * Tabs of one browser share the sockets that a user may have. One of them, which holds a lock, always has its own:
 * it counts and notifies while nobody looks. Any other gives its socket up a minute after it was hidden, and takes
 * one again when it is shown. If the server has no room for a tab that is looked at, the one that was not used for
 * longest makes room.
 */
import type { Connection } from "./api.js";
import { ChatError } from "./errors.js";
import type { Transport } from "./transport.js";
import { subjectOf } from "./token.js";

const HIDDEN_MS = 60_000;
/** For the other tabs to say when they were used. */
const OFFERS_MS = 300;
const YIELD_MS = 200;
const USES = ["focus", "pointerdown", "keydown"] as const;

interface Word {
  /** `room?` is asked by a tab that was refused, each answers with an `offer`, and one of them is told to `yield`. */
  say: "room?" | "offer" | "yield" | "yielded";
  from: string;
  to?: string;
  usedAt?: number;
}

export class Tabs {
  readonly #transport: Transport;
  readonly #off = new AbortController();
  readonly #id = String(Math.random());
  readonly #channel?: BroadcastChannel;
  #isLeader = false;
  #release = () => {};
  #usedAt = Date.now();
  #timer?: ReturnType<typeof setTimeout>;
  #offers: Word[] = [];
  #collecting?: ReturnType<typeof setTimeout>;

  constructor(transport: Transport, base: string) {
    this.#transport = transport;
    if (!navigator.locks || typeof BroadcastChannel === "undefined") return;
    const { signal } = this.#off;
    const scope = `${base}|${subjectOf(transport.token) ?? ""}`;
    const keep = () => {
      this.#isLeader = true;
      this.#transport.check();
      return new Promise<void>((resolve) => (this.#release = resolve));
    };
    navigator.locks.request(`chinwag-awake-${scope}`, { signal }, keep).catch(() => {});
    this.#channel = new BroadcastChannel(`chinwag-tabs-${scope}`);
    this.#channel.onmessage = ({ data }) => this.#heard(data as Word);
    document.addEventListener("visibilitychange", () => this.#onVisibility(), { signal });
    for (const use of USES) addEventListener(use, () => this.#used(), { signal, capture: true, passive: true });
  }

  onConnection({ state, error }: Connection): void {
    if (!this.#channel) return;
    this.#onVisibility();
    if (state !== "reconnecting" || error?.code !== "too_many_sockets" || this.#isLeader) return;
    if (document.hidden) return this.#transport.sleep();
    if (this.#collecting !== undefined) return;
    this.#offers = [];
    this.#say({ say: "room?" });
    this.#collecting = setTimeout(() => this.#choose(), OFFERS_MS);
  }

  close(): void {
    this.#off.abort();
    this.#release();
    clearTimeout(this.#timer);
    clearTimeout(this.#collecting);
    this.#channel?.close();
  }

  #onVisibility(): void {
    clearTimeout(this.#timer);
    if (!document.hidden) return;
    this.#timer = setTimeout(() => {
      if (document.hidden && !this.#isLeader) this.#transport.sleep();
    }, HIDDEN_MS);
  }

  #used(): void {
    this.#usedAt = Date.now();
    if (this.#transport.connection.state === "asleep") this.#transport.check();
  }

  #choose(): void {
    this.#collecting = undefined;
    const [oldest] = this.#offers.sort((one, other) => one.usedAt! - other.usedAt!);
    if (oldest) this.#say({ say: "yield", to: oldest.from });
  }

  #heard({ say, from, to, usedAt }: Word): void {
    if (to !== undefined && to !== this.#id) return;
    if (say === "offer") this.#offers.push({ say, from, usedAt });
    else if (say === "yielded") this.#transport.check();
    else if (!this.#transport.isOnline || this.#isLeader) return;
    else if (say === "room?") this.#say({ say: "offer", to: from, usedAt: document.hidden ? 0 : this.#usedAt });
    else {
      this.#transport.sleep(new ChatError("too_many_sockets", "another tab needed the place"));
      // The server has to hear of it first.
      setTimeout(() => this.#say({ say: "yielded", to: from }), YIELD_MS);
    }
  }

  #say(word: Omit<Word, "from">): void {
    this.#channel?.postMessage({ ...word, from: this.#id });
  }
}
