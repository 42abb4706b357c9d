// What may be sent, by the limits that the server tells.

import type { ChatError, Limits } from '@chinwag/client';

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
  /** Why the server did not take it, if it was tried. */
  error?: ChatError;
}

/** Which of some files can be sent, and which are empty or too large. */
export function sortFiles(files: readonly File[], { uploadBytes = 0 }: Pick<Limits, 'uploadBytes'>): { fit: File[]; empty: File[]; tooLarge: File[] } {
  return {
    fit: files.filter(({ size }) => size > 0 && size <= uploadBytes),
    empty: files.filter(({ size }) => size === 0),
    tooLarge: files.filter(({ size }) => size > uploadBytes),
  };
}

/**
 * Whether the files of a paste are what was meant. A spreadsheet copies its cells as text and as a picture of them:
 * the text is. A file manager copies the names of the files beside them.
 */
export function isPasteOfFiles({ files, text }: { files: readonly { name: string }[]; text: string }): boolean {
  if (files.length === 0) return false;
  const lines = text.trim().split(/\s*[\r\n]+\s*/).filter(Boolean);
  return lines.every((line) => files.some(({ name }) => line === name || line.endsWith(`/${name}`) || line.endsWith(`\\${name}`)));
}
