// The rows of the timeline from the messages in its window: days, the mark of what is new, system lines,
// and which messages of one sender belong together. Rows that stay the same keep their identity, so only
// the neighbours of a change are drawn again.

/** What the timeline needs of a message. */
export interface Placed {
  id: string;
  clientId?: string;
  senderId: string;
  seq: number;
  createdAt: Date;
}

/** A change of the conversation or of its people, shown as a line. */
export interface Happening {
  seq: number;
  at: Date;
}

export type Entry<M extends Placed, H extends Happening> =
  | { kind: 'day'; key: string; date: Date }
  | { kind: 'unread'; key: 'unread' }
  | { kind: 'happening'; key: string; happening: H }
  | { kind: 'message'; key: string; message: M; isFirst: boolean; isLast: boolean };

export interface Marks {
  /** The mark stands before the first message of others after this position; it stays for the visit. */
  unreadAfterSeq?: number | undefined;
  meId: string;
  /**
   * There are older messages than these. The first one then only tells how the second one stands, and gets no
   * row: a row must not change its height when older ones come above it, or what is read would move.
   */
  hasOlder?: boolean;
}

const GROUP_MS = 5 * 60_000;

/** The same for the optimistic row and for the stored message, so the row's element stays. */
export function keyOf({ id, clientId, senderId }: Placed): string {
  return clientId ? `${senderId}:${clientId}` : id;
}

export function entriesOf<M extends Placed, H extends Happening>(
  messages: readonly M[], happenings: readonly H[], { unreadAfterSeq, meId, hasOlder = false }: Marks, before: readonly Entry<M, H>[] = [],
): Entry<M, H>[] {
  const entries: Entry<M, H>[] = [];
  const kept = new Map(before.map((entry) => [entry.key, entry]));
  const push = (entry: Entry<M, H>) => {
    const old = kept.get(entry.key);
    entries.push(old && isSame(old, entry) ? old : entry);
  };

  let day = '';
  let isMarked = unreadAfterSeq === undefined;
  let group: Extract<Entry<M, H>, { kind: 'message' }> | undefined;
  const unseen = hasOlder && messages.length > 1 ? messages[0] : undefined;
  const close = (isLast = true) => {
    if (group && group.message !== unseen) push({ ...group, isLast });
    group = undefined;
  };
  const dayOf = (date: Date) => {
    const found = dayKey(date);
    if (found === day) return;
    close();
    day = found;
    if (date !== unseen?.createdAt) push({ kind: 'day', key: `day ${found}`, date });
  };

  for (const item of inOrder(messages, happenings)) {
    if ('happening' in item) {
      dayOf(item.happening.at);
      close();
      push({ kind: 'happening', key: `happening ${item.happening.seq}`, happening: item.happening });
      continue;
    }
    const { message } = item;
    dayOf(message.createdAt);
    if (!isMarked && message.seq > unreadAfterSeq! && message.senderId !== meId) {
      close();
      isMarked = true;
      if (message !== unseen) push({ kind: 'unread', key: 'unread' });
    }
    const isFirst = !group || !belongTogether(group.message, message);
    close(isFirst);
    group = { kind: 'message', key: keyOf(message), message, isFirst, isLast: false };
  }
  close();
  return entries;
}

type Item<M, H> = { message: M } | { happening: H };

/** Messages are in order already; the position of those that wait to be sent is infinite. */
function* inOrder<M extends Placed, H extends Happening>(messages: readonly M[], happenings: readonly H[]): Iterable<Item<M, H>> {
  const first = messages[0]?.seq ?? 0;
  // What happened before the window belongs to messages that are not shown.
  let next = happenings.findIndex(({ seq }) => seq > first || first === Infinity);
  if (next < 0) next = happenings.length;
  for (const message of messages) {
    while (next < happenings.length && happenings[next]!.seq < message.seq) yield { happening: happenings[next++]! };
    yield { message };
  }
  while (next < happenings.length) yield { happening: happenings[next++]! };
}

function belongTogether(one: Placed, next: Placed): boolean {
  return one.senderId === next.senderId && next.createdAt.getTime() - one.createdAt.getTime() < GROUP_MS;
}

function dayKey(date: Date): string {
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

function isSame<M extends Placed, H extends Happening>(one: Entry<M, H>, other: Entry<M, H>): boolean {
  if (one.kind !== other.kind) return false;
  switch (one.kind) {
    case 'message':
      return other.kind === 'message' && one.message === other.message && one.isFirst === other.isFirst && one.isLast === other.isLast;
    case 'happening':
      return other.kind === 'happening' && one.happening === other.happening;
    default:
      return true;
  }
}
