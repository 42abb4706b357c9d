// What happened to the conversation itself, as a sentence.

import type { Happening } from '@chinwag/client';

import { t } from '../../i18n/index.svelte';

interface Names {
  meId: string;
  nameOf(userId: string, username?: string): string;
}

const MAX_NAMES = 5;

/** One line for what belongs together: `happenings` are of one kind, and by one person or each by themselves. */
export function happeningText(happenings: readonly Happening[], people: Names): string {
  const [first] = happenings;
  if (!first) return '';
  const { actorId, userId, kind, role } = first;
  const name = (id: string, username?: string) => (id === people.meId ? t('people.you') : people.nameOf(id, username));
  const actor = name(actorId);
  const person = personsOf(happenings, name);
  const count = new Set(happenings.map((each) => each.userId)).size;
  switch (kind) {
    case 'added': return actorId === userId ? t('happening.joined', { person, count }) : t('happening.added', { actor, person });
    case 'removed': return actorId === userId ? t('happening.left', { person, count }) : t('happening.removed', { actor, person });
    case 'role': return t(`happening.role_${role ?? 'member'}`, { actor, person });
    case 'pinned': return t('happening.pinned', { actor });
    case 'changed': return changeText(first, actor);
  }
}

function personsOf(happenings: readonly Happening[], name: (id: string, username?: string) => string): string {
  const people = new Map(happenings.map(({ userId = '', username }) => [userId, username]));
  const names = [...people].map(([id, username]) => name(id, username));
  const shown = names.slice(0, MAX_NAMES).join(', ');
  return names.length > MAX_NAMES ? t('people.and_more', { names: shown, count: names.length - MAX_NAMES }) : shown;
}

function changeText({ changed, archived, title = '', topic = '' }: Happening, actor: string): string {
  if (changed?.includes('archived')) return t(archived ? 'happening.archived' : 'happening.unarchived', { actor });
  if (changed?.includes('title')) return t('happening.renamed', { actor, title });
  if (changed?.includes('topic')) return topic ? t('happening.topic', { actor, topic }) : t('happening.topic_gone', { actor });
  return t('happening.changed', { actor });
}
