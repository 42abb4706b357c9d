/** Who has been heard of, and who is here. */
import type { Presence, User } from "./api.js";
import { foldName } from "./text.js";
import type { PresenceFrame } from "./wire.js";

export class People {
  presence: Readonly<Record<string, Presence>> = {};
  readonly #users = new Map<string, User>();
  /** What their usernames are in lower case, by how they are compared. */
  readonly #names = new Map<string, string>();

  get(id: string): User | undefined {
    return this.#users.get(id);
  }

  learn(user: User): User {
    this.#users.set(user.id, user);
    this.#names.set(foldName(user.username), user.username.toLowerCase());
    return user;
  }

  readonly known = (name: string): string | undefined => this.#names.get(name);

  /** Only a name was told: better than nothing. */
  hear(id: string | number, username: string): void {
    const known = String(id);
    if (!this.#users.has(known)) this.learn({ id: known, username, name: username });
  }

  apply(frame: PresenceFrame): Presence {
    const { status, text, last_seen } = frame;
    const presence: Presence = {
      // Others see who is invisible as offline; oneself is here.
      status: status === "invisible" ? "offline" : status,
      text: text || undefined,
      lastSeen: last_seen === undefined ? undefined : new Date(last_seen),
    };
    this.presence = { ...this.presence, [String(frame.user_id)]: presence };
    return presence;
  }

  /** Without a connection nobody knows who is here; it is told anew on the next one. */
  forgetPresence(): void {
    this.presence = {};
  }
}
