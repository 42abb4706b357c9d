// How oneself appears to others. The server keeps it; it tells it back only to others, so this page remembers
// what it set.

import type { ChatClient } from '@chinwag/client';

export type OwnStatus = 'online' | 'away' | 'dnd' | 'invisible';

/** What others see of it. */
export function shownAs(status: OwnStatus): Exclude<OwnStatus, 'invisible'> | 'offline' {
  return status === 'invisible' ? 'offline' : status;
}

let value = $state<OwnStatus>('online');
let text = $state('');

export const ownStatus = {
  get value(): OwnStatus {
    return value;
  },
  get text(): string {
    return text;
  },
  /** Sends it, and keeps it if it was taken. */
  async set(client: ChatClient, next: OwnStatus, saying = text): Promise<void> {
    await client.presence.set(next, saying);
    value = next;
    text = saying;
  },
};
