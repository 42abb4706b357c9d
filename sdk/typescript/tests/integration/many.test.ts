/** Hundreds of conversations, and one that came while nobody was connected, on a real server. */
import { WebSocket } from "ws";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

import { closeAll, connected, until } from "./harness/clients.js";
import { type Person, Server } from "./harness/server.js";

/** More than one `ready` names, and than one page of the list. */
const MANY = 520;
const MS = 120_000;

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

/** A socket that finds no server while `isAway`. */
class Failing extends WebSocket {
  static isAway = false;

  constructor(url: string, protocols: string[]) {
    super(Failing.isAway ? "ws://127.0.0.1:1" : url, protocols);
    away.add(this);
  }
}
const away = new Set<WebSocket>();

test("all of hundreds of conversations are listed as they stand, and one that came meanwhile is replayed", async () => {
  const ids: string[] = [];
  while (ids.length < MANY) {
    ids.push(...(await Promise.all(Array.from({ length: 20 }, (_, at) => server.group(ben, [ann], `Group ${ids.length + at}`)))));
  }
  const last = ids.reduce((one, other) => (Number(one) > Number(other) ? one : other));
  await server.call(ben, "POST", `/conversations/${last}/messages`, { content: "before" });
  const client = await connected(server.url, ann, { WebSocket: Failing as unknown as typeof globalThis.WebSocket });
  const isWhole = () => ids.every((id) => client.conversations.get(id)?.role === "member");
  await until(client, isWhole, "the list");
  expect(client.conversations.get(last)).toMatchObject({ unread: 1, participants: 2, lastMessage: { content: "before" } });

  const heard: [id: string, content: string, live: boolean][] = [];
  client.on("message", ({ message, live }) => void heard.push([message.conversationId, message.content, live]));
  Failing.isAway = true;
  for (const socket of away) socket.terminate();
  await until(client, ({ connection }) => connection.state === "reconnecting", "the loss is noticed");
  await server.call(ben, "POST", `/conversations/${last}/messages`, { content: "meanwhile" });
  const added = await server.group(ben, [ann], "Added");
  await server.call(ben, "POST", `/conversations/${added}/messages`, { content: "@testuser help" });
  Failing.isAway = false;
  await until(client, () => heard.length === 2, "both messages");
  expect(heard.sort()).toEqual([[last, "meanwhile", false], [added, "@testuser help", false]].sort());
  const list = () => client.conversations.get(added);
  await until(client, () => list() !== undefined, "it is listed");
  expect(list()).toMatchObject({ title: "Added", unread: 1, mentions: 1, lastMessage: { content: "@testuser help" } });
  expect(client.conversations.get(last)).toMatchObject({ unread: 2 });
}, MS);
