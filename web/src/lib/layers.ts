// What lies over the page: dialogs, menus, the picture that is looked at. Each is an entry of the browser's
// history, so that Back, as a button or as the gesture of a phone, closes the top one before it leaves the place.
//
//     open:   stack 1 → an entry is pushed          Back:  entry gone → the layer above it is closed
//     close:  stack 0 → its entry is left, too      go:    the new place takes the entry of a closed layer
//
// `history.go` comes to pass a moment later, and nothing may be pushed meanwhile: it would be the place that is
// left. So everything waits for the `popstate` of a step that was begun here.

/** Kept with an entry: how many layers lie over the place. */
interface Kept {
  isOurs?: boolean;
  layers?: number;
}

interface Layer {
  close: () => void;
}

// A frame shares its history with the page around it, which is not ours to move.
const isAlone = window.parent === window;
let stack: Layer[] = [];
let isMoving = false;
let isPlanned = false;
let waiting: (() => void)[] = [];

export function kept(): Kept {
  return (history.state as Kept | null) ?? {};
}

/** Tells of a layer that has opened; call what it returns when it is closed. */
export function opened(close: () => void): () => void {
  const layer = { close };
  stack.push(layer);
  settle();
  return () => {
    if (!stack.includes(layer)) return;
    stack = stack.filter((other) => other !== layer);
    plan();
  };
}

/** Runs it when no step of the history is under way. */
export function whenSettled(action: () => void): void {
  if (isMoving) waiting.push(action);
  else action();
}

// One layer often gives way to another, or to another place: then the entry is used again.
function plan(): void {
  if (isPlanned) return;
  isPlanned = true;
  setTimeout(() => {
    isPlanned = false;
    settle();
  });
}

/** Makes the entries as many as the layers. */
export function settle(): void {
  if (!isAlone || isMoving) return;
  let depth = kept().layers ?? 0;
  if (depth > stack.length) {
    isMoving = true;
    history.go(stack.length - depth);
  }
  for (; depth < stack.length; depth += 1) history.pushState({ ...kept(), layers: depth + 1 }, '');
}

function moved(): void {
  const wasOurs = isMoving;
  isMoving = false;
  // The visitor went back: what lay above is closed. An entry of a layer that is gone is passed by.
  if (!wasOurs) while (stack.length > (kept().layers ?? 0)) stack.pop()?.close();
  settle();
  if (isMoving) return;
  const ready = waiting;
  waiting = [];
  for (const action of ready) action();
}

if (isAlone) {
  addEventListener('popstate', moved);
  // A reload closes what was open, and keeps the entries.
  settle();
}
