// A sentence about something that just failed, for those who see; `attempt` also tells screen readers.

const STAYS_MS = 6000;

let text = $state('');
let timer: ReturnType<typeof setTimeout> | undefined;

export const toast = {
  get text(): string {
    return text;
  },
  show(next: string): void {
    text = next;
    clearTimeout(timer);
    timer = setTimeout(toast.clear, STAYS_MS);
  },
  clear(): void {
    text = '';
    clearTimeout(timer);
  },
};
