// Files come through the SDK, since they need the token, and are shown as `blob:` addresses. Addresses that
// nobody shows are kept for a while, the oldest given back first.

import type { ChatClient } from '@chinwag/client';

const MAX_UNUSED = 40;

interface Held {
  address: Promise<string>;
  users: number;
}

const held = new Map<string, Held>();

/** The address of a file; give it back with `release`. */
export function hold(client: ChatClient, url: string): Promise<string> {
  let entry = held.get(url);
  if (!entry) {
    entry = { address: client.files.blob(url).then((blob) => URL.createObjectURL(blob)), users: 0 };
    // What could not be read is asked for again the next time.
    entry.address.catch(() => held.delete(url));
    held.set(url, entry);
  }
  entry.users += 1;
  return entry.address;
}

export function release(url: string): void {
  const entry = held.get(url);
  if (!entry) return;
  entry.users -= 1;
  // The newest unused one goes to the end.
  held.delete(url);
  held.set(url, entry);
  const unused = [...held].filter(([, { users }]) => users === 0);
  for (const [old, { address }] of unused.slice(0, Math.max(0, unused.length - MAX_UNUSED))) {
    held.delete(old);
    void address.then((found) => URL.revokeObjectURL(found), () => undefined);
  }
}

/** Saves a file under its name. */
export async function download(client: ChatClient, { url, name }: { url: string; name: string }): Promise<void> {
  const address = await hold(client, url);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  release(url);
}

/** Shows a file in a tab of its own. The tab is opened at once: after a wait browsers take it for an advertisement. */
export async function openInTab(client: ChatClient, { url, mime }: { url: string; mime: string }): Promise<void> {
  const tab = window.open('', '_blank');
  try {
    const bytes = await client.files.blob(url);
    // By the type that the server found in the content, whatever the answer says.
    const address = URL.createObjectURL(new Blob([bytes], { type: mime }));
    if (tab) {
      tab.opener = null;
      tab.location.replace(address);
    }
    // Its viewer has read it by then; the tab keeps what it shows.
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  } catch (error) {
    tab?.close();
    throw error;
  }
}
