/** What is kept on a device is shown to its owner alone, and a client stays whose it is. */
import { afterEach, beforeEach, expect, test } from "vitest";

import type { ChatClient } from "../src/index.js";
import { createTestServer, type Person, type TestServer } from "../src/testing/index.js";
import { clientOf, closeAll, jwt, type Shelf, shelf, watched } from "./harness/fake.js";
import { until } from "./integration/harness/clients.js";

let server: TestServer;
let ann: Person;
let ben: Person;
let id: string;
let storage: Shelf;

beforeEach(() => {
  server = createTestServer();
  [ann, ben] = [server.user("ann"), server.user("ben")];
  id = server.conversation({ title: "Ann's lake", members: [ann, server.user("cat")] });
  server.conversation({ title: "Ben's shed", members: [ben] });
  storage = shelf();
});
afterEach(closeAll);

/** Ann was here: she read, left a draft, and one message is not sent. */
async function annWasHere(options: { user?: string; token?: string } = {}): Promise<void> {
  const client = clientOf(server, { token: ann.token, storage, ...options });
  await client.connect();
  const room = client.room(id);
  await room.join();
  await room.send("kept");
  client.drafts.set(id, "half a secret");
  server.disconnect({ offline: true });
  await until(client, ({ connection }) => connection.state === "reconnecting", "the loss is noticed");
  room.send("unsent");
  await client.close();
}

const isAnns = /ann|lake|kept|secret|unsent/i;

test.each([{ user: "ann" }, {}])("the next person on the device sees nothing of the last one's, online or not: $user", async (options) => {
  await annWasHere(options);
  const bens = "user" in options ? { user: "ben" } : {};
  for (const token of [ben.token, jwt("ben")]) {
    const away = clientOf(server, { token, storage, ...bens });
    const shown = watched(away);
    await expect(away.connect({ timeoutMs: 50 })).rejects.toMatchObject({ code: "timeout" });
    expect(shown.seen.filter((text) => isAnns.test(text))).toEqual([]);
    await away.close();
  }
  server.reconnect();
  const client = clientOf(server, { token: ben.token, storage, ...bens });
  const shown = watched(client);
  await client.connect();
  await until(client, ({ conversations }) => conversations.length === 1, "Ben's own");
  await client.outbox.flush();
  expect(shown.seen).toContain("Ben's shed");
  expect(shown.seen.filter((text) => isAnns.test(text))).toEqual([]);
  expect(server.texts(id)).toEqual(["kept"]);
});

test("with a user's name what is kept is there before anybody connects", async () => {
  await annWasHere({ user: "ann" });
  const client = clientOf(server, { token: ann.token, user: "ann", storage });
  await until(client.room(id), ({ messages }) => messages.length === 2, "what was kept");
  expect(client.drafts.get(id)).toBe("half a secret");
});

test("without one it is shown when the token names the same person", async () => {
  server.tokens(ann, jwt("ann"), jwt("ann", 2));
  await annWasHere({ token: jwt("ann") });
  const client = clientOf(server, { token: jwt("ann", 2), storage });
  expect(client.getSnapshot().conversations).toEqual([]);
  await expect(client.connect({ timeoutMs: 50 })).rejects.toMatchObject({ code: "timeout" });
  await until(client.room(id), ({ messages }) => messages.length === 2, "what was kept");
});

test("without one and with a token that says nothing, drafts and unsent messages come when the server knows", async () => {
  await annWasHere();
  server.reconnect();
  const client = clientOf(server, { token: ann.token, storage });
  await client.connect();
  await until(client, ({ drafts }) => drafts[id] === "half a secret", "the draft");
  await until(client, ({ outbox }) => outbox === 0 && server.texts(id).length === 2, "the message is sent");
  expect(server.texts(id)).toEqual(["kept", "unsent"]);
});

test("what belongs to somebody else under the same name is gone when the server says so", async () => {
  await annWasHere({ user: "shared" });
  server.reconnect();
  const client = clientOf(server, { token: ben.token, user: "shared", storage });
  await client.connect();
  await client.close();
  expect(JSON.stringify([...storage.values].filter(([key]) => !key.includes("|outbox")))).not.toMatch(/lake|secret/);
});

test("forgetting leaves nothing of the user on the device, and something of the others", async () => {
  await annWasHere({ user: "ann" });
  server.reconnect();
  const other = clientOf(server, { token: ben.token, user: "ben", storage });
  await other.connect();
  await other.close();
  const client = clientOf(server, { token: ann.token, user: "ann", storage });
  await client.connect();
  client.drafts.set(id, "another");
  await client.forget();
  expect(client.state).toBe("closed");
  expect(client.getSnapshot()).toMatchObject({ conversations: [], drafts: {}, outbox: 0, me: undefined });
  expect(JSON.stringify([...storage.values])).not.toMatch(/ann|lake|another|unsent/);
  expect(JSON.stringify([...storage.values])).toContain("shed");
});

test("forgetting works without a connection, too", async () => {
  await annWasHere({ user: "ann" });
  await clientOf(server, { token: ann.token, user: "ann", storage }).forget();
  expect([...storage.values.keys()]).toEqual([]);
});

async function turnsInto(next: string, act: (client: ChatClient) => void): Promise<ChatClient> {
  server.tokens(ann, jwt("ann"));
  server.tokens(ben, jwt("ben"));
  const given = [jwt("ann"), next];
  const client = clientOf(server, { token: async () => given.shift() ?? next });
  await client.connect();
  await client.room(id).join();
  act(client);
  await until(client, ({ connection }) => connection.state === "closed", "it ends");
  return client;
}

test.each([
  ["readable", () => jwt("ben")],
  ["opaque", () => ben.token],
])("a callback that gives another user's %s token ends the client, which stays who it was", async (_kind, token) => {
  const client = await turnsInto(token(), () => server.disconnect({ code: 4005 }));
  expect(client.getSnapshot().connection.error).toMatchObject({ code: "unauthorized", reason: "other_user", retryable: false });
  expect(client.me?.username).toBe("ann");
  expect(client.getSnapshot().conversations.map(({ title }) => title)).toEqual(["Ann's lake"]);
});

test("another token of the same user is taken", async () => {
  server.tokens(ann, jwt("ann"), jwt("ann", 2));
  for (const second of [jwt("ann", 2), ann.token]) {
    const given = [jwt("ann"), second];
    const client = clientOf(server, { token: async () => given.shift()! });
    await client.connect();
    server.disconnect({ code: 4005 });
    await until(client, ({ connection }) => connection.state === "reconnecting", "the loss is noticed");
    await until(client, ({ connection }) => connection.state === "online", "it is back");
  }
});
