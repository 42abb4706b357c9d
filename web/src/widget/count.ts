// The number on the widget's button before anybody opens the chat: one question to the server, with the token of
// the page around. Nothing else of the chat is loaded for it.

import { BASE } from '../lib/base';
import { page } from './page';

page.greet(() => void count().catch(() => undefined));

async function count(): Promise<void> {
  const id = new URL(location.href).searchParams.get('conversation') ?? '';
  if (!/^\d+$/.test(id)) return;
  const token = await page.token('connect', new AbortController().signal);
  const response = await fetch(new URL(`conversations/${id}`, BASE), { headers: { authorization: `Bearer ${token}` } });
  // Why somebody is not let in the chat itself says, when it is opened.
  if (!response.ok) return;
  const { unread, mentions } = (await response.json()) as { unread: number; mentions: number };
  page.say({ chinwag: 'unread', unread, mentions });
}
