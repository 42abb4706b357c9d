// Why a message was not sent, in words that say what to do.

import type { ChatError } from '@chinwag/client';

import { t } from '../../i18n/index.svelte';

export function failureText(error: ChatError | undefined): string {
  if (!error) return t('failure.unknown');
  if (error.reason === 'archived') return t('failure.archived');
  switch (error.code) {
    case 'too_large': return t('failure.too_large');
    case 'forbidden': return t('failure.forbidden');
    case 'not_found': return t('failure.not_found');
    case 'rate_limited': return t('failure.rate_limited');
    case 'unavailable':
    case 'timeout': return t('failure.unavailable');
    case 'unauthorized': return t('failure.unauthorized');
    default: return error.message;
  }
}
