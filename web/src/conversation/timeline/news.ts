// Tells screen readers of messages that come while a conversation is open, as far as the reader wants it.

import { t } from '../../i18n/index.svelte';
import { settings } from '../../lib/settings.svelte';
import { announce } from '../../ui/announcer.svelte';
import { summary } from '../text/markdown';
import type { View } from '../view.svelte';
import { announcer } from './announcer';

/** Until the returned function is called. */
export function announceNews(here: View): () => void {
  const { add, stop } = announcer((news) => {
    if (settings.announcements === 'off') return;
    const [only] = news;
    const isOne = news.length === 1 && only && settings.announcements === 'text';
    announce(isOne ? t('timeline.announced', { sender: only.sender, text: only.text }) : t('timeline.new', { count: news.length }));
  });
  const remove = here.room.on('message', ({ message, live }) => {
    if (live && message.senderId !== here.meId) add({ sender: here.nameOf(message.senderId, message.senderName), text: summary(message.content, message.format) });
  });
  return () => {
    remove();
    stop();
  };
}
