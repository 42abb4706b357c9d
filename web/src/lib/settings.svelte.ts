// What somebody chose on this device: the look, the language, how keys and announcements behave. Kept in
// localStorage, which is there before the first paint. Nothing secret is ever put here.

export interface Settings {
  theme: 'system' | 'light' | 'dark';
  language: 'system' | 'en' | 'ar';
  density: 'comfortable' | 'compact';
  /** Groups as rows and direct conversations as bubbles, or one of them for all. */
  messages: 'auto' | 'rows' | 'bubbles';
  /** False: Enter starts a new line, and Ctrl+Enter sends. */
  enterSends: boolean;
  /** What screen readers hear of new messages. */
  announcements: 'text' | 'count' | 'off';
  sound: boolean;
  /** They were turned on for this device; the browser's permission is asked for apart. */
  notifications: boolean;
  /** By what name the server knows this device, if it pushes to it. */
  pushId: string;
  /** Shortcuts that are a single letter or sign. */
  letterKeys: boolean;
  filter: 'all' | 'unread' | 'direct';
}

const KEY = 'chinwag.settings';
const DEFAULTS: Settings = {
  theme: 'system',
  language: 'system',
  density: 'comfortable',
  messages: 'auto',
  enterSends: true,
  announcements: 'text',
  sound: true,
  notifications: false,
  pushId: '',
  letterKeys: true,
  filter: 'all',
};

function stored(): Partial<Settings> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** Reactive; changed by `change` alone. */
export const settings: Settings = $state({ ...DEFAULTS, ...stored() });

export function change(chosen: Partial<Settings>): void {
  Object.assign(settings, chosen);
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // A browser that stores nothing: the choice lasts as long as the page.
  }
}

// Another tab chose something.
addEventListener('storage', ({ key }) => {
  if (key === KEY) Object.assign(settings, DEFAULTS, stored());
});

/** Keeps the document as the settings say. Called once, within an effect root. */
export function applyLook(): void {
  $effect(() => {
    const { dataset } = document.documentElement;
    if (settings.theme === 'system') delete dataset.theme;
    else dataset.theme = settings.theme;
    if (settings.density === 'compact') dataset.density = 'compact';
    else delete dataset.density;
  });
}
