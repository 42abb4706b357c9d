// Why a message was not sent, in words that say what to do.

import type { ChatError } from '@chinwag/client';

import { t } from '../../i18n/index.svelte';
import { refusalText, type About } from '../../lib/refusals';

export function failureText(error: ChatError | undefined, about: About = 'message'): string {
  return error ? refusalText(error, about) : t('failure.unknown');
}
