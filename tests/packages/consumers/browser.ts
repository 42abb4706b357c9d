// In a page: the environment's own socket, request and storage.
import { type ChatClient, ChatError, createAuth, createClient, jsonStorage, type Message } from "@chinwag/client";
import { createTestServer } from "@chinwag/client/testing";

export async function start(): Promise<readonly Message[]> {
  const auth = createAuth("https://chat.example.com", { storage: "indexeddb", fetch });
  const chat: ChatClient = createClient("https://chat.example.com", {
    token: async ({ reason, signal }) => (await fetch(`/token?${reason}`, { signal })).text(),
    user: "ann",
    storage: jsonStorage(localStorage),
    fetch,
    WebSocket,
  });
  await chat.connect({ signal: new AbortController().signal, timeoutMs: 1000 });
  const room = chat.room(1);
  room.send({ content: "a file", files: [new File(["a"], "a.txt")], signal: AbortSignal.timeout(1000) });
  const blob: Blob = await chat.files.blob("/files/1");
  URL.createObjectURL(blob);
  for await (const event of chat.events()) if (event.type === "error" && event.error instanceof ChatError) break;
  const subscription = await (await navigator.serviceWorker.ready).pushManager.subscribe();
  await chat.push.subscribe(subscription.toJSON());
  const server = createTestServer();
  createClient(server.url, { token: auth.token, fetch: server.fetch, WebSocket: server.WebSocket });
  await chat.forget();
  return room.getSnapshot().messages;
}
