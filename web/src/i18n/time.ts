// Times and dates as the reader's language and region write them. `Intl` alone; formats are kept, since
// making one is slow.

import { currentLocale } from './index.svelte';

const DAY_MS = 86_400_000;
const kept = new Map<string, Intl.DateTimeFormat>();

function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const locale = currentLocale();
  const key = locale + JSON.stringify(options);
  let made = kept.get(key);
  if (!made) kept.set(key, (made = new Intl.DateTimeFormat(locale, options)));
  return made;
}

function midnight(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

/** How many days ago, by the calendar: 0 today, 1 yesterday. */
export function daysAgo(date: Date, now = new Date()): number {
  return Math.round((midnight(now) - midnight(date)) / DAY_MS);
}

/** 12:41 */
export function clock(date: Date): string {
  return format({ hour: '2-digit', minute: '2-digit' }).format(date);
}

/** 12:41 without its half of the day, where there is little room. */
export function bareClock(date: Date): string {
  const parts = format({ hour: '2-digit', minute: '2-digit' }).formatToParts(date);
  return parts.filter(({ type }) => type !== 'dayPeriod').map(({ value }) => value).join('').trim();
}

/** Thursday 20 November 2025 at 12:41, for tips. */
export function exact(date: Date): string {
  return format({ dateStyle: 'full', timeStyle: 'short' }).format(date);
}

/** 20 Nov 2025 */
export function day(date: Date): string {
  return format({ dateStyle: 'medium' }).format(date);
}

/** Today, Yesterday, Thursday 20 November, with the year if it is another one. */
export function longDay(date: Date, now = new Date()): string {
  const ago = daysAgo(date, now);
  if (ago === 0 || ago === 1) return capital(new Intl.RelativeTimeFormat(currentLocale(), { numeric: 'auto' }).format(-ago, 'day'));
  const year = date.getFullYear() === now.getFullYear() ? undefined : 'numeric';
  return format({ weekday: 'long', day: 'numeric', month: 'long', year }).format(date);
}

/** For a list: 12:41, Yesterday, Mon, 20 Nov, 20/11/2024. */
export function short(date: Date, now = new Date()): string {
  const ago = daysAgo(date, now);
  if (ago <= 0) return clock(date);
  if (ago === 1) return longDay(date, now);
  if (ago < 7) return format({ weekday: 'short' }).format(date);
  if (date.getFullYear() === now.getFullYear()) return format({ day: 'numeric', month: 'short' }).format(date);
  return format({ dateStyle: 'short' }).format(date);
}

/** 3 minutes ago, 2 hours ago, yesterday. */
export function relative(date: Date, now = new Date()): string {
  const words = new Intl.RelativeTimeFormat(currentLocale(), { numeric: 'auto' });
  const minutes = Math.round((now.getTime() - date.getTime()) / 60_000);
  if (minutes < 60) return words.format(-Math.max(0, minutes), 'minute');
  if (daysAgo(date, now) === 0) return words.format(-Math.round(minutes / 60), 'hour');
  const ago = daysAgo(date, now);
  return ago < 30 ? words.format(-ago, 'day') : day(date);
}

function capital(text: string): string {
  return text.charAt(0).toLocaleUpperCase(currentLocale()) + text.slice(1);
}
