/** What a page leaves behind, the next one goes on with: in IndexedDB, as browsers keep it. */
import "fake-indexeddb/auto";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

import { createAuth } from "../../src/index.js";
import { clientOf, closeAll, connected, until } from "./harness/clients.js";
import { Proxy } from "./harness/proxy.js";
import { Random } from "./harness/random.js";
import { PASSWORD, type Person, Server } from "./harness/server.js";

let server: Server;
let ann: Person;
let ben: Person;

beforeAll(async () => {
  server = await Server.start();
  ann = await server.signIn("testuser");
  ben = await server.signIn("testuser2");
});
afterEach(closeAll);
afterAll(() => server.remove());

test("messages written offline survive the page, and are sent once by the next one", async () => {
  const id = await server.group(ann, [ben]);
  const proxy = await Proxy.start(server.url, new Random(1), 1 << 30, 1 << 31);
  const storage = "indexeddb" as const;
  const first = await connected(proxy.url, ann, { storage });
  await first.room(id).join();
  await first.room(id).send("before");
  // Its answer may come before its event, which is what is kept.
  await until(first, ({ conversations }) => conversations.some((one) => one.id === id && one.headSeq === 1), "its event");
  first.drafts.set(id, "half a sen");
  await server.kill();
  first.room(id).send("one");
  first.room(id).send("two");
  await first.close();
  const second = clientOf(proxy.url, ann, { storage });
  const connecting = second.connect();
  // The server is down: all this comes from storage.
  const kept = await until(second.room(id), ({ messages }) => messages.length === 3, "what was kept");
  expect(kept.messages.map(({ content, state }) => `${content} ${state}`)).toEqual(["before sent", "one pending", "two pending"]);
  expect(second.drafts.get(id)).toBe("half a sen");
  await server.start();
  await connecting;
  await second.outbox.flush();
  const texts = await server.call<{ content: string }[]>(ann, "GET", `/conversations/${id}/messages`);
  expect(texts.map(({ content }) => content)).toEqual(["before", "one", "two"]);
  const third = await connected(proxy.url, ann, { storage });
  expect(third.outbox.pending).toBe(0);
  await proxy.close();
});

test("somebody else who signs in sees and sends nothing of it", async () => {
  const id = await server.group(ann, [ben]);
  const storage = "indexeddb" as const;
  const first = await connected(server.url, ann, { storage });
  await first.room(id).join();
  first.drafts.set(id, "secret");
  await first.close();
  const second = await connected(server.url, ben, { storage });
  expect(second.me?.username).toBe("testuser2");
  expect(second.drafts.get(id)).toBe("");
});

test("a session survives the page, is renewed, and ends everywhere", async () => {
  const storage = new Map<string, unknown>();
  const adapter = {
    get: async (key: string) => storage.get(key),
    set: async (key: string, value: unknown) => void storage.set(key, value),
    delete: async (key: string) => void storage.delete(key),
  };
  let refreshes = 0;
  const counting: typeof fetch = (input, init) => {
    if (String(input).endsWith("/auth/refresh")) refreshes++;
    return fetch(input, init);
  };
  const auth = createAuth(server.url, { storage: adapter, fetch: counting });
  await expect(auth.signIn("testuser", "wrong password")).rejects.toMatchObject({ code: "unauthorized", status: 401 });
  expect(await auth.signIn("testuser", PASSWORD)).toMatchObject({ username: "testuser", name: "Test User" });
  const { signal } = new AbortController();
  const token = await auth.token({ reason: "connect", signal });
  const later = createAuth(server.url, { storage: adapter, fetch: counting });
  expect(await later.restore()).toMatchObject({ username: "testuser" });
  expect(await later.token({ reason: "connect", signal })).toBe(token);
  // Both were refused the same token: one spends the refresh token, the other finds what it got.
  const [one, other] = await Promise.all([
    auth.token({ reason: "rejected", signal }),
    later.token({ reason: "rejected", signal }),
  ]);
  expect(other).toBe(one);
  expect(refreshes).toBe(1);
  const client = clientOf(server.url, ann, { token: later.token });
  await client.connect();
  expect((await client.account.sessions()).some(({ current }) => current)).toBe(true);
  let ended = 0;
  auth.onSignedOut(() => ended++);
  await later.signOut();
  await until(client, ({ connection }) => connection.state === "closed", "the server ends the socket");
  await expect(auth.token({ reason: "connect", signal })).rejects.toMatchObject({ code: "unauthorized" });
  expect(ended).toBe(1);
  expect(await auth.restore()).toBeUndefined();
  expect(await auth.server()).toMatchObject({ demo: true });
});
