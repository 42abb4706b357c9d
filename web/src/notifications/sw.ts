// The service worker: shows what the server pushes, and leads to the message. It keeps no page and answers
// no request, so a new version of the page is never held back. One classic script: nothing is imported.

interface Pushed {
  conversation_id?: number;
  title?: string;
  sender_display_name?: string;
  body?: string;
  unread?: number;
  tag?: string;
  url?: string;
}

// The library of a worker clashes with that of a page, and this is all that is used of it.
interface WorkerEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface PushedEvent extends WorkerEvent {
  data?: { json(): unknown };
}
interface ClickEvent extends WorkerEvent {
  notification: Notification;
}
interface Window {
  url: string;
  focused: boolean;
  visibilityState: string;
  focus(): Promise<unknown>;
  postMessage(message: unknown): void;
}
interface Worker {
  registration: ServiceWorkerRegistration;
  clients: { matchAll(options: object): Promise<Window[]>; openWindow(url: string): Promise<unknown> };
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install', run: (event: WorkerEvent) => void): void;
  addEventListener(type: 'push', run: (event: PushedEvent) => void): void;
  addEventListener(type: 'notificationclick', run: (event: ClickEvent) => void): void;
}

{
  const worker = globalThis as unknown as Worker;
  const scope = worker.registration.scope;

  worker.addEventListener('install', (event) => event.waitUntil(worker.skipWaiting()));

  worker.addEventListener('push', (event) => event.waitUntil(show((event.data?.json() ?? {}) as Pushed)));

  worker.addEventListener('notificationclick', (event) => {
    event.notification.close();
    event.waitUntil(open((event.notification.data as { url?: string } | null)?.url));
  });

  async function show({ conversation_id, title, sender_display_name, body, unread, tag, url }: Pushed): Promise<void> {
    if (unread !== undefined) await navigator.setAppBadge?.(unread).catch(() => undefined);
    const pages = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
    // Who looks at the page sees the message there.
    if (pages.some(({ focused }) => focused)) return;
    const heading = [sender_display_name, title].filter((part, place, all) => part && all.indexOf(part) === place).join(' · ');
    await worker.registration.showNotification(heading || 'chinwag', {
      body,
      tag: tag ?? (conversation_id === undefined ? undefined : `conversation-${conversation_id}`),
      icon: new URL('icon-192.png', scope).href,
      badge: new URL('icon-192.png', scope).href,
      data: { url: new URL((url ?? '').replace(/^\//, ''), scope).href },
    });
  }

  async function open(url = scope): Promise<void> {
    const [page] = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
    if (page) {
      await page.focus();
      page.postMessage({ type: 'open', url });
    } else {
      await worker.clients.openWindow(url);
    }
  }
}
