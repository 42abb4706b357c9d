// What went wrong, as a sentence that says what to do. The server's own sentence where it has one, with the
// request's id for whoever runs the server.

import { ChatError } from '@chinwag/client';
import { t } from '../i18n/index.svelte';

export function problemText(error: unknown): string {
  if (!(error instanceof ChatError)) return t('problem.other', { text: error instanceof Error ? error.message : String(error) });
  const { code, message, retryAfterMs, requestId, status } = error;
  const request = requestId && (status ?? 0) >= 500 ? ` (${t('problem.request', { id: requestId })})` : '';
  switch (code) {
    case 'unavailable':
    case 'timeout':
      return (status ? sentence(message) : t('problem.unreachable')) + request;
    case 'rate_limited':
      return retryAfterMs ? t('problem.busy_for', { count: Math.ceil(retryAfterMs / 1000) }) : t('problem.busy');
    case 'forbidden':
      return message ? sentence(message) : t('problem.forbidden');
    case 'not_found':
      return t('problem.not_found');
    default:
      return sentence(message) + request;
  }
}

// The server's sentences are lower case, and without a full stop.
function sentence(text: string): string {
  const trimmed = text.trim();
  return trimmed.charAt(0).toUpperCase() + trimmed.slice(1) + (/[.!?]$/.test(trimmed) ? '' : '.');
}
