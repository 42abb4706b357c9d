// Where the keys for unread conversations lead.

import type { Conversation } from '@chinwag/client';

/** The next one in a direction of the list, from the current one on and around its ends. Muted ones are passed. */
export function nextUnread(conversations: readonly Conversation[], currentId: string | undefined, step: 1 | -1): string | undefined {
  const count = conversations.length;
  const at = conversations.findIndex(({ id }) => id === currentId);
  const start = at < 0 ? (step === 1 ? -1 : count) : at;
  for (let distance = 1; distance <= count; distance += 1) {
    const candidate = conversations[(((start + step * distance) % count) + count) % count];
    if (candidate && candidate.id !== currentId && candidate.unread > 0 && !candidate.muted) return candidate.id;
  }
  return undefined;
}
