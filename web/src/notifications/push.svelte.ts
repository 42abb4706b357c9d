// Notifications of this device: the browser's permission, the service worker, and the server's push where it
// has any. Nothing here asks for the permission by itself: `turnOn` is called by a click.

import type { ChatClient } from '@chinwag/client';
import { BASE } from '../lib/base';
import { change, settings } from '../lib/settings.svelte';

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

let address: string | undefined;
/** The page's policy lets one script be named by a string, and this is it. */
function workerUrl(): string {
  const url = new URL('sw.js', BASE).href;
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  address ??= trustedTypes?.createPolicy('chat-sw', { createScriptURL: () => url }).createScriptURL(url) ?? url;
  return address;
}

/** The worker, if notifications were ever turned on here. */
async function registration(): Promise<ServiceWorkerRegistration | undefined> {
  return navigator.serviceWorker?.getRegistration(BASE.href);
}

/** Before signing out: this device hears nothing more. The server forgets it with the session. */
export async function forgetDevice(): Promise<void> {
  const subscription = await (await registration())?.pushManager?.getSubscription();
  await subscription?.unsubscribe();
}

export class Push {
  state: 'unknown' | 'off' | 'on' | 'denied' | 'unsupported' = $state('unknown');
  /** The server pushes: messages come while the page is closed. */
  isOffered = $state(false);
  /** This device takes what it pushes. Without that, an open page notifies by itself. */
  isPushed = $state(false);
  content: 'full' | 'none' = $state('full');
  readonly #client: ChatClient;
  #key: string | undefined;

  constructor(client: ChatClient) {
    this.#client = client;
  }

  /** How things stand. */
  async look(): Promise<void> {
    if (!('Notification' in globalThis) || !('serviceWorker' in navigator)) {
      this.state = 'unsupported';
      return;
    }
    this.state = Notification.permission === 'denied' ? 'denied' : Notification.permission === 'granted' && settings.notifications ? 'on' : 'off';
    this.#key = await this.#client.push.key();
    this.isOffered = this.#key !== undefined && 'PushManager' in globalThis;
    if (this.isOffered && this.state === 'on' && (await this.#subscription())) {
      const known = (await this.#client.push.list()).find(({ id }) => id === settings.pushId);
      this.content = known?.content ?? 'full';
      this.isPushed = known !== undefined;
    }
  }

  /** Rejects if the browser or the server refuses the push; an open page notifies all the same. */
  async turnOn(): Promise<void> {
    const permission = await Notification.requestPermission();
    if (permission !== 'granted') {
      this.state = permission === 'denied' ? 'denied' : 'off';
      return;
    }
    await navigator.serviceWorker.register(workerUrl(), { scope: BASE.pathname });
    change({ notifications: true });
    this.state = 'on';
    if (this.isOffered) await this.#subscribe();
  }

  async turnOff(): Promise<void> {
    const { pushId } = settings;
    change({ notifications: false, pushId: '' });
    this.state = 'off';
    this.isPushed = false;
    await (await this.#subscription())?.unsubscribe();
    const known = pushId ? await this.#client.push.list() : [];
    if (known.some(({ id }) => id === pushId)) await this.#client.push.remove(pushId);
  }

  /** Whether the text of messages leaves the server with a notification. */
  async show(content: 'full' | 'none'): Promise<void> {
    this.content = content;
    if (this.isPushed) await this.#subscribe();
  }

  async #subscribe(): Promise<void> {
    const worker = await navigator.serviceWorker.ready;
    const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: this.#key });
    try {
      const { id } = await this.#client.push.subscribe(subscription.toJSON(), this.content);
      change({ pushId: id });
      this.isPushed = true;
    } catch (error) {
      // Else the page would leave the notifications to a push that never comes.
      await subscription.unsubscribe();
      this.isPushed = false;
      throw error;
    }
  }

  async #subscription(): Promise<PushSubscription | null | undefined> {
    return (await registration())?.pushManager?.getSubscription();
  }
}
