// Which page is shown, from the address: `/`, `/?to={user}`, `/c/{id}?m={message}`, `/register`, `/setup#{token}`,
// `/static/chat.html` and `/embed?conversation={id}`, all below the base. Going somewhere is an entry of the browser's history,
// so the back gesture of a phone leads from a conversation to the list.

import type { ChatClient } from '@chinwag/client';

import { BASE, pathBelowBase } from '../lib/base';
import { kept, settle, whenSettled } from '../lib/layers';

export type Route =
  | { page: 'home'; to?: string }
  | { page: 'conversation'; id: string; focus?: string }
  | { page: 'register' }
  | { page: 'setup'; token: string }
  | { page: 'classic' }
  | { page: 'embed'; id: string };

export function routeOf(url: URL): Route {
  const path = pathBelowBase(url);
  const conversation = /^c\/(\d+)\/?$/.exec(path)?.[1];
  if (conversation) return { page: 'conversation', id: conversation, focus: url.searchParams.get('m') ?? undefined };
  if (/^register\/?$/.test(path)) return { page: 'register' };
  if (/^setup\/?$/.test(path)) return { page: 'setup', token: url.hash.slice(1) };
  if (path === 'static/chat.html') return { page: 'classic' };
  if (/^embed\/?$/.test(path)) return { page: 'embed', id: url.searchParams.get('conversation') ?? '' };
  return { page: 'home', to: /^\d+$/.exec(url.searchParams.get('to') ?? '')?.[0] };
}

let current = $state.raw<Route>(routeOf(new URL(location.href)));
let arrivals = $state(0);
addEventListener('popstate', () => (current = routeOf(new URL(location.href))));

// A notification was pressed while the page was open.
navigator.serviceWorker?.addEventListener('message', ({ data }: MessageEvent<{ type?: string; url?: string }>) => {
  if (data?.type === 'open' && data.url?.startsWith(BASE.href)) go(data.url);
});

export const router = {
  get route(): Route {
    return current;
  },
  /** Raised by each way into a conversation as a whole, also the one that is open. */
  get arrivals(): number {
    return arrivals;
  },
};

export function conversationUrl(id: string, focus?: string): string {
  const url = new URL(`c/${id}`, BASE);
  if (focus) url.searchParams.set('m', focus);
  return url.href;
}

/** Where the first message to somebody is written. */
export function firstWordsUrl(userId: string): string {
  const url = new URL(BASE);
  url.searchParams.set('to', userId);
  return url.href;
}

export function go(href: string, { replace = false } = {}): void {
  whenSettled(() => {
    // A second visit of the same place adds no entry: Back then leads on. A layer that closes gives its entry.
    const same = href === location.href;
    const { layers = 0, isOurs } = kept();
    if (layers > 0) history.replaceState({ isOurs: same || replace ? isOurs : true }, '', href);
    else if (replace || same) history.replaceState(history.state, '', href);
    else history.pushState({ isOurs: true }, '', href);
    current = routeOf(new URL(href));
    settle();
  });
}

export function openConversation(id: string, focus?: string): void {
  go(conversationUrl(id, focus));
  if (focus === undefined) whenSettled(() => (arrivals += 1));
}

/** To the conversation with somebody, or to where one begins: nothing is made for them before the first message. */
export function writeTo(client: ChatClient, userId: string): void {
  const known = client.getSnapshot().conversations.find(({ peer }) => peer?.id === userId);
  go(known ? conversationUrl(known.id) : firstWordsUrl(userId));
}

/** Back to the list: by the browser's history if that is where the visitor came from. */
export function leaveConversation(): void {
  const { layers = 0, isOurs } = kept();
  if (isOurs) history.go(-1 - layers);
  else go(BASE.href, { replace: true });
}
