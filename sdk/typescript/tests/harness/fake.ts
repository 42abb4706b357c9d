/** Clients of the double, and a place to keep things that tests can look into. */
import { type ChatClient, type ClientOptions, createClient, type StorageAdapter } from "../../src/index.js";
import type { TestServer } from "../../src/testing/index.js";

const open = new Set<ChatClient>();

export function clientOf({ url, fetch, WebSocket }: TestServer, options: ClientOptions): ChatClient {
  const client = createClient(url, { fetch, WebSocket, backoff: { minMs: 1, maxMs: 5 }, ...options });
  open.add(client);
  return client;
}

export async function closeAll(): Promise<void> {
  await Promise.all([...open].map((client) => client.close()));
  open.clear();
}

export interface Shelf extends StorageAdapter {
  readonly values: Map<string, unknown>;
}

/** As IndexedDB keeps things: copies. */
export function shelf(): Shelf {
  const values = new Map<string, unknown>();
  return {
    values,
    get: async (key) => structuredClone(values.get(key)),
    set: async (key, value) => void values.set(key, structuredClone(value)),
    delete: async (key) => void values.delete(key),
  };
}

/** As hosts sign them; nobody here looks at the signature. */
export function jwt(subject: string, turn = 0): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "HS256" })}.${part({ iss: "host", sub: subject, turn })}.c2ln`;
}

/** Everything that a client ever shows, from now on. */
export function watched(client: ChatClient): { seen: string[] } {
  const seen: string[] = [];
  const look = () => {
    const { conversations, drafts, me } = client.getSnapshot();
    for (const { id, title, lastMessage } of conversations) {
      seen.push(title, lastMessage?.content ?? "", ...client.room(id).getSnapshot().messages.map(({ content }) => content));
    }
    seen.push(...Object.values(drafts), me?.username ?? "");
  };
  look();
  client.subscribe(look);
  return { seen };
}
