// What a person notices of messages while looking elsewhere: the count in the title, a dot on the icon, the
// badge of an installed page, a sound and a notification. Of all tabs one makes the sound: who holds the lock.

import type { ChatClient, Conversation, Message } from '@chinwag/client';
import { onDestroy } from 'svelte';
import { t } from '../i18n/index.svelte';
import { BASE } from '../lib/base';
import { nameFor } from '../lib/names.svelte';
import { settings } from '../lib/settings.svelte';
import { reactive } from '../lib/store.svelte';
import { conversationUrl } from '../shell/router.svelte';
import { previewText } from '../shell/preview';
import { playSound } from './sound';

interface Looking {
  currentId: string | undefined;
  title: string;
}

const DOT = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#3451d1" d="M9 3h14a7 7 0 0 1 7 7v7a7 7 0 0 1-7 7h-8.2l-6.3 5.2A.9.9 0 0 1 7 28.5V23.7A7 7 0 0 1 2 17v-7a7 7 0 0 1 7-7z"/><circle cx="24" cy="8" r="8" fill="#e5484d" stroke="#fff" stroke-width="2"/></svg>',
)}`;

/** Called once by the component that shows the chat. */
export function notify(client: () => ChatClient, looking: () => Looking): void {
  const count = $derived(reactive(client()).current.conversations.reduce((sum, one) => sum + loudCount(one), 0));

  $effect(() => {
    const { title } = looking();
    const named = title === t('app.name') ? title : `${title} – ${t('app.name')}`;
    document.title = count > 0 ? t('notify.title_count', { count, title: named }) : named;
  });

  const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  const plain = icon?.href ?? '';
  $effect(() => {
    if (icon) icon.href = count > 0 ? DOT : plain;
  });

  $effect(() => {
    // Only an installed page has a badge; elsewhere the call is refused, which is fine.
    if (count > 0) navigator.setAppBadge?.(count).catch(() => undefined);
    else navigator.clearAppBadge?.().catch(() => undefined);
  });

  const tabs = new Tabs();
  $effect(() => tabs.look(looking().currentId));
  $effect(() => {
    const current = client();
    return current.on('message', ({ message, live }) => {
      if (live && tabs.isLeader && !tabs.isSeen(message.conversationId)) tell(current, message);
    });
  });

  onDestroy(() => {
    tabs.close();
    document.title = t('app.name');
    if (icon) icon.href = plain;
    navigator.clearAppBadge?.().catch(() => undefined);
  });
}

/** How many of the unread messages somebody wants to hear of. */
function loudCount({ unread, mentions, notifications, muted }: Conversation): number {
  if (muted) return 0;
  return notifications === 'mentions' ? mentions : unread;
}

function tell(client: ChatClient, message: Message): void {
  const { me } = client;
  const conversation = client.conversations.get(message.conversationId);
  if (!me || !conversation || message.senderId === me.id || conversation.muted) return;
  if (conversation.notifications === 'mentions' && !message.mentions.includes(me.username.toLowerCase())) return;
  if (settings.sound) void playSound();
  if (document.visibilityState === 'hidden') void show(client, message, conversation);
}

async function show(client: ChatClient, message: Message, conversation: Conversation): Promise<void> {
  if (!settings.notifications || Notification.permission !== 'granted') return;
  const worker = await navigator.serviceWorker?.getRegistration(BASE.href);
  // The server's own notification comes by the worker, whether this page lives or not.
  if (!worker || (await worker.pushManager?.getSubscription())) return;
  const name = await nameFor(client, message.senderId, message.senderName);
  const title = conversation.kind === 'direct' ? name : t('notify.title', { name, conversation: conversation.title });
  await worker.showNotification(title, {
    body: previewText(message),
    tag: `conversation-${conversation.id}`,
    data: { url: conversationUrl(conversation.id, message.id) },
  });
}

/** What the tabs of this browser tell each other: which conversation is looked at, and who makes the sound. */
class Tabs {
  isLeader = false;
  readonly #own = Math.random().toString(36);
  readonly #looks = new Map<string, string | undefined>();
  readonly #channel = new BroadcastChannel('chinwag.looking');
  readonly #closing = new AbortController();
  #currentId: string | undefined;

  constructor() {
    const { signal } = this.#closing;
    this.#channel.onmessage = ({ data }: MessageEvent<{ tab: string; id?: string }>) => void this.#looks.set(data.tab, data.id);
    for (const event of ['focus', 'blur']) addEventListener(event, () => this.#say(), { signal });
    // A page that goes may still have the focus.
    addEventListener('pagehide', () => this.#tell(undefined), { signal });
    // Without https there are no locks, and no notifications either: then each tab makes its own sound.
    this.isLeader = !navigator.locks;
    navigator.locks
      ?.request('chinwag.sound', { signal }, () => {
        this.isLeader = true;
        return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      })
      .catch(() => undefined);
  }

  look(currentId: string | undefined): void {
    this.#currentId = currentId;
    this.#say();
  }

  isSeen(conversationId: string): boolean {
    return [...this.#looks.values()].includes(conversationId);
  }

  #say(): void {
    this.#tell(document.hasFocus() ? this.#currentId : undefined);
  }

  #tell(id: string | undefined): void {
    this.#looks.set(this.#own, id);
    this.#channel.postMessage({ tab: this.#own, id });
  }

  close(): void {
    this.#currentId = undefined;
    this.#say();
    this.#closing.abort();
    this.#channel.close();
  }
}
