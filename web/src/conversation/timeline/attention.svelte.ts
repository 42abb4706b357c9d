// Which row the pointer or the focus is at, where its actions show; and the keys that walk the rows.

import type { View } from '../view.svelte';

interface Surroundings {
  list: () => HTMLElement | undefined;
  /** Something is open that belongs to the row: it keeps it. */
  isHeld: () => boolean;
  /** Gives the focus to the composer. */
  onescape: () => void;
}

export class Attention {
  hoveredKey = $state<string>();
  focusedKey = $state<string>();
  readonly #here: View;
  readonly #around: Surroundings;

  constructor(here: View, around: Surroundings) {
    this.#here = here;
    this.#around = around;
  }

  isAt(key: string): boolean {
    return key === this.hoveredKey || key === this.focusedKey;
  }

  // A finger does not hover.
  readonly onpointer = ({ target, type, pointerType }: PointerEvent) => {
    if (!this.#around.isHeld() && pointerType !== 'touch') this.hoveredKey = type === 'pointerover' ? keyAt(target) : undefined;
  };

  readonly onfocusin = ({ target }: FocusEvent) => {
    const key = keyAt(target);
    if (!key) return;
    this.#here.currentKey = key;
    if ((target as Element).matches(':focus-visible')) this.focusedKey = key;
  };

  // A row whose actions go while the focus is on its way to them would lose it.
  readonly onfocusout = ({ relatedTarget }: FocusEvent) => {
    if (keyAt(relatedTarget) !== this.focusedKey) this.focusedKey = undefined;
  };

  readonly onkeydown = (event: KeyboardEvent) => {
    const row = (event.target as HTMLElement).closest<HTMLElement>('li.message');
    if (!row || event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === 'Escape') {
      event.preventDefault();
      this.#around.onescape();
      return;
    }
    const rows = [...this.#around.list()?.querySelectorAll<HTMLElement>('li.message') ?? []];
    const at = rows.indexOf(row);
    const next = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: rows.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    if (next >= rows.length) this.#around.onescape();
    else rows[Math.max(0, next)]?.focus();
  };

  /** Gives the focus to the newest message. */
  focusLast() {
    const row = this.#around.list()?.querySelector<HTMLElement>('li.message[tabindex="0"]');
    row?.focus();
    this.focusedKey = row?.dataset.key;
  }
}

function keyAt(target: EventTarget | null): string | undefined {
  return (target as Element | null)?.closest?.<HTMLElement>('li.message')?.dataset.key;
}
