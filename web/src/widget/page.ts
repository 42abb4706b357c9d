// The page around this frame, as the chat inside sees it. Which pages may frame this one the server decides,
// by `frame-ancestors`: so whoever does is allowed. Words of any other window are not heard.

import type { Theme, ToFrame, ToPage } from './protocol';

type Reason = 'connect' | 'expired' | 'rejected';

class SurroundingPage {
  #origin: string | undefined;
  #waiting: { resolve(token: string): void; reject(error: Error): void }[] = [];
  onhello: (isOpen: boolean) => void = () => undefined;
  onopen: (isOpen: boolean) => void = () => undefined;
  ontheme: (theme: Theme) => void = () => undefined;
  /** It spoke before anybody listened. */
  #greeting: boolean | undefined;
  #theme: Theme = 'auto';

  constructor() {
    if (window.parent !== window) addEventListener('message', (event: MessageEvent<ToFrame>) => this.#heard(event));
  }

  get isThere(): boolean {
    return window.parent !== window;
  }

  /** Calls back when the page has spoken, even if it has already. */
  greet(onhello: (isOpen: boolean) => void): void {
    this.onhello = onhello;
    this.ontheme(this.#theme);
    if (this.#greeting !== undefined) onhello(this.#greeting);
  }

  say(message: ToPage): void {
    if (this.#origin !== undefined) window.parent.postMessage(message, this.#origin);
  }

  /** A token from the page's own backend. */
  token(reason: Reason, signal: AbortSignal): Promise<string> {
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      this.#waiting.push(waiter);
      signal.addEventListener('abort', () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
        reject(new DOMException('no longer wanted', 'AbortError'));
      });
      this.say({ chinwag: 'token?', reason });
    });
  }

  #dress(theme: Theme): void {
    this.#theme = theme;
    this.ontheme(theme);
  }

  #heard({ source, origin, data }: MessageEvent<ToFrame>): void {
    if (source !== window.parent || (this.#origin !== undefined && origin !== this.#origin)) return;
    if (data?.chinwag === 'hello') {
      this.#origin = origin;
      this.#greeting = data.isOpen;
      // The page around shows that it may not show this one, until it hears of it.
      this.say({ chinwag: 'here' });
      this.#dress(data.theme);
      this.onhello(data.isOpen);
    } else if (data?.chinwag === 'theme') {
      this.#dress(data.theme);
    } else if (data?.chinwag === 'open' || data?.chinwag === 'closed') {
      this.#greeting = data.chinwag === 'open';
      this.onopen(data.chinwag === 'open');
    } else if (data?.chinwag === 'token') {
      for (const { resolve } of this.#waiting.splice(0)) resolve(data.token);
    } else if (data?.chinwag === 'no-token') {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(data.reason));
    }
  }
}

/** Made with the module, so that it hears the page's first word. */
export const page = new SurroundingPage();
