// The second line of a row in the list: who wrote what last.

import type { Message } from '@chinwag/client';
import { summary } from '../conversation/text/markdown';
import { t } from '../i18n/index.svelte';

const LENGTH = 100;

export function previewText(message: Message): string {
  if (message.deletedAt) return t('list.deleted');
  const text = summary(message.content, message.format, LENGTH);
  if (text) return text;
  const [file] = message.attachments;
  if (!file) return '';
  return file.mime.startsWith('image/') ? t('list.photo') : file.name || t('list.file');
}
