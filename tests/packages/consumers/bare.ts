// Without the DOM's types and without Node's: whoever runs this gives it what it needs.
import { createClient, type FetchLike, jsonStorage, type SocketConstructor, type StorageAdapter } from "@chinwag/client";
import { createTestServer, type TestServer } from "@chinwag/client/testing";

declare const socket: SocketConstructor;
declare const request: FetchLike;

export async function start(): Promise<number> {
  const texts = new Map<string, string>();
  const storage: StorageAdapter = jsonStorage(texts);
  const chat = createClient("https://chat.example.com", { token: async () => "token", WebSocket: socket, fetch: request, storage });
  await chat.connect({ timeoutMs: 1000 });
  const stop = chat.on("message", ({ message }) => void message.createdAt.getTime());
  stop();
  const server: TestServer = createTestServer();
  const { url, fetch, WebSocket } = server;
  await createClient(url, { fetch, WebSocket, token: server.user("ann").token }).close();
  const file = await chat.files.blob("/files/1");
  return file.size;
}
