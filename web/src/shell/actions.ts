// What can be done with a conversation as a whole, for the menus, the palette and the details alike.

import type { ChatClient, Conversation, NotificationLevel } from '@chinwag/client';
import { Archive, ArchiveRestore, Bell, BellOff, AtSign, CheckCheck, LogOut, Users } from 'lucide';
import { t } from '../i18n/index.svelte';
import { announce } from '../ui/announcer.svelte';
import type { MenuItem } from '../ui/Menu.svelte';
import { overlay } from './overlay.svelte';
import { problemText } from './problem';
import { toast } from './toast.svelte';

/** Does it, and says so where it failed. */
export async function attempt(action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    const text = problemText(error);
    announce(text);
    toast.show(text);
    return false;
  }
}

const LEVELS: readonly { level: NotificationLevel; icon: MenuItem['icon'] }[] = [
  { level: 'all', icon: Bell },
  { level: 'mentions', icon: AtSign },
  { level: 'none', icon: BellOff },
];

export function itemsFor(client: ChatClient, conversation: Conversation, showDetails: () => void): MenuItem[] {
  const { id, kind, role, archived, notifications, unread } = conversation;
  const items: MenuItem[] = [];
  if (unread > 0) items.push({ label: t('row.read'), icon: CheckCheck, run: () => void attempt(() => client.room(id).markRead()) });
  items.push({ label: t('row.details'), icon: Users, run: showDetails });
  if (notifications) {
    LEVELS.forEach(({ level, icon }, place) =>
      items.push({
        label: t(`row.level_${level}`),
        icon,
        checked: notifications === level,
        divided: place === 0,
        run: () => void attempt(() => client.conversations.setNotifications(id, level)),
      }),
    );
  }
  if (kind !== 'direct') {
    if (role !== 'member') {
      items.push({
        label: archived ? t('row.unarchive') : t('row.archive'),
        icon: archived ? ArchiveRestore : Archive,
        divided: true,
        run: () => void attempt(() => client.conversations.update(id, { archived: !archived })),
      });
    }
    items.push({
      label: t('row.leave'),
      icon: LogOut,
      danger: true,
      divided: role === 'member',
      run: () => overlay.open({ kind: 'leave', conversationId: id }),
    });
  }
  return items;
}
