// The chat on somebody else's page: a button with a badge, and the chat in a frame of its own origin, which
// neither sees the page's styles nor gives the page its token's uses. One classic script without imports.
//
//   <script src="https://chat.example.com/widget.js"></script>
//   <chinwag-widget conversation="1"></chinwag-widget>
//   <script>ChinwagWidget.init({ getToken: async () => (await fetch('/chat-token')).text() })</script>

import type { TellsOfMessage, ToFrame, ToPage } from './protocol';

interface Options {
  /** Gets a token for the visitor from your own backend. Asked anew when the last one ran out or was refused. */
  getToken(ctx: { reason: 'connect' | 'expired' | 'rejected' }): string | Promise<string>;
}
interface Events {
  unread: { unread: number; mentions: number };
  message: TellsOfMessage;
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
.panel[hidden]{display:none}
iframe{inline-size:100%;block-size:100%;border:0;display:block}
.sr{position:absolute;inline-size:1px;block-size:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media(max-width:480px){:host([open]) .panel{position:fixed;inset:0;inline-size:auto;block-size:auto;border-radius:0}:host([open]) button{display:none}}
@media(prefers-reduced-motion:no-preference){.panel{animation:up .18s ease-out}@keyframes up{from{opacity:0;translate:0 12px}}}`;

  class ChinwagWidget extends HTMLElement {
    static observedAttributes = ['accent', 'label'];
    readonly #button = document.createElement('button');
    readonly #badge = document.createElement('span');
    readonly #status = document.createElement('span');
    readonly #panel = document.createElement('div');
    readonly #listeners: { [K in keyof Events]: Set<Listener<K>> } = { unread: new Set(), message: new Set() };
    readonly #onMessage = (event: MessageEvent<ToPage>): void => this.#heard(event);
    #frame: HTMLIFrameElement | undefined;
    #hasGreeted = false;

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
      root.append(this.#panel, this.#button, this.#badge, this.#status);
      root.addEventListener('keydown', (event) => {
        if ((event as KeyboardEvent).key === 'Escape' && this.isOpen) this.close();
      });
    }

    connectedCallback(): void {
      // Not in the constructor: an element that is being made may not have attributes of its own.
      this.#name();
      addEventListener('message', this.#onMessage);
    }

    disconnectedCallback(): void {
      removeEventListener('message', this.#onMessage);
      this.#frame?.remove();
      this.#frame = undefined;
      this.#hasGreeted = false;
      this.#panel.hidden = true;
      this.removeAttribute('open');
    }

    attributeChangedCallback(): void {
      this.#name();
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
      if (this.#frame) this.#say({ chinwag: 'open' });
      else this.#load();
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

    #load(): void {
      const url = new URL('embed', base);
      url.searchParams.set('conversation', this.getAttribute('conversation') ?? '');
      const accent = this.getAttribute('accent');
      if (accent) url.searchParams.set('accent', accent);
      const frame = document.createElement('iframe');
      frame.title = this.#label;
      frame.allow = 'clipboard-write';
      frame.onload = () => {
        this.#hasGreeted = true;
        this.#say({ chinwag: 'hello', isOpen: this.isOpen });
      };
      frame.src = url.href;
      this.#panel.append(frame);
      this.#frame = frame;
    }

    // Only ever to the server's own origin: the token must not reach a page that got into the frame.
    #say(message: ToFrame): void {
      if (this.#hasGreeted) this.#frame?.contentWindow?.postMessage(message, base.origin);
    }

    #heard({ source, origin, data }: MessageEvent<ToPage>): void {
      if (!this.#frame || source !== this.#frame.contentWindow || origin !== base.origin) return;
      if (data.chinwag === 'token?') {
        void this.#giveToken(data.reason);
      } else if (data.chinwag === 'unread') {
        this.#count(data.unread);
        for (const listener of this.#listeners.unread) listener({ unread: data.unread, mentions: data.mentions });
      } else if (data.chinwag === 'message') {
        for (const listener of this.#listeners.message) listener(data.message);
      } else if (data.chinwag === 'close') {
        this.close();
      }
    }

    async #giveToken(reason: 'connect' | 'expired' | 'rejected'): Promise<void> {
      try {
        const { getToken } = options ?? (await given);
        this.#say({ chinwag: 'token', token: await getToken({ reason }) });
      } catch (error) {
        this.#say({ chinwag: 'no-token', reason: error instanceof Error ? error.message : String(error) });
      }
    }

    #count(unread: number): void {
      this.#badge.textContent = unread > 99 ? '99+' : unread > 0 ? String(unread) : '';
      this.#status.textContent = unread > 0 ? `${unread} unread` : '';
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
