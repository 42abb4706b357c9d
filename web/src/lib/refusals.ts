// What the server refused, in the words of the page. By the field, the code, or, where the server tells no more, by
// how its sentence begins; never that sentence itself, which is English and for whoever writes programs.

import type { ChatError } from '@chinwag/client';
import { t, type Key } from '../i18n/index.svelte';

/** What it was about, where the code alone does not say. */
export type About = 'message' | 'file' | 'conversation';

const BY_FIELD: Record<string, Key> = {
  username: 'refused.username',
  email: 'refused.email',
  password: 'refused.password',
  first_name: 'refused.name',
  last_name: 'refused.name',
  title: 'refused.title',
  topic: 'refused.topic',
  content: 'refused.content',
  emoji: 'refused.emoji',
  file: 'refused.file',
  attachments: 'refused.file',
  q: 'refused.query',
  query: 'refused.query',
  text: 'refused.status',
};

const BY_REASON: Record<string, Key> = {
  archived: 'failure.archived',
  not_participant: 'refused.not_participant',
  conflict: 'refused.conflict',
  upload_mismatch: 'refused.file_changed',
  username_taken: 'refused.username_taken',
  email_taken: 'refused.email_taken',
};

const BY_BEGINNING: readonly (readonly [string, Key])[] = [
  ['A group needs an owner', 'refused.owner_needed'],
  ['Your role', 'refused.role'],
  ['This conversation has 100 pinned', 'refused.pins_full'],
  ['This conversation has 10,000', 'refused.people_full'],
  ['Cannot create a conversation with yourself', 'refused.yourself'],
  ['Only its author', 'refused.author'],
  ['the file is empty', 'refused.file'],
  ['User with ID', 'refused.no_user'],
  ['Session not found', 'refused.no_session'],
  ['Message not found', 'failure.no_message'],
  ['File not found', 'failure.no_file'],
  ['Conversation not found', 'failure.no_conversation'],
];

const GONE: Record<About, Key> = { message: 'failure.no_message', file: 'failure.no_file', conversation: 'failure.no_conversation' };

export function refusalText({ code, reason = '', field = '', message }: ChatError, about: About = 'message'): string {
  const known = BY_FIELD[field.split('.').at(-1) ?? ''] ?? BY_REASON[reason] ?? BY_BEGINNING.find(([beginning]) => message.startsWith(beginning))?.[1];
  if (known) return t(known);
  switch (code) {
    case 'too_large': return t(about === 'file' ? 'failure.file_too_large' : 'failure.too_large');
    case 'forbidden': return t('failure.forbidden');
    case 'not_found': return t(GONE[about]);
    case 'rate_limited': return t('failure.rate_limited');
    case 'unavailable':
    case 'timeout': return t('failure.unavailable');
    case 'unauthorized': return t('failure.unauthorized');
    case 'invalid': return t(about === 'file' ? 'refused.file' : reason === 'invalid_content' ? 'refused.content' : 'failure.invalid');
    default: return t('failure.unknown');
  }
}
