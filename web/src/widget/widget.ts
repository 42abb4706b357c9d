// The chat on somebody else's page: a button with a badge, and the chat in a frame of its own origin, which
// neither sees the page's styles nor gives the page its token's uses. One classic script without imports.
//
//   <script src="https://chat.example.com/widget.js"></script>
//   <chinwag-widget conversation="1"></chinwag-widget>
//   <script>ChinwagWidget.init({ getToken: async () => (await fetch('/chat-token')).text() })</script>

import type { TellsOfMessage, Theme, ToFrame, ToPage } from './protocol';

interface Options {
  /** Gets a token for the visitor from your own backend. Asked anew when the last one ran out or was refused. */
  getToken(ctx: { reason: 'connect' | 'expired' | 'rejected' }): string | Promise<string>;
}
interface Events {
  unread: { unread: number; mentions: number };
  message: TellsOfMessage;
  /** The visitor is in the chat. */
  ready: Record<string, never>;
  /** `not_allowed`: this page's origin is not among those that may show the chat. */
  error: { code: string; message: string };
}
type Listener<K extends keyof Events> = (event: Events[K]) => void;

(() => {
  const script = document.currentScript;
  if (!(script instanceof HTMLScriptElement) || customElements.get('chinwag-widget')) return;
  const base = new URL('.', script.src);
  const TAG = 'chinwag-widget';

  let options: Options | undefined;
  let giveOptions: (given: Options) => void = () => undefined;
  const given = new Promise<Options>((resolve) => (giveOptions = resolve));

  /** After the frame has loaded something, until it has to have spoken: what a browser shows in its place is mute. */
  const SPEAK_MS = 3_000;
  /** More are not counted on the button. */
  const MOST = 99;
  const WORDS = {
    en: { locale: 'en', refused: 'The chat cannot be shown on this page.', unread: 'unread' },
    ar: { locale: 'ar', refused: 'لا يمكن عرض المحادثة في هذه الصفحة.', unread: 'غير مقروءة' },
  };
  const language = document.documentElement.lang || navigator.language;
  const words = /^ar\b/i.test(language) ? WORDS.ar : WORDS.en;

  const STYLE = `
:host{position:fixed;inset-block-end:20px;inset-inline-end:20px;z-index:2147483000;color-scheme:light dark;font:15px/1.4 system-ui,sans-serif}
:host([hidden]){display:none}
button{inline-size:56px;block-size:56px;border:0;border-radius:50%;padding:0;display:grid;place-items:center;cursor:pointer;background:var(--accent);color:var(--ink);box-shadow:0 4px 16px #0004;margin-inline-start:auto}
button:hover{filter:brightness(1.08)}
button:focus-visible{outline:3px solid var(--accent);outline-offset:3px}
svg{inline-size:26px;block-size:26px;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
.badge{position:absolute;inset-block-end:38px;inset-inline-end:-4px;min-inline-size:22px;block-size:22px;box-sizing:border-box;padding:0 6px;border-radius:11px;background:#b3261e;color:#fff;font:700 12px/22px system-ui,sans-serif;text-align:center;box-shadow:0 0 0 2px #fff}
.badge:empty{display:none}
.panel{position:absolute;inset-block-end:68px;inset-inline-end:0;inline-size:min(380px,calc(100vw - 40px));block-size:min(620px,calc(100dvh - 110px));border-radius:16px;overflow:hidden;background:light-dark(#fff,#111317);box-shadow:0 8px 40px #0005;outline:1px solid #8883}
.panel[hidden],iframe[hidden],.refusal[hidden]{display:none}
:host([theme=light]){color-scheme:light}
:host([theme=dark]){color-scheme:dark}
.refusal{margin:0;padding:24px;block-size:100%;box-sizing:border-box;display:grid;place-items:center;text-align:center;color:light-dark(#14171c,#e8eaee)}
iframe{inline-size:100%;block-size:100%;border:0;display:block}
.sr{position:absolute;inline-size:1px;block-size:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media(max-width:480px){:host([open]) .panel{position:fixed;inset:0;inline-size:auto;block-size:auto;border-radius:0}:host([open]) button{display:none}}
@media(prefers-reduced-motion:no-preference){.panel{animation:up .18s ease-out}@keyframes up{from{opacity:0;translate:0 12px}}}`;

  class ChinwagWidget extends HTMLElement {
    static observedAttributes = ['accent', 'label', 'theme'];
    readonly #button = document.createElement('button');
    readonly #badge = document.createElement('span');
    readonly #status = document.createElement('span');
    readonly #panel = document.createElement('div');
    readonly #refusal = document.createElement('p');
    readonly #listeners: { [K in keyof Events]: Set<Listener<K>> } = { unread: new Set(), message: new Set(), ready: new Set(), error: new Set() };
    readonly #onMessage = (event: MessageEvent<ToPage>): void => this.#heard(event);
    /** The chat, or before it is opened what counts for it. */
    #frame: HTMLIFrameElement | undefined;
    #isChat = false;
    /** Got for the count, and good for the chat as well. */
    #token: Promise<string> | undefined;
    #hasGreeted = false;
    #deadline: ReturnType<typeof setTimeout> | undefined;

    constructor() {
      super();
      const root = this.attachShadow({ mode: 'open' });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
      this.#button.type = 'button';
      this.#button.append(icon('M21 12a8 8 0 0 1-8 8H4l1.8-3.1A8 8 0 1 1 21 12z'));
      this.#button.setAttribute('aria-haspopup', 'dialog');
      this.#button.onclick = () => (this.isOpen ? this.close() : this.open());
      this.#badge.className = 'badge';
      this.#badge.setAttribute('aria-hidden', 'true');
      this.#status.className = 'sr';
      this.#status.setAttribute('role', 'status');
      this.#panel.className = 'panel';
      this.#panel.hidden = true;
      this.#panel.setAttribute('role', 'dialog');
      this.#refusal.className = 'refusal';
      this.#refusal.setAttribute('role', 'status');
      this.#refusal.hidden = true;
      this.#panel.append(this.#refusal);
      root.append(this.#panel, this.#button, this.#badge, this.#status);
      root.addEventListener('keydown', (event) => {
        if ((event as KeyboardEvent).key === 'Escape' && this.isOpen) this.close();
      });
    }

    connectedCallback(): void {
      // Not in the constructor: an element that is being made may not have attributes of its own.
      this.#name();
      addEventListener('message', this.#onMessage);
      // Not before the page knows who the visitor is, and whether it wants the chat at all.
      void given.then(() => {
        if (this.isConnected && !this.#frame && this.hasAttribute('conversation')) this.#load('embed/count');
      });
    }

    disconnectedCallback(): void {
      removeEventListener('message', this.#onMessage);
      clearTimeout(this.#deadline);
      this.#unload();
      this.#token = undefined;
      this.#panel.hidden = true;
      this.removeAttribute('open');
    }

    attributeChangedCallback(name: string): void {
      this.#name();
      if (name === 'theme') this.#say({ chinwag: 'theme', theme: this.#theme });
    }

    get isOpen(): boolean {
      return !this.#panel.hidden;
    }

    /** Shows the chat; the first time loads it. */
    open(): void {
      if (this.isOpen) return;
      this.#panel.hidden = false;
      this.setAttribute('open', '');
      this.#name();
      if (this.#isChat) {
        this.#say({ chinwag: 'open' });
      } else {
        this.#unload();
        this.#load('embed');
      }
      this.#frame?.focus();
    }

    close(): void {
      if (!this.isOpen) return;
      this.#panel.hidden = true;
      this.removeAttribute('open');
      this.#name();
      this.#say({ chinwag: 'closed' });
      this.#button.focus();
    }

    /** Calls back until the returned function is called. */
    on<K extends keyof Events>(event: K, listener: Listener<K>): () => void {
      this.#listeners[event].add(listener);
      return () => this.#listeners[event].delete(listener);
    }

    #unload(): void {
      this.#frame?.remove();
      this.#frame = undefined;
      this.#isChat = false;
      this.#hasGreeted = false;
    }

    #load(path: 'embed' | 'embed/count'): void {
      const url = new URL(path, base);
      url.searchParams.set('conversation', this.getAttribute('conversation') ?? '');
      const accent = this.getAttribute('accent');
      if (accent) url.searchParams.set('accent', accent);
      const frame = document.createElement('iframe');
      frame.title = this.#label;
      frame.allow = 'clipboard-write';
      frame.onload = () => {
        this.#hasGreeted = true;
        this.#say({ chinwag: 'hello', isOpen: this.isOpen, theme: this.#theme });
        clearTimeout(this.#deadline);
        if (this.#isChat) this.#deadline = setTimeout(() => this.#refused(), SPEAK_MS);
      };
      frame.src = url.href;
      this.#panel.append(frame);
      this.#frame = frame;
      this.#isChat = path === 'embed';
    }

    // Only ever to the server's own origin: the token must not reach a page that got into the frame.
    #say(message: ToFrame): void {
      if (this.#hasGreeted) this.#frame?.contentWindow?.postMessage(message, base.origin);
    }

    #heard({ source, origin, data }: MessageEvent<ToPage>): void {
      if (!this.#frame || source !== this.#frame.contentWindow || origin !== base.origin) return;
      if (data.chinwag === 'here') {
        clearTimeout(this.#deadline);
        this.#shows(true);
      } else if (data.chinwag === 'ready') {
        this.#tell('ready', {});
      } else if (data.chinwag === 'error') {
        this.#tell('error', { code: data.code, message: data.message });
      } else if (data.chinwag === 'token?') {
        void this.#giveToken(data.reason);
      } else if (data.chinwag === 'unread') {
        this.#count(data.unread);
        this.#tell('unread', { unread: data.unread, mentions: data.mentions });
      } else if (data.chinwag === 'message') {
        this.#tell('message', data.message);
      } else if (data.chinwag === 'close') {
        this.close();
      }
    }

    /** To those who listen by `on`, and as an event of the element. */
    #tell<K extends keyof Events>(event: K, detail: Events[K]): void {
      this.dispatchEvent(new CustomEvent(event, { detail }));
      for (const listener of this.#listeners[event]) {
        try {
          listener(detail);
        } catch (error) {
          reportError(error);
        }
      }
    }

    /** A sentence in place of what a browser draws for a page that may not be framed. */
    #refused(): void {
      this.#shows(false);
      this.#tell('error', { code: 'not_allowed', message: words.refused });
    }

    #shows(isFrame: boolean): void {
      this.#refusal.textContent = isFrame ? '' : words.refused;
      this.#refusal.hidden = isFrame;
      if (this.#frame) this.#frame.hidden = !isFrame;
    }

    async #ask(reason: 'connect' | 'expired' | 'rejected'): Promise<string> {
      const { getToken } = options ?? (await given);
      return getToken({ reason });
    }

    async #giveToken(reason: 'connect' | 'expired' | 'rejected'): Promise<void> {
      try {
        const token = await (reason === 'connect' ? (this.#token ??= this.#ask(reason)) : this.#ask(reason));
        if (this.#isChat) this.#token = undefined;
        this.#say({ chinwag: 'token', token });
      } catch (error) {
        this.#token = undefined;
        this.#say({ chinwag: 'no-token', reason: error instanceof Error ? error.message : String(error) });
      }
    }

    #count(unread: number): void {
      const number = (count: number): string => count.toLocaleString(words.locale);
      this.#badge.textContent = unread > MOST ? `${number(MOST)}+` : unread > 0 ? number(unread) : '';
      this.#status.textContent = unread > 0 ? `${number(unread)} ${words.unread}` : '';
    }

    get #theme(): Theme {
      const chosen = this.getAttribute('theme');
      return chosen === 'light' || chosen === 'dark' ? chosen : 'auto';
    }

    get #label(): string {
      return this.getAttribute('label') ?? 'Chat';
    }

    #name(): void {
      this.#button.setAttribute('aria-label', this.#label);
      this.#button.setAttribute('aria-expanded', String(this.isOpen));
      this.#panel.setAttribute('aria-label', this.#label);
      const accent = /^#[\da-f]{6}$/i.exec(this.getAttribute('accent') ?? '')?.[0] ?? '#3451d1';
      this.style.setProperty('--accent', accent);
      this.style.setProperty('--ink', luminance(accent) > 0.36 ? '#000' : '#fff');
    }
  }

  function icon(path: string): SVGSVGElement {
    const space = 'http://www.w3.org/2000/svg';
    const svg = document.createElementNS(space, 'svg');
    svg.setAttribute('viewBox', '0 0 24 24');
    svg.setAttribute('aria-hidden', 'true');
    const line = document.createElementNS(space, 'path');
    line.setAttribute('d', path);
    svg.append(line);
    return svg;
  }

  function luminance(hex: string): number {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => (parseInt(hex.slice(at, at + 2), 16) / 255) ** 2.2);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  const first = (): ChinwagWidget | null => document.querySelector<ChinwagWidget>(TAG);
  Object.assign(globalThis, {
    ChinwagWidget: {
      /** Once per page, before or after the element is there. */
      init(chosen: Options) {
        options = chosen;
        giveOptions(chosen);
      },
      open: () => first()?.open(),
      close: () => first()?.close(),
      on: <K extends keyof Events>(event: K, listener: Listener<K>) => first()?.on(event, listener) ?? (() => undefined),
    },
  });
  customElements.define(TAG, ChinwagWidget);
})();
