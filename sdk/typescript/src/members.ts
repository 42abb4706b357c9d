/** Who takes part in a conversation, and how far each has come: what the ticks of one's own messages say. */
import type * as api from "./api.js";
import type { People } from "./people.js";
import type * as wire from "./wire.js";

export type MemberEvent = wire.ParticipantAddedFrame | wire.ParticipantRemovedFrame | wire.ParticipantUpdatedFrame;

export class Members {
  members: readonly api.Member[] = [];
  readonly #people: People;
  readonly #me: () => string | undefined;
  readonly #receipts = new Map<string, { delivered: number; read: number }>();

  constructor(people: People, me: () => string | undefined) {
    this.#people = people;
    this.#me = me;
  }

  /** Everybody, and how far they have come. */
  set(members: readonly api.Member[]): void {
    for (const { id, deliveredSeq, readSeq } of members) {
      if (id !== this.#me()) this.#receipts.set(id, { delivered: deliveredSeq, read: readSeq });
    }
    this.members = members;
  }

  take({ type, user_id, role }: MemberEvent): void {
    const userId = String(user_id);
    if (type === "participant_updated") {
      this.members = this.members.map((member) => (member.id === userId ? { ...member, role } : member));
      return;
    }
    const others = this.members.filter(({ id }) => id !== userId);
    const isNew = type === "participant_added" && others.length > 0;
    const user = this.#people.get(userId)!;
    this.members = isNew ? [...others, { ...user, role, deliveredSeq: 0, readSeq: 0 }] : others;
  }

  /** What of a receipt is news; nothing if nothing is. */
  hear(userId: string, { delivered_seq, read_seq }: wire.Receipt): { delivered?: number; read?: number } {
    const { delivered, read } = this.#receipts.get(userId) ?? { delivered: 0, read: 0 };
    const news = {
      delivered: delivered_seq > delivered ? delivered_seq : undefined,
      read: read_seq > read ? read_seq : undefined,
    };
    if (!news.delivered && !news.read) return {};
    const now = { delivered: news.delivered ?? delivered, read: news.read ?? read };
    this.#receipts.set(userId, now);
    this.members = this.members.map((member) =>
      member.id === userId ? { ...member, deliveredSeq: now.delivered, readSeq: now.read } : member,
    );
    return news;
  }

  /** One's own messages show how far others have come. */
  withDelivery(message: api.Message): api.Message {
    if (message.senderId !== this.#me()) return message;
    let state: api.Message["state"] = "sent";
    for (const { delivered, read } of this.#receipts.values()) {
      if (read >= message.seq) state = "read";
      else if (delivered >= message.seq && state === "sent") state = "delivered";
    }
    return state === message.state ? message : { ...message, state };
  }
}
