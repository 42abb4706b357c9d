/** The rule of the log: what to do with a durable frame, by what one has. Pure. */

/** A place in a log: `"41.k3v9x2ab"`, or `"0"` before the first event. */
export type Cursor = string;

export function position(cursor: Cursor): number {
  return Number.parseInt(cursor, 10);
}

export function cursorOf(event: { seq: number; stamp: string }): Cursor {
  return `${event.seq}.${event.stamp}`;
}

/**
 * - `apply`: it is the next one.
 * - `drop`: one has it.
 * - `broken`: events are missing, which cannot happen unless something is broken: resume from the cursor.
 *
 * Without a cursor one has nothing to miss: any event is the first.
 */
export function judge(have: Cursor | undefined, seq: number): "apply" | "drop" | "broken" {
  if (have === undefined) return "apply";
  const last = position(have);
  if (seq <= last) return "drop";
  return seq === last + 1 ? "apply" : "broken";
}
