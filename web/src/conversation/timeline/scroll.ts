// Where the reader is in the timeline. The scroller lays its list out from the bottom (`column-reverse`), so
// `scrollTop` is 0 at the newest message and negative above it; older pages then grow upwards and move nothing.

/** A row, and how far its top is below the scroller's. */
export interface Anchor {
  seq: number;
  offset: number;
}

/** This close to the end, new messages keep the reader there. */
export const STICKY_PX = 100;
/** This close to the end of what is loaded, the next page is fetched. */
export const AHEAD_PX = 1200;

export function fromEnd(scroller: HTMLElement): number {
  return -scroller.scrollTop;
}

export function fromStart(scroller: HTMLElement): number {
  return scroller.scrollHeight - scroller.clientHeight + scroller.scrollTop;
}

function rows(scroller: HTMLElement): HTMLElement[] {
  return [...scroller.querySelectorAll<HTMLElement>('li[data-seq]')];
}

/** The first of the rows, in their order, for which `is` holds; they are sorted by place, so it is searched for in halves. */
function firstWhere(all: readonly HTMLElement[], is: (box: DOMRect) => boolean): number {
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (is(all[middle]!.getBoundingClientRect())) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The first row that begins in sight, or else the one that fills it. */
export function anchorOf(scroller: HTMLElement): Anchor | undefined {
  const { top, bottom } = scroller.getBoundingClientRect();
  const all = rows(scroller);
  const at = firstWhere(all, (box) => box.top >= top);
  const row = all[at] && all[at].getBoundingClientRect().top < bottom ? all[at] : all[at - 1];
  return row && { seq: Number(row.dataset.seq), offset: row.getBoundingClientRect().top - top };
}

/** The position of the last row that is wholly in sight; a row taller than the view counts when its end is. */
export function lastSeen(scroller: HTMLElement): number | undefined {
  const { top, bottom } = scroller.getBoundingClientRect();
  const all = rows(scroller);
  const row = all[firstWhere(all, (box) => box.bottom > bottom + 1) - 1];
  if (!row || row.getBoundingClientRect().bottom < top) return undefined;
  return Number(row.dataset.seq);
}

/** Puts a row back where it was. False if it is not there. */
export function restore(scroller: HTMLElement, { seq, offset }: Anchor): boolean {
  const row = scroller.querySelector(`li[data-seq="${seq}"]`);
  if (!row) return false;
  const moved = row.getBoundingClientRect().top - scroller.getBoundingClientRect().top - offset;
  // The browser rounds to pixels, and a scroll that changes nothing would stop a finger's momentum.
  if (Math.abs(moved) >= 1) scroller.scrollTop += moved;
  return true;
}

const positions = new Map<string, Anchor>();

/** The place where a conversation was left, for as long as the page lives; none means: at the end. */
export function leftAt(conversationId: string): Anchor | undefined {
  return positions.get(conversationId);
}

export function leave(conversationId: string, anchor: Anchor | undefined): void {
  if (anchor) positions.set(conversationId, anchor);
  else positions.delete(conversationId);
}
