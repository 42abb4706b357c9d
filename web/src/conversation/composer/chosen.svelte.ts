// The files that go with the message that is being written. What cannot be sent is refused when it is chosen, each
// by its own name, and takes no other with it.

import type { Limits } from '@chinwag/client';

import { currentLocale, t } from '../../i18n/index.svelte';
import { announce } from '../../ui/announcer.svelte';
import { sizeText } from '../files/files';
import type { Returned } from '../view.svelte';
import { sortFiles, type Chosen } from './outgoing';

const MOST_FILES = 10;

export class ChosenFiles {
  list = $state.raw<readonly Chosen[]>([]);
  #nextKey = 0;

  get isEmpty(): boolean {
    return this.list.length === 0;
  }

  /** Takes what fits; says why the others were not taken. */
  add(files: readonly File[], limits: Limits): string {
    const { fit, empty, tooLarge } = sortFiles(files, limits);
    const most = limits.attachments ?? MOST_FILES;
    const added = fit.slice(0, Math.max(0, most - this.list.length));
    this.list = [...this.list, ...added.map((file) => this.#chosen(file))];
    if (added.length > 0) announce(t('files.added', { count: added.length }));
    const size = sizeText(limits.uploadBytes ?? 0, currentLocale());
    return [
      ...empty.map(({ name }) => t('files.empty', { name })),
      ...tooLarge.map(({ name }) => t('files.too_large', { name, size })),
      ...added.length < fit.length ? [t('files.too_many', { count: most })] : [],
    ].join(' ');
  }

  /** Those of a message that was not sent, the refused ones marked. */
  putBack(files: readonly Returned[]): void {
    const returned = files.map(({ blob, name, mime, error }) => ({
      ...this.#chosen(blob instanceof File ? blob : new File([blob], name, { type: mime })), error,
    }));
    this.list = [...returned, ...this.list];
  }

  remove(key: string): void {
    this.list = this.list.filter((one) => one.key !== key);
  }

  /** Hands them over, and has none any more. */
  take(): File[] {
    const files = this.list.map(({ file }) => file);
    this.list = [];
    return files;
  }

  #chosen(file: File): Chosen {
    this.#nextKey += 1;
    return { key: String(this.#nextKey), file };
  }
}
