// How presence reads, in one place.

import type { Conversation, Presence } from '@chinwag/client';
import { t } from '../i18n/index.svelte';
import { relative } from '../i18n/time';

export function presenceText(presence: Presence | undefined): string {
  if (!presence) return t('presence.offline');
  const { status, text, lastSeen } = presence;
  if (status === 'offline') return lastSeen ? t('presence.last_seen', { when: relative(lastSeen) }) : t('presence.offline');
  const base = t(`presence.${status}`);
  return text ? t('presence.with_text', { status: base, text }) : base;
}

export function isHere(presence: Presence | undefined): boolean {
  return presence !== undefined && presence.status !== 'offline';
}

/** A person's colour is the same in every place: a direct conversation wears that of the other one. */
export function faceOf(conversation: Conversation): { id: string; name: string } {
  return { id: conversation.peer?.id ?? conversation.id, name: conversation.title };
}
