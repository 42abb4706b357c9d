// What a finger does with the rows of a list: a tap, a long press, a swipe to the side. Of one's own, since not
// every browser tells of a long press; mice and pens that hover have their buttons. Scrolling stays the browser's.

import type { Attachment } from 'svelte/attachments';

const HOLD_MS = 450;
/** A finger that lies still moves less. */
const STILL_PX = 10;
/** From here on a swipe counts. */
export const SWIPE_PX = 56;
const MOST_PX = 80;
/** At the edges of the screen swipes are the browser's, which goes back and forward with them. */
const EDGE_PX = 24;

export interface Fingers {
  /** The row that an element lies in. */
  rowOf: (target: Element) => HTMLElement | null;
  onhold: (row: HTMLElement, at: { x: number; y: number }) => void;
  ontap?: (row: HTMLElement) => void;
  onswipe?: (row: HTMLElement) => void;
}

interface Press {
  row: HTMLElement;
  pointerId: number;
  x: number;
  y: number;
  timer: ReturnType<typeof setTimeout> | undefined;
  state: 'still' | 'swiping' | 'held';
}

export function fingers({ rowOf, onhold, ontap, onswipe }: Fingers): Attachment<HTMLElement> {
  return (list) => {
    let press: Press | undefined;
    let isTouched = false;

    function end(): void {
      if (!press) return;
      clearTimeout(press.timer);
      press.row.style.removeProperty('translate');
      press.row.classList.remove('swiped');
      press = undefined;
    }

    function down(event: PointerEvent): void {
      end();
      isTouched = event.pointerType === 'touch';
      const target = event.target as Element;
      const row = isTouched && event.isPrimary ? rowOf(target) : null;
      if (!row) return;
      const { pointerId, clientX: x, clientY: y } = event;
      const own: Press = { row, pointerId, x, y, state: 'still', timer: undefined };
      own.timer = setTimeout(() => {
        own.state = 'held';
        swallowClick();
        onhold(row, { x, y });
      }, HOLD_MS);
      press = own;
    }

    function move(event: PointerEvent): void {
      if (press?.pointerId !== event.pointerId || press.state === 'held') return;
      const { row, x, y } = press;
      const [dx, dy] = [event.clientX - x, event.clientY - y];
      if (press.state === 'still') {
        if (Math.hypot(dx, dy) < STILL_PX) return;
        const isSideways = Math.abs(dx) > Math.abs(dy) * 1.5;
        const isInside = x > EDGE_PX && x < innerWidth - EDGE_PX;
        if (!onswipe || !isSideways || !isInside || scrollsSideways(event.target as Element, row)) return end();
        clearTimeout(press.timer);
        press.state = 'swiping';
      }
      row.style.translate = `${Math.max(-MOST_PX, Math.min(MOST_PX, dx))}px`;
      row.classList.toggle('swiped', Math.abs(dx) >= SWIPE_PX);
    }

    function up(event: PointerEvent): void {
      if (press?.pointerId !== event.pointerId) return;
      const { row, state, x } = press;
      const isFar = Math.abs(event.clientX - x) >= SWIPE_PX;
      end();
      if (state === 'swiping') swallowClick();
      if (state === 'swiping' && isFar) onswipe?.(row);
      else if (state === 'still' && !(event.target as Element).closest('a, button, audio, video')) ontap?.(row);
    }

    // Some browsers have their own menu for a long press. A mouse's is its own.
    function menu(event: Event): void {
      if (!isTouched) return;
      event.preventDefault();
      event.stopPropagation();
    }

    const stop = new AbortController();
    const { signal } = stop;
    list.addEventListener('pointerdown', down, { signal });
    list.addEventListener('pointermove', move, { signal });
    list.addEventListener('pointerup', up, { signal });
    list.addEventListener('pointercancel', end, { signal });
    list.addEventListener('contextmenu', menu, { signal, capture: true });
    return () => {
      end();
      stop.abort();
    };
  };
}

/**
 * A press that has been answered makes no click, neither where it began nor on what has come under the finger
 * meanwhile. The next press is another one.
 */
function swallowClick(): void {
  const over = new AbortController();
  const { signal } = over;
  addEventListener('pointerdown', () => over.abort(), { capture: true, signal });
  addEventListener(
    'click',
    (event) => {
      over.abort();
      event.preventDefault();
      event.stopPropagation();
    },
    { capture: true, signal },
  );
}

/** Code that is wider than the screen is scrolled by the same movement. */
function scrollsSideways(target: Element, row: Element): boolean {
  for (let at: Element | null = target; at && at !== row; at = at.parentElement) if (at.scrollWidth > at.clientWidth + 1) return true;
  return false;
}
