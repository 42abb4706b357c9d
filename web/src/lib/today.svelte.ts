// The day it is where the reader is, for words like *Today*: they change at midnight by themselves.

let now = $state.raw(new Date());

function isOver(): boolean {
  return new Date().toDateString() !== now.toDateString();
}

function look(): void {
  if (isOver()) now = new Date();
}

function wait(): void {
  const at = new Date();
  const midnight = new Date(at.getFullYear(), at.getMonth(), at.getDate() + 1);
  setTimeout(() => {
    look();
    wait();
  }, midnight.getTime() - at.getTime());
}

wait();
// A computer that slept has missed its midnight.
document.addEventListener('visibilitychange', look);

/** A moment of today. Reactive; another one from midnight on. */
export function today(): Date {
  return now;
}
