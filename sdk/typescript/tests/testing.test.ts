/** The double of a server behaves as the client expects of a real one. */
import { afterEach, beforeEach, expect, test } from "vitest";

import { type ChatClient, createClient, type Happening, type Room } from "../src/index.js";
import { createTestServer, type Person, type TestServer } from "../src/testing/index.js";
import { until } from "./integration/harness/clients.js";

let server: TestServer;
let ann: Person;
let ben: Person;
let id: string;
const open: ChatClient[] = [];

beforeEach(() => {
  server = createTestServer();
  ann = server.user("ann");
  ben = server.user("ben");
  id = server.conversation({ title: "Lake", members: [ann, ben] });
});
afterEach(() => Promise.all(open.splice(0).map((client) => client.close())));

async function chat(person: Person): Promise<ChatClient> {
  const { url, fetch, WebSocket } = server;
  const client = createClient(url, { token: person.token, fetch, WebSocket, backoff: { minMs: 1, maxMs: 5 } });
  open.push(client);
  await client.connect();
  return client;
}

test("a message goes from one client to another, and is seen to be read", async () => {
  const [one, other] = [await chat(ann), await chat(ben)];
  await Promise.all([one.room(id).join(), other.room(id).join()]);
  expect(await one.room(id).send("Hello")).toMatchObject({ content: "Hello", state: "sent" });
  await until(other.room(id), ({ messages }) => messages.length === 1, "it arrives");
  await other.room(id).markRead();
  await until(one.room(id), ({ messages }) => messages[0]?.state === "read", "it is read");
  expect(server.texts(id)).toEqual(["Hello"]);
});

test("what is written while offline is sent once, in order, when the network is back", async () => {
  const client = await chat(ann);
  const room = client.room(id);
  await room.join();
  server.disconnect({ offline: true });
  await until(client, ({ connection }) => connection.state === "reconnecting", "the loss is noticed");
  room.send("one");
  room.send("two");
  expect(room.getSnapshot().messages.map(({ state }) => state)).toEqual(["pending", "pending"]);
  expect(client.getSnapshot().outbox).toBe(2);
  server.say(ben, id, "meanwhile");
  server.reconnect();
  await client.outbox.flush();
  expect(server.texts(id)).toEqual(["meanwhile", "one", "two"]);
  const { messages } = await until(room, ({ messages }) => messages.every(({ state }) => state === "sent"), "all are sent");
  expect(messages.map(({ content }) => content)).toEqual(["meanwhile", "one", "two"]);
});

test("a refused message fails, holds nobody up, and can be tried again or taken back", async () => {
  const client = await chat(ann);
  const room = client.room(id);
  await room.join();
  server.refuse("send", "archived");
  const refused = room.send("no");
  const next = room.send("yes");
  await expect(refused).rejects.toMatchObject({ code: "forbidden", reason: "archived", retryable: false });
  await next;
  expect(refused.message.state).toBe("failed");
  expect(room.getSnapshot().messages.map(({ content }) => content)).toEqual(["yes", "no"]);
  expect((await refused.retry()).content).toBe("no");
  server.refuse("send", "forbidden");
  const other = room.send("never");
  await expect(other).rejects.toThrow();
  await other.cancel();
  expect(server.texts(id)).toEqual(["yes", "no"]);
  expect(room.getSnapshot().messages).toHaveLength(2);
});

test("a message that is refused for now is tried again in its place", async () => {
  const client = await chat(ann);
  const room = client.room(id);
  await room.join();
  server.refuse("send", "rate_limited", 1);
  room.send("one");
  await room.send("two");
  expect(server.texts(id)).toEqual(["one", "two"]);
});

test("a reaction shows at once, and is taken back if it is refused", async () => {
  const message = server.say(ben, id, "Hello");
  const client = await chat(ann);
  const room = client.room(id);
  await room.join();
  const reacted = room.react(message, "👍");
  expect(room.getSnapshot().messages[0]!.reactions).toEqual({ "👍": [ann.id] });
  await reacted;
  server.refuse("react", "forbidden");
  await expect(room.react(message, "🎉")).rejects.toMatchObject({ code: "forbidden" });
  expect(room.getSnapshot().messages[0]!.reactions).toEqual({ "👍": [ann.id] });
});

