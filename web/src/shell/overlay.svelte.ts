// The one dialog that may lie over the page. Their code is loaded when the first of them is opened.

export type Overlay =
  | { kind: 'palette' }
  | { kind: 'search'; conversationId?: string; text?: string }
  | { kind: 'new' }
  | { kind: 'shortcuts' }
  | { kind: 'settings'; section?: 'account' | 'look' | 'writing' | 'notifications' | 'sessions' }
  | { kind: 'leave'; conversationId: string };

let current = $state.raw<Overlay>();

export const overlay = {
  get current(): Overlay | undefined {
    return current;
  },
  open(next: Overlay): void {
    current = next;
  },
  close(): void {
    current = undefined;
  },
};
