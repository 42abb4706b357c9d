// Which emoji somebody uses on this device, and in which skin tone.

import { FIRST_RECENT, withRecent, type Tone } from './emoji';

const KEY = 'chinwag.emoji';

interface Habits {
  tone: Tone;
  recent: readonly string[];
}

let habits = $state.raw<Habits>({ tone: 0, recent: [], ...stored() });

function stored(): Partial<Habits> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

function keep(change: Partial<Habits>): void {
  habits = { ...habits, ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(habits));
  } catch {
    // A browser that stores nothing: it lasts as long as the page.
  }
}

export const emojiTone = (): Tone => habits.tone;
export const recentEmoji = (): readonly string[] => [...habits.recent, ...FIRST_RECENT.filter((char) => !habits.recent.includes(char))].slice(0, 24);
export const setTone = (tone: Tone): void => keep({ tone });
export const used = (char: string): void => keep({ recent: withRecent(habits.recent, char) });