test("reactions are in the order in which each emoji came, in one spelling, and only emoji", async () => {
  const message = server.say(ben, id, "Hello");
  const [one, other] = [(await chat(ann)).room(id), (await chat(ben)).room(id)];
  const loaded = async (room: Room) => Object.entries((await room.history()).messages[0]!.reactions);
  await one.react(message, "❤");
  await one.react(message, "👍");
  await other.react(message, "❤️");
  expect(await loaded(one)).toEqual([["❤️", [ann.id, ben.id]], ["👍", [ann.id]]]);
  await one.react(message, "❤", false);
  await one.react(message, "❤");
  expect(await loaded(one)).toEqual([["❤️", [ben.id, ann.id]], ["👍", [ann.id]]]);
  for (const word of ["x", "👍👍", ""]) await expect(one.react(message, word)).rejects.toMatchObject({ reason: "invalid_content" });
  for (const emoji of ["❤", "👍"]) await one.react(message, emoji, false);
  await other.react(message, "❤", false);
  expect(await loaded(one)).toEqual([]);
  const first = 0x1f600;
  for (let at = 0; at < 50; at++) await one.react(message, String.fromCodePoint(first + at));
  await expect(other.react(message, "👍")).rejects.toMatchObject({ reason: "invalid_content" });
  await other.react(message, String.fromCodePoint(first));
  expect(await loaded(one)).toHaveLength(50);
});

test("leaving a conversation takes it out of the list", async () => {
  const client = await chat(ann);
  await until(client, ({ conversations }) => conversations.length === 1, "it is listed");
  const left: unknown[] = [];
  client.on("conversation_left", (told) => left.push(told));
  server.leave(ann, id);
  await until(client, ({ conversations }) => conversations.length === 0, "it is gone");
  expect(left).toEqual([{ conversationId: id, actorId: ann.id }]);
});

test("events can be read one after the other", async () => {
  const client = await chat(ann);
  const end = new AbortController();
  const events = client.room(id).events({ signal: end.signal });
  server.say(ben, id, "one");
  server.say(ben, id, "two");
  const seen: string[] = [];
  for await (const event of events) {
    if (event.type === "message") seen.push(event.message.content);
    if (seen.length === 2) end.abort();
  }
  expect(seen).toEqual(["one", "two"]);
});

test("titles, topics and the archive are changed by who runs a group, and everybody hears of it", async () => {
  const [one, other] = [await chat(ann), await chat(ben)];
  await Promise.all([one.room(id).join(), other.room(id).join()]);
  expect(await one.conversations.update(id, { title: "Sea", topic: "When?" })).toMatchObject({ title: "Sea", topic: "When?" });
  await until(other, ({ conversations }) => conversations[0]?.title === "Sea", "the title arrives");
  expect(other.room(id).getSnapshot().happenings).toMatchObject([{ kind: "changed", title: "Sea", actorId: ann.id }]);
  await expect(other.conversations.update(id, { title: "Mine" })).rejects.toMatchObject({ code: "forbidden", status: 403 });
  await one.conversations.update(id, { archived: true });
  await expect(one.room(id).send("too late")).rejects.toMatchObject({ code: "forbidden", reason: "archived" });
  await one.conversations.update(id, { archived: false });
  await one.room(id).send("in time");
});

test("one chooses what notifies, and another client of the same user has it when it comes", async () => {
  const client = await chat(ann);
  await client.conversations.setNotifications(id, "none");
  expect(client.conversations.get(id)).toMatchObject({ notifications: "none", muted: true });
  expect((await chat(ann)).conversations.get(id)).toMatchObject({ notifications: "none", muted: true });
  expect((await chat(ben)).conversations.get(id)).toMatchObject({ notifications: "all" });
});

