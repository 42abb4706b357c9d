// What can be done with a message, for its menu: that of the pointer, and the sheet of a finger.

import type { Message } from '@chinwag/client';
import { Copy, Link, Pencil, Pin, PinOff, Reply, Trash } from 'lucide';

import { t } from '../../i18n/index.svelte';
import { conversationUrl } from '../../shell/router.svelte';
import { announce } from '../../ui/announcer.svelte';
import type { MenuItem } from '../../ui/Menu.svelte';
import type { View } from '../view.svelte';

export function itemsFor(here: View, message: Message, ondelete: () => void): MenuItem[] {
  const isPinned = here.pins.has(message.id);
  const isOpen = !here.closedBecause;
  const items: MenuItem[] = [];
  if (isOpen) items.push({ label: t('actions.reply'), icon: Reply, run: () => here.reply(message) });
  if (here.canEdit(message)) items.push({ label: t('actions.edit'), icon: Pencil, run: () => here.edit(message) });
  if (message.content) items.push({ label: t('actions.copy'), icon: Copy, divided: true, run: () => copy(here, message.content) });
  items.push({ label: t('actions.copy_link'), icon: Link, divided: !message.content, run: () => copy(here, conversationUrl(here.id, message.id)) });
  if (isOpen) {
    items.push({
      label: isPinned ? t('actions.unpin') : t('actions.pin'),
      icon: isPinned ? PinOff : Pin,
      run: () => void here.try(() => here.room.pin(message.id, !isPinned)),
    });
  }
  if (here.canDelete(message)) items.push({ label: t('actions.delete'), icon: Trash, danger: true, divided: true, run: ondelete });
  return items;
}

async function copy(here: View, text: string): Promise<void> {
  if (await here.try(() => navigator.clipboard.writeText(text))) announce(t('actions.copied'));
}
