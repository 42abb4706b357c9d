/** Clients of a real server, and waiting for what they see. */
import { WebSocket } from "ws";

import { type ChatClient, type ClientOptions, createClient } from "../../../src/index.js";
import type { Person, Server } from "./server.js";

const open = new Set<ChatClient>();

/** Closed by `closeAll` if the test does not do it. */
export function clientOf(url: string, person: Person, options: Partial<ClientOptions> = {}): ChatClient {
  const socket = WebSocket as unknown as typeof globalThis.WebSocket;
  const client = createClient(url, {
    token: person.token,
    WebSocket: socket,
    backoff: { minMs: 20, maxMs: 200 },
    ...options,
  });
  open.add(client);
  return client;
}

export async function connected(url: string, person: Person, options?: Partial<ClientOptions>): Promise<ChatClient> {
  const client = clientOf(url, person, options);
  await client.connect({ timeoutMs: 10_000 });
  return client;
}

export async function closeAll(): Promise<void> {
  await Promise.all([...open].map((client) => client.close()));
  open.clear();
}

interface Store<S> {
  subscribe(onChange: () => void): () => void;
  getSnapshot(): S;
}

/** Resolves when a snapshot is as wanted: no polling, and a deadline that says what was there instead. */
export function until<S>(store: Store<S>, isSo: (snapshot: S) => boolean, what: string, ms = 20_000): Promise<S> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const snapshot = store.getSnapshot();
      if (!isSo(snapshot)) return;
      clearTimeout(timer);
      stop();
      resolve(snapshot);
    };
    const stop = store.subscribe(look);
    const timer = setTimeout(() => {
      stop();
      reject(new Error(`${what}: not within ${ms} ms; at last ${JSON.stringify(store.getSnapshot()).slice(0, 2000)}`));
    }, ms);
    look();
  });
}

/** Waits until every client has the whole of every log. */
export async function settle(server: Server, person: Person, rooms: string[], clients: ChatClient[]): Promise<void> {
  for (const id of rooms) {
    const page = await server.call<{ head: string }>(person, "GET", `/conversations/${id}/events?limit=1`);
    const head = Number.parseInt(page.head, 10);
    for (const client of clients) {
      await until(client, ({ conversations }) => conversations.some((one) => one.id === id && one.headSeq >= head), "the head");
      await until(client.room(id), ({ state }) => state === "live", "live again");
    }
  }
}
