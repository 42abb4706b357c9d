/** Coming online: called off, late, refused, and called again; many conversations; faults of all who are called. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { createClient } from "../src/index.js";
import { createTestServer, type Person, type TestServer } from "../src/testing/index.js";
import { clientOf, closeAll, shelf } from "./harness/fake.js";
import { until } from "./integration/harness/clients.js";

let server: TestServer;
let ann: Person;
let ben: Person;
let id: string;
const uncaught: unknown[] = [];
const catcher = (error: unknown) => void uncaught.push(error);

beforeEach(() => {
  uncaught.length = 0;
  process.on("unhandledRejection", catcher).on("uncaughtException", catcher);
  server = createTestServer();
  [ann, ben] = [server.user("ann"), server.user("ben")];
  id = server.conversation({ title: "Lake", members: [ann, ben] });
});
afterEach(async () => {
  await closeAll();
  vi.unstubAllGlobals();
  // Whatever nobody catches is told after the turn.
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", catcher).off("uncaughtException", catcher);
  expect(uncaught).toEqual([]);
});

function listening() {
  const heard: [content: string, live: boolean][] = [];
  const client = clientOf(server, { token: ann.token });
  client.on("message", ({ message, live }) => void heard.push([message.content, live]));
  return { heard, client };
}

test("without a WebSocket the client is refused at once, with what to give it", () => {
  vi.stubGlobal("WebSocket", undefined);
  const make = () => createClient(server.url, { token: ann.token, fetch: server.fetch });
  expect(make).toThrow(expect.objectContaining({ code: "invalid", message: expect.stringMatching(/WebSocket.*`ws`/) }));
});

test("what failed for lack of time or was called off may be tried again", async () => {
  server.disconnect({ offline: true });
  const client = clientOf(server, { token: ann.token });
  await expect(client.connect({ timeoutMs: 20 })).rejects.toMatchObject({ code: "timeout", retryable: true });
  expect(client.state).toBe("idle");
  const off = new AbortController();
  const called = client.connect({ signal: off.signal });
  await until(client, ({ connection }) => connection.state === "reconnecting", "it tries");
  off.abort();
  await expect(called).rejects.toMatchObject({ code: "aborted" });
  await expect(client.connect({ signal: off.signal })).rejects.toMatchObject({ code: "aborted" });
  expect(client.state).toBe("idle");
  const sent = client.room(id).send("written meanwhile");
  server.reconnect();
  await client.connect({ timeoutMs: 10_000 });
  expect((await sent).content).toBe("written meanwhile");
  expect(client.getSnapshot().connection).toMatchObject({ state: "online", error: undefined });
});

test("one who gives up does not stop the others, nor a client that was online", async () => {
  server.disconnect({ offline: true });
  const client = clientOf(server, { token: ann.token });
  const patient = client.connect();
  await expect(client.connect({ timeoutMs: 20 })).rejects.toMatchObject({ code: "timeout" });
  server.reconnect();
  await patient;
  server.disconnect({ offline: true });
  await until(client, ({ connection }) => connection.state === "reconnecting", "the loss is noticed");
  await expect(client.connect({ timeoutMs: 20 })).rejects.toMatchObject({ code: "timeout" });
  server.reconnect();
  await until(client, ({ connection }) => connection.state === "online", "it comes back by itself");
});

test("a token callback that never answers, an abort before the start and a hanging storage end in time", async () => {
  const never = new Promise<never>(() => {});
  const slow = clientOf(server, { token: () => never });
  await expect(slow.connect({ timeoutMs: 20 })).rejects.toMatchObject({ code: "timeout" });
  const storage = { get: () => never, set: () => never, delete: () => never };
  const stuck = clientOf(server, { token: ann.token, user: "ann", storage });
  await expect(stuck.connect({ timeoutMs: 20 })).rejects.toMatchObject({ code: "timeout" });
});

test("a client whose token was refused goes on with another one, messages and all", async () => {
  let token = "nobody";
  const client = clientOf(server, { token: async () => token });
  await expect(client.connect()).rejects.toMatchObject({ code: "unauthorized" });
  expect(client.state).toBe("closed");
  token = ann.token;
  await client.connect();
  await client.room(id).join();
  await client.room(id).send("after all");
  expect(server.texts(id)).toEqual(["after all"]);
  await client.close();
  await expect(client.connect()).rejects.toMatchObject({ code: "aborted" });
});

test("thousands of conversations resume, in frames of 1,000 cursors", async () => {
  for (let n = 0; n < 2_500; n++) server.conversation({ title: `Room ${n}`, members: [ann, ben] });
  const sizes: number[] = [];
  class Counting extends server.WebSocket {
    override send(frame: string): void {
      const { type, cursors } = JSON.parse(frame) as { type: string; cursors?: object };
      if (type === "hello" || type === "cursors") sizes.push(Object.keys(cursors ?? {}).length);
      expect(frame.length).toBeLessThan(65_536);
      super.send(frame);
    }
  }
  const client = clientOf(server, { token: ann.token, WebSocket: Counting });
  await client.connect();
  await until(client, ({ conversations }) => conversations.length === 2_501, "those that are listed page by page");
  server.disconnect({ offline: true });
  await until(client, ({ connection }) => connection.state === "reconnecting", "the loss is noticed");
  server.leave(ann, "2399");
  server.say(ben, "2400", "meanwhile");
  server.reconnect();
  await until(client, () => client.conversations.get("2400")?.unread === 1, "what was missed");
  expect(sizes).toEqual([0, 1000, 1000, 501]);
  await until(client, ({ conversations }) => conversations.length === 2_500, "the one that was left goes");
  expect(client.conversations.get("2399")).toBeUndefined();
});

test("what one was added to while away is replayed from there, and only once", async () => {
  server.say(ben, id, "long ago");
  const { heard, client } = listening();
  await client.connect();
  expect(heard).toEqual([]);
  server.disconnect({ offline: true });
  await until(client, ({ connection }) => connection.state === "reconnecting", "the loss is noticed");
  const older = server.conversation({ title: "Older", members: [ben] });
  server.say(ben, older, "before ann");
  server.add(ben, older, ann);
  server.say(ben, older, "@ann help");
  const made = server.conversation({ title: "Made with her", members: [ben, ann] });
  server.say(ben, made, "hello");
  const empty = server.conversation({ title: "Empty", members: [ben, ann] });
  server.reconnect();
  await until(client, ({ unread }) => unread.total === 3, "what was missed");
  await until(client, () => heard.length === 2, "its events");
  expect(heard).toEqual([["@ann help", false], ["hello", false]]);
  expect(client.conversations.get(older)).toMatchObject({ unread: 1, mentions: 1, headSeq: 3, participants: 2 });

  server.disconnect();
  await until(client, ({ connection }) => connection.state === "reconnecting", "the loss is noticed");
  await until(client, ({ connection }) => connection.state === "online", "it is back");
  for (const place of [older, made, empty]) server.say(ben, place, `live in ${place}`);
  await until(client, () => heard.length === 5, "live ones");
  expect(heard.slice(2)).toEqual([older, made, empty].map((place) => [`live in ${place}`, true]));
});

test("what is said before one hears of a conversation is replayed as well, once the list was whole", async () => {
  const { heard, client } = listening();
  await client.connect();
  server.disconnect();
  await until(client, ({ connection }) => connection.state === "reconnecting", "the loss is noticed");
  await until(client, ({ connection }) => connection.state === "online", "it is back");
  const older = server.conversation({ title: "Older", members: [ben] });
  server.say(ben, older, "before ann");
  server.add(ben, older, ann);
  server.say(ben, older, "live");
  await until(client, () => heard.length === 1, "it comes");
  await client.room(older).join();
  expect(client.room(older).getSnapshot().messages.map(({ content }) => content)).toEqual(["before ann", "live"]);
});

test("a server that has no room for another socket is left in peace, and the reason has a code", async () => {
  class Crowded extends server.WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      queueMicrotask(() => this.onclose?.({ code: 4010, reason: "" }));
    }
  }
  const client = clientOf(server, { token: ann.token, WebSocket: Crowded });
  client.connect().catch(() => {});
  const { connection } = await until(client, ({ connection }) => connection.state === "reconnecting", "it waits");
  expect(connection.error).toMatchObject({ code: "too_many_sockets", closeCode: 4010, retryable: true });
  expect(connection.retryInMs).toBeGreaterThanOrEqual(15_000);
});

test("a hello that the server does not take is said again without cursors", async () => {
  const hellos: [cursors: object, added: string][] = [];
  class Strict extends server.WebSocket {
    override send(frame: string): void {
      const { type, cursors = {}, added } = JSON.parse(frame) as { type: string; cursors?: object; added: string };
      if (type === "hello") hellos.push([cursors, added]);
      if (type === "hello" && Object.keys(cursors).length > 0) this.onclose?.({ code: 1009, reason: "" });
      else super.send(frame);
    }
  }
  const client = clientOf(server, { token: ann.token, WebSocket: Strict });
  await client.connect();
  server.disconnect();
  await until(client, ({ connection }) => connection.state === "reconnecting", "the loss is noticed");
  await until(client, ({ connection }) => connection.state === "online", "it is back");
  expect(hellos).toEqual([[{}, "head"], [{ 1: expect.any(String) }, "replay"], [{}, "head"]]);
});

test("faults of the application's own functions are told to its logger, and stop nothing", async () => {
  const told: string[] = [];
  const fault = (what: string) => () => {
    throw new Error(what);
  };
  const client = clientOf(server, {
    token: ann.token,
    logger: (_level, text) => {
      told.push(text);
      throw new Error("the logger itself");
    },
  });
  vi.spyOn(console, "error").mockImplementation(() => {});
  client.subscribe(fault("subscriber"));
  client.on("connection", fault("listener"));
  client.on("message", async () => fault("async listener")());
  client.room(id).subscribe(fault("room's subscriber"));
  client.room(id).on("message", fault("room's listener"));
  await client.connect();
  await client.room(id).join();
  const onProgress = fault("progress");
  const sent = await client.room(id).send({ content: "with a file", files: [new Blob(["abc"])], onProgress });
  expect(sent.attachments).toHaveLength(1);
  await client.files.upload(new Blob(["def"]), { onProgress });
  await until(client.room(id), ({ messages }) => messages[0]?.state === "sent", "its event");
  for (const what of ["subscriber", "listener", "async listener", "room's listener", "progress"]) {
    expect(told.join("\n")).toContain(what);
  }
});

test.each(["rejects", "throws", "answers no promise"])("a storage that %s costs what would be kept, and nothing else", async (how) => {
  const fail = (): never => {
    throw new Error("the storage is broken");
  };
  const broken = how === "rejects" ? async () => fail() : how === "throws" ? fail : () => undefined;
  const storage = { get: broken, set: broken, delete: broken } as never;
  const client = clientOf(server, { token: ann.token, user: "ann", storage, logger: () => {} });
  await client.connect();
  client.drafts.set(id, "draft");
  await client.room(id).join();
  await client.room(id).send("Hello");
  await client.close();
  expect(server.texts(id)).toEqual(["Hello"]);
});

test("a token callback that throws is asked again, and a request says why", async () => {
  let isBroken = true;
  const token = () => {
    if (isBroken) throw new Error("no network for the token");
    return Promise.resolve(ann.token);
  };
  const client = clientOf(server, { token });
  await expect(client.search("x")).rejects.toMatchObject({ code: "unavailable", message: expect.stringContaining("no network") });
  const connecting = client.connect();
  await until(client, ({ connection }) => connection.error?.code === "unavailable", "it waits");
  isBroken = false;
  await connecting;
});

test("frames that are no JSON, or not what they should be, cost a connection and nothing else", async () => {
  let isBroken = true;
  class Garbled extends server.WebSocket {
    override send(frame: string): void {
      super.send(frame);
      if (!isBroken || !frame.includes('"hello"')) return;
      isBroken = false;
      for (const data of ["<html>", '{"type":"ready"}', '{"type":"replay","conversation_id":1}']) {
        queueMicrotask(() => this.onmessage?.({ data }));
      }
    }
  }
  const client = clientOf(server, { token: ann.token, WebSocket: Garbled, logger: () => {} });
  await client.connect();
  await client.room(id).join();
  await client.room(id).send("Hello");
});

test("a client that is closed while it reads, sends and joins leaves nothing behind", async () => {
  const client = clientOf(server, { token: ann.token, user: "ann", storage: shelf() });
  await client.connect();
  await client.room(id).join();
  server.say(ben, id, "unread");
  await until(client.room(id), ({ messages }) => messages.length === 1, "it arrives");
  server.disconnect({ offline: true });
  void client.room(id).markRead();
  server.reconnect();
  const sent = client.room(id).send("never");
  client.room("2").join().catch(() => {});
  await client.close();
  expect(sent.message.state).toBe("pending");
});
