// The shortcuts that work everywhere on the page. Single letters and signs count only where nothing is
// written, and can be turned off.

export interface Keys {
  palette(): void;
  search(): void;
  create(): void;
  sheet(): void;
  unread(step: 1 | -1): void;
}

export function onKey(event: KeyboardEvent, keys: Keys, { letters }: { letters: boolean }): void {
  if (event.defaultPrevented || event.isComposing) return;
  const run = actionOf(event, keys, letters);
  if (!run) return;
  event.preventDefault();
  run();
}

function actionOf(event: KeyboardEvent, keys: Keys, letters: boolean): (() => void) | undefined {
  const { key, altKey, shiftKey } = event;
  const letter = key.toLowerCase();
  const isModified = (event.ctrlKey || event.metaKey) && !altKey;
  if (isModified && !shiftKey && letter === 'k') return keys.palette;
  // What lies over the page keeps its keys.
  if (document.querySelector('dialog[open]')) return undefined;
  if (isModified && shiftKey && letter === 'f') return keys.search;
  // With Ctrl alone browsers keep it for themselves; on some keyboards Alt makes another letter of it.
  if (altKey && shiftKey && event.code === 'KeyN') return keys.create;
  if (altKey && shiftKey && key === 'ArrowDown') return () => keys.unread(1);
  if (altKey && shiftKey && key === 'ArrowUp') return () => keys.unread(-1);
  if (!letters || event.ctrlKey || event.metaKey || altKey || isWriting(event.target)) return undefined;
  if (key === '?') return keys.sheet;
  if (key === '/') return keys.search;
  if (key === 'n') return keys.create;
  return undefined;
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.closest('input, textarea, select, [role="menu"]') !== null);
}