test("files go up in chunks or in one request, go with one message, and are read by who may read that", async () => {
  const [one, other, stranger] = [await chat(ann), await chat(ben), await chat(server.user("cat"))];
  await Promise.all([one.room(id).join(), other.room(id).join()]);
  const bytes = new Uint8Array(200_000).map((_, place) => place % 251);
  const steps: number[] = [];
  const file = new File([bytes], "a.bin", { type: "application/x-test" });
  await one.room(id).send({ content: "", files: [file], onProgress: ({ loaded }) => void steps.push(loaded) });
  expect(steps.at(-1)).toBe(bytes.length);
  const { messages } = await until(other.room(id), ({ messages }) => messages.length === 1, "it arrives");
  const [attachment] = messages[0]!.attachments;
  expect(attachment).toMatchObject({ name: "a.bin", mime: "application/x-test", size: 200_000 });
  expect(new Uint8Array(await (await other.files.blob(attachment!.url)).arrayBuffer())).toEqual(bytes);
  await expect(stranger.files.blob(attachment!.url)).rejects.toMatchObject({ code: "not_found" });
  const form = new FormData();
  form.set("file", new Blob(["abc"]), "b.txt");
  const made = await server.fetch(`${server.url}/files`, { method: "POST", headers: { authorization: `Bearer ${ann.token}` }, body: form });
  expect(JSON.parse(await made.text())).toMatchObject({ name: "b.txt", size: 3 });
});

test("people come, get another role and go, and each hears what concerns them", async () => {
  const cat = server.user("cat");
  const [one, other, third] = [await chat(ann), await chat(ben), await chat(cat)];
  await one.room(id).join();
  await one.room(id).addMember(cat.id);
  await until(third, ({ conversations }) => conversations[0]?.id === id, "the newcomer sees it");
  await until(one.room(id), ({ members }) => members.length === 3, "the others see them");
  await one.room(id).setRole(cat.id, "admin");
  await third.room(id).removeMember(ben.id);
  await until(other, ({ conversations }) => conversations.length === 0, "it is gone for who was removed");
  await expect(third.room(id).removeMember(ann.id)).rejects.toMatchObject({ code: "forbidden" });
  await until(one.room(id), ({ happenings }) => happenings.length === 3, "all of it is told");
  expect(one.room(id).getSnapshot().happenings.map(({ kind, username }) => `${kind} ${username}`)).toEqual([
    "added cat",
    "role cat",
    "removed ben",
  ]);
});

test("one's own names are as one changes them", async () => {
  const client = await chat(ann);
  expect(await client.account.update({ firstName: "Ann", lastName: "Lee" })).toMatchObject({ name: "Ann Lee" });
  expect((await chat(ann)).me).toMatchObject({ firstName: "Ann", name: "Ann Lee" });
});

test("what happened between the messages is told live, after a return, and page by page", async () => {
  const client = await chat(ann);
  const room = client.room(id);
  await room.join();
  const cat = server.user("cat");
  const first = await room.send("one");
  await client.conversations.update(id, { topic: "Boats" });
  await room.addMember(cat.id);
  await room.pin(first.id);
  await room.send("two");
  await client.conversations.update(id, { title: "Sea" });
  await client.conversations.update(id, { archived: true });
  const told = (happenings: readonly Happening[]) => happenings.map(({ kind, changed, userId }) => [kind, changed?.join() ?? userId].join(" ").trim());
  const all = ["changed topic", `added ${cat.id}`, "pinned", "changed title", "changed archived"];
  await until(room, ({ happenings }) => happenings.length === all.length, "all happened");
  expect(told(room.getSnapshot().happenings)).toEqual(all);

  const other = (await chat(ben)).room(id);
  await other.join();
  expect(told(other.getSnapshot().happenings)).toEqual(all);
  expect(told((await other.history({ before: 4, limit: 1 })).happenings)).toEqual(all.slice(0, 2));
  expect(told((await other.history({ after: first.seq })).happenings)).toEqual(all);
  expect(told((await other.history({ before: first.seq + 1 })).happenings)).toEqual([]);
});

test("names of people are loaded together", async () => {
  const [one, other] = [await chat(ann), await chat(ben)];
  await other.account.update({ firstName: "Benno", lastName: "Bee" });
  expect((await one.users.load([ann.id, ben.id, "99"])).map(({ name }) => name)).toEqual(["ann", "Benno Bee"]);
  expect(one.users.get(ben.id)).toMatchObject({ name: "Benno Bee", username: "ben" });
});
