/** The rule of the log: what to do with a durable frame, by what one has. Pure. */
export function position(cursor) {
    return Number.parseInt(cursor, 10);
}
export function cursorOf(event) {
    return `${event.seq}.${event.stamp}`;
}
/**
 * - `apply`: it is the next one.
 * - `drop`: one has it.
 * - `broken`: events are missing, which cannot happen unless something is broken: resume from the cursor.
 *
 * Without a cursor one has nothing to miss: any event is the first.
 */
export function judge(have, seq) {
    if (have === undefined)
        return "apply";
    const last = position(have);
    if (seq <= last)
        return "drop";
    return seq === last + 1 ? "apply" : "broken";
}
