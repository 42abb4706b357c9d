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
  kind?: string;
  actorId?: string;
  userId?: string;
}

export type Entry<M extends Placed, H extends Happening> =
  | { kind: 'day'; key: string; date: Date }
  | { kind: 'unread'; key: string }
  | { kind: 'happening'; key: string; happenings: readonly H[] }
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
  /** There are newer messages than these: what happened after the last one belongs to them. */
  hasNewer?: boolean;
}

const GROUP_MS = 5 * 60_000;

/** The same for the optimistic row and for the stored message, so the row's element stays. */
export function keyOf({ id, clientId, senderId }: Placed): string {
  return clientId ? `${senderId}:${clientId}` : id;
}

export function entriesOf<M extends Placed, H extends Happening>(
  messages: readonly M[], happenings: readonly H[], { unreadAfterSeq, meId, hasOlder = false, hasNewer = false }: Marks, before: readonly Entry<M, H>[] = [],
): Entry<M, H>[] {
  const entries: Entry<M, H>[] = [];
  const kept = new Map(before.map((entry) => [entry.key, entry]));
  // A key comes from the place in the log, never from a time: clocks step back. Even so a sender's own id may
  // come again, long after it was used first.
  const used = new Set<string>();
  const push = (wanted: Entry<M, H>) => {
    let entry = wanted;
    while (used.has(entry.key)) entry = { ...entry, key: `${entry.key}'` };
    used.add(entry.key);
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
  let run: H[] = [];
  const closeRun = () => {
    if (run.length > 0) push({ kind: 'happening', key: `happening ${run[0]!.seq}`, happenings: run });
    run = [];
  };
  const dayOf = (date: Date, key: string) => {
    const found = dayOfYear(date);
    if (found === day) return;
    closeRun();
    close();
    day = found;
    if (date !== unseen?.createdAt) push({ kind: 'day', key: `day of ${key}`, date });
  };

  for (const item of inOrder(messages, happenings, hasOlder, hasNewer)) {
    if ('happening' in item) {
      const { happening } = item;
      dayOf(happening.at, `happening ${happening.seq}`);
      close();
      if (run[0] && !areAlike(run[0], happening)) closeRun();
      run.push(happening);
      continue;
    }
    closeRun();
    const { message } = item;
    dayOf(message.createdAt, keyOf(message));
    if (!isMarked && message.seq > unreadAfterSeq! && message.senderId !== meId) {
      close();
      isMarked = true;
      if (message !== unseen) push({ kind: 'unread', key: 'unread' });
    }
    const isFirst = !group || !belongTogether(group.message, message);
    close(isFirst);
    group = { kind: 'message', key: keyOf(message), message, isFirst, isLast: false };
  }
  closeRun();
  close();
  return entries;
}

type Item<M, H> = { message: M } | { happening: H };

/** Messages are in order already; the position of those that wait to be sent is infinite. */
function* inOrder<M extends Placed, H extends Happening>(
  messages: readonly M[], happenings: readonly H[], hasOlder: boolean, hasNewer: boolean,
): Iterable<Item<M, H>> {
  // What happened before the window belongs to messages that are not shown.
  const first = messages[0]?.seq ?? 0;
  let next = hasOlder && first < Infinity ? happenings.findIndex(({ seq }) => seq > first) : 0;
  if (next < 0) next = happenings.length;
  for (const message of messages) {
    while (next < happenings.length && happenings[next]!.seq < message.seq) yield { happening: happenings[next++]! };
    yield { message };
  }
  while (!hasNewer && next < happenings.length) yield { happening: happenings[next++]! };
}

/** Twenty people who were added at once are one line. */
function areAlike(one: Happening, next: Happening): boolean {
  if (one.kind !== next.kind || (one.kind !== 'added' && one.kind !== 'removed')) return false;
  const isByOneself = one.actorId === one.userId;
  return isByOneself ? next.actorId === next.userId : one.actorId === next.actorId && next.actorId !== next.userId;
}

function belongTogether(one: Placed, next: Placed): boolean {
  return one.senderId === next.senderId && Math.abs(next.createdAt.getTime() - one.createdAt.getTime()) < GROUP_MS;
}

function dayOfYear(date: Date): string {
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

function isSame<M extends Placed, H extends Happening>(one: Entry<M, H>, other: Entry<M, H>): boolean {
  if (one.kind !== other.kind) return false;
  switch (one.kind) {
    case 'message':
      return other.kind === 'message' && one.message === other.message && one.isFirst === other.isFirst && one.isLast === other.isLast;
    case 'happening':
      return other.kind === 'happening' && one.happenings.length === other.happenings.length && one.happenings.every((each, place) => each === other.happenings[place]);
    case 'day':
      return other.kind === 'day' && one.date.getTime() === other.date.getTime();
    default:
      return true;
  }
}
