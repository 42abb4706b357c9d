// What the page does with a file: shown as a picture, played, or offered; and how large a picture is before
// it is there, so that nothing moves when it comes.

import type { Attachment, LocalAttachment } from '@chinwag/client';

export type FileKind = 'image' | 'audio' | 'video' | 'document' | 'file';

/** What browsers show safely; SVG may carry scripts and is only offered. */
const IMAGES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif']);
const MAX_BOX = { width: 360, height: 280 };
const MIN_SIDE = 48;

export function kindOf({ mime }: { mime: string }): FileKind {
  if (IMAGES.has(mime)) return 'image';
  if (mime.startsWith('audio/')) return 'audio';
  // Browsers have a viewer for it, which gives its scripts nothing of the page.
  if (mime === 'application/pdf') return 'document';
  return mime.startsWith('video/') ? 'video' : 'file';
}

/** Pictures that follow each other are one group; each other file is one of its own. */
export function groupsOf<T extends { mime: string }>(files: readonly T[]): [T, ...T[]][] {
  const groups: [T, ...T[]][] = [];
  for (const file of files) {
    const last = groups.at(-1);
    if (last && kindOf(file) === 'image' && kindOf(last[0]) === 'image') last.push(file);
    else groups.push([file]);
  }
  return groups;
}

/** Columns of an album: rows as full as they can be, and no more than four pictures in one. */
export function columnsOf(count: number): 2 | 3 | 4 {
  if (count === 2 || count === 4) return 2;
  return count <= 6 || count === 9 ? 3 : 4;
}

/** The box of a picture in the timeline. One of unknown size gets a box that it is fitted into. */
export function boxOf({ width, height }: { width?: number; height?: number }): { width: number; height: number } {
  if (!width || !height) return { width: 240, height: 180 };
  const scale = Math.min(1, MAX_BOX.width / width, MAX_BOX.height / height);
  return { width: Math.max(MIN_SIDE, Math.round(width * scale)), height: Math.max(MIN_SIDE, Math.round(height * scale)) };
}

export function isLocal(attachment: Attachment): attachment is LocalAttachment {
  return 'blob' in attachment;
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;

/** 340 byte, 1.2 MB */
export function sizeText(bytes: number, locale: string): string {
  const step = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const value = bytes / 1000 ** step;
  return new Intl.NumberFormat(locale, {
    style: 'unit', unit: UNITS[step], unitDisplay: step === 0 ? 'long' : 'short', maximumFractionDigits: value < 10 && step > 0 ? 1 : 0,
  }).format(value);
}
