/** What people do, between two clients of a real server. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

import { ChatError } from "../../src/index.js";
import { clientOf, closeAll, connected, until } from "./harness/clients.js";
import { type Person, Server } from "./harness/server.js";

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

test("a message is shown at once, is sent, arrives, and is seen to be read", async () => {
  const id = await server.group(ann, [ben]);
  const [one, other] = [await connected(server.url, ann), await connected(server.url, ben)];
  const [here, there] = [one.room(id), other.room(id)];
  await Promise.all([here.join(), there.join()]);
  const sent = here.send("Hello");
  expect(sent.message.state).toBe("pending");
  expect(here.getSnapshot().messages.at(-1)).toBe(sent.message);
  const message = await sent;
  expect(message).toMatchObject({ content: "Hello", state: "sent", senderId: String(ann.id) });
  const seen = await until(there, ({ messages }) => messages.length === 1, "the message arrives");
  expect(seen.messages[0]).toMatchObject({ id: message.id, seq: 1, senderName: "testuser" });
  expect(seen.unread).toBe(1);
  expect(other.getSnapshot().unread.total).toBeGreaterThan(0);
  await there.markRead();
  expect(there.getSnapshot().unread).toBe(0);
  const read = await until(here, ({ messages }) => messages[0]?.state === "read", "the sender sees it");
  expect(read.messages).toHaveLength(1);
  expect(read.messages[0]!.clientId).toBe(sent.message.clientId);
});

test("edits, reactions, pins and deletions show on both sides", async () => {
  const id = await server.group(ann, [ben]);
  const [one, other] = [await connected(server.url, ann), await connected(server.url, ben)];
  const [here, there] = [one.room(id), other.room(id)];
  await Promise.all([here.join(), there.join()]);
  const { id: message } = await here.send("Helo");
  expect(await here.edit(message, "Hello")).toMatchObject({ content: "Hello", version: 2 });
  await until(there, ({ messages }) => messages[0]?.content === "Hello", "the edit arrives");
  await there.react(message, "👍");
  await until(here, ({ messages }) => messages[0]?.reactions["👍"]?.[0] === String(ben.id), "the reaction arrives");
  await there.react(message, "👍", false);
  await until(here, ({ messages }) => Object.keys(messages[0]!.reactions).length === 0, "the reaction goes");
  await here.pin(message);
  await until(there, ({ pins }) => pins[0] === message, "the pin arrives");
  await here.delete(message);
  const after = await until(there, ({ messages }) => messages[0]?.deletedAt !== undefined, "the deletion arrives");
  expect(after.messages[0]).toMatchObject({ content: "", version: 2 });
  expect(after.pins).toEqual([]);
});

test("a window of history moves both ways, and jumps to a message by its id", async () => {
  const id = await server.group(ann, [ben]);
  const ids: string[] = [];
  for (let n = 1; n <= 200; n++) {
    const made = await server.call<{ id: number }>(ann, "POST", `/conversations/${id}/messages`, { content: `${n}` });
    ids.push(String(made.id));
  }
  const client = await connected(server.url, ben);
  const room = client.room(id);
  await room.join();
  const contents = () => room.getSnapshot().messages.map(({ content }) => Number(content));
  expect(contents()).toEqual(range(121, 200));
  expect(room.getSnapshot()).toMatchObject({ atStart: false, atEnd: true, unread: 200 });
  await room.load("older");
  await room.load("older");
  expect(contents()).toEqual(range(1, 200));
  expect(room.getSnapshot()).toMatchObject({ atStart: true, atEnd: true });
  await room.load({ aroundId: ids[49]! });
  expect(contents()).toEqual(range(11, 90));
  expect(room.getSnapshot()).toMatchObject({ atStart: false, atEnd: false });
  await room.load("newer");
  expect(contents()).toEqual(range(11, 170));
  await room.load("latest");
  expect(contents()).toEqual(range(121, 200));
  expect((await room.message(ids[0]!))?.content).toBe("1");
  expect(await room.message("999999")).toBeUndefined();
});

test("a room that does not exist, or that one is not in, says so", async () => {
  const id = await server.group(ann, []);
  const client = await connected(server.url, ben);
  await expect(client.room(999).join()).rejects.toMatchObject({ code: "not_found" });
  await expect(client.room(id).join()).rejects.toMatchObject({ code: "forbidden" });
  expect(client.room(id).getSnapshot()).toMatchObject({ state: "left", error: expect.any(ChatError) });
});

test("a refused token ends it after one try for another one", async () => {
  const reasons: string[] = [];
  const token = async ({ reason }: { reason: string }) => {
    reasons.push(reason);
    return "nonsense";
  };
  const client = clientOf(server.url, ann, { token });
  await expect(client.connect()).rejects.toMatchObject({ code: "unauthorized", closeCode: 4001 });
  expect(reasons).toEqual(["connect", "rejected"]);
  expect(client.state).toBe("closed");
});

test("a token that no socket can carry is refused at once, and a line break after one is nothing", async () => {
  for (const token of ["two words", "", "a\u0000b", "ünïcode", "a,b", "bytes="]) {
    const client = clientOf(server.url, ann, { token });
    await expect(client.connect(), JSON.stringify(token)).rejects.toMatchObject({ code: "unauthorized", retryable: false });
    expect(client.state).toBe("closed");
  }
  await expect(clientOf(server.url, ann, { token: async () => "<!doctype html>" }).connect()).rejects.toMatchObject({ code: "unauthorized" });
  await connected(server.url, ann, { token: async () => `${ann.token}\n` });
});

test("the list of conversations is kept, with the other person of a direct one by name", async () => {
  const [one, other] = [await connected(server.url, ann), await connected(server.url, ben)];
  const [found] = await one.users.find("testuser2");
  const direct = await one.conversations.direct(found!.id);
  expect(direct).toMatchObject({ kind: "direct", title: found!.name });
  const there = await until(
    other,
    ({ conversations }) => conversations.some(({ id, peer }) => id === direct.id && peer?.id === String(ann.id)),
    "the other one hears of it",
  );
  expect(there.conversations[0]!.id).toBe(direct.id);
  await one.room(direct.id).send("Hi @testuser2");
  const counted = await until(other, ({ conversations }) => conversations[0]?.mentions === 1, "it is counted");
  expect(counted.conversations[0]).toMatchObject({ unread: 1, lastMessage: { content: "Hi @testuser2" } });
  const group = await other.conversations.create({ title: "Lake", members: [String(ann.id)] });
  expect(group.role).toBe("owner");
  await other.conversations.update(group.id, { topic: "When?" });
  await until(one, ({ conversations }) => conversations[0]?.topic === "When?", "the topic arrives");
  await one.conversations.leave(group.id);
  expect(one.conversations.get(group.id)).toBeUndefined();
  const room = other.room(group.id);
  await room.join();
  expect(room.getSnapshot().members.map(({ id }) => id)).toEqual([String(ben.id)]);
  expect((await other.conversations.list({ limit: 1 })).next).toBe(group.id);
});

test("who types and who is here is seen by the others", async () => {
  const id = await server.group(ann, [ben]);
  const [one, other] = [await connected(server.url, ann), await connected(server.url, ben)];
  await Promise.all([one.room(id).join(), other.room(id).join()]);
  one.room(id).typing();
  await until(other.room(id), ({ typing }) => typing[0] === String(ann.id), "typing is seen");
  await one.room(id).send("done");
  await until(other.room(id), ({ typing }) => typing.length === 0, "a message ends it");
  await one.presence.set("away", "lunch");
  const seen = await until(other, ({ presence }) => presence[ann.id]?.status === "away", "the status is seen");
  expect(seen.presence[ann.id]!.text).toBe("lunch");
});

test("what was said is found, with a part of the text around it", async () => {
  const id = await server.group(ann, [ben]);
  const client = await connected(server.url, ann);
  await client.room(id).send("The canoe is at the lake");
  const [hit] = await client.search("canoe", { conversationId: id });
  expect(hit).toMatchObject({ conversationId: id, content: "The canoe is at the lake" });
  expect(hit!.snippet).toContain("canoe");
});

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, place) => from + place);
}
