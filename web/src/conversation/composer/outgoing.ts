// What may be sent, by the limits that the server tells.

import type { Limits } from '@chinwag/client';

/** From here on the composer shows how much is left. */
const SHOWN_FROM = 200;

export interface Room {
  /** Characters that are left; negative if there are too many. */
  left: number;
  isShown: boolean;
  fits: boolean;
}

/** The server counts characters, not units of UTF-16, and bytes beside them. */
export function roomFor(text: string, { contentChars, contentBytes }: Pick<Limits, 'contentChars' | 'contentBytes'>): Room {
  // Most texts are far from any limit, and are not counted at all.
  if (text.length + SHOWN_FROM < contentChars && text.length * 3 < contentBytes) return { left: contentChars - text.length, isShown: false, fits: true };
  const chars = [...text].length;
  const bytes = new TextEncoder().encode(text).length;
  const left = Math.min(contentChars - chars, Math.floor((contentBytes - bytes) / Math.max(1, bytes / Math.max(1, chars))));
  return { left, isShown: left <= SHOWN_FROM, fits: left >= 0 };
}

export interface Chosen {
  key: string;
  file: File;
}

/** Which of some files can be sent, and which are too large. */
export function sortFiles(files: readonly File[], { uploadBytes = 0 }: Pick<Limits, 'uploadBytes'>): { fit: File[]; tooLarge: File[] } {
  return { fit: files.filter(({ size }) => size <= uploadBytes), tooLarge: files.filter(({ size }) => size > uploadBytes) };
}
