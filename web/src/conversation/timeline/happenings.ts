// What happened to the conversation itself, as a sentence.

import type { Happening } from '@chinwag/client';

import { t } from '../../i18n/index.svelte';

interface Names {
  meId: string;
  nameOf(userId: string): string;
}

export function happeningText(happening: Happening, people: Names): string {
  const { actorId, userId, kind, role, title, archived } = happening;
  const name = (id: string) => (id === people.meId ? t('people.you') : people.nameOf(id));
  const actor = name(actorId);
  const person = userId === undefined ? '' : name(userId) || (happening.username ?? '');
  switch (kind) {
    case 'added': return actorId === userId ? t('happening.joined', { person }) : t('happening.added', { actor, person });
    case 'removed': return actorId === userId ? t('happening.left', { person }) : t('happening.removed', { actor, person });
    case 'role': return t(`happening.role_${role ?? 'member'}`, { actor, person });
    case 'changed': return archived ? t('happening.archived', { actor }) : t('happening.changed', { actor, title: title ?? '' });
  }
}
