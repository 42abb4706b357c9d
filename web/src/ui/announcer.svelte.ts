// Sentences for screen readers, about something that happened elsewhere on the page than where the focus is.
// Each is removed again soon, so that nobody meets old news while reading the page.

const STAYS_MS = 1000;

export const announced = $state({ text: '' });
const waiting: string[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

export function announce(text: string): void {
  waiting.push(text);
  timer ??= setTimeout(next, 0);
}

function next(): void {
  announced.text = waiting.splice(0).join('. ');
  timer = announced.text ? setTimeout(next, STAYS_MS) : undefined;
}
