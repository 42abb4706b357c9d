// What went wrong, as a sentence that says what to do.

import { ChatError } from '@chinwag/client';
import { t } from '../i18n/index.svelte';
import { refusalText } from '../lib/refusals';

export function problemText(error: unknown): string {
  // What the page itself stumbled over; a browser says it in its own language.
  if (!(error instanceof ChatError)) return t('problem.other', { text: error instanceof Error ? error.message : String(error) });
  const { code, retryAfterMs, status } = error;
  switch (code) {
    case 'unavailable':
    case 'timeout':
      return t(status ? 'failure.unavailable' : 'problem.unreachable');
    case 'too_many_sockets':
      return t('banner.crowded');
    case 'rate_limited':
      return retryAfterMs ? t('problem.busy_for', { count: Math.ceil(retryAfterMs / 1000) }) : t('problem.busy');
    default:
      return refusalText(error, 'conversation');
  }
}
