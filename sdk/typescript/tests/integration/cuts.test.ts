/** Much misfortune, seeded; what came of it is judged by the checker. */
import { afterEach, expect, test } from "vitest";

import type { ChatClient, ChatError, Message } from "../../src/index.js";
import { clientOf, closeAll, settle, until } from "./harness/clients.js";
import { Proxy } from "./harness/proxy.js";
import { Random } from "./harness/random.js";
import { Recorder } from "./harness/recorder.js";
import { type Person, Server } from "./harness/server.js";

const SEED = Number(process.env.CHINWAG_SEED ?? 7);
const CHANGES = 60;
const MS = 120_000;

let server: Server;
let proxy: Proxy;

afterEach(async () => {
  await closeAll();
  await proxy.close();
  await server.remove();
});

test("clients lose nothing and repeat nothing while their connections are cut at random", async () => {
  const { people, rooms, recorder, clients } = await crowd(8_000, 30_000);
  await Promise.all(clients.map((client, place) => busy(client, rooms, new Random(SEED + place + 1))));
  proxy.calm();
  await settle(server, people[0]!, rooms, clients);
  expect(proxy.cuts).toBeGreaterThan(20);
  await recorder.finish(server, people[0]!, rooms, clients);
  expect(recorder.attempts).toBeGreaterThan(clients.length * CHANGES);
  expect(recorder.judge().claims[0]).toMatchObject({ kept: true, faults: {} });
}, MS);

test("a server that is killed under load and comes back costs no message", async () => {
  const { people, rooms, recorder, clients } = await crowd(50_000, 200_000);
  const work = clients.map((client, place) => busy(client, rooms, new Random(SEED + place + 1)));
  for (let round = 0; round < 3; round++) {
    const [client] = clients;
    const seen = await sentBy(client!, rooms, 5 * (round + 1));
    expect(seen).toBe(true);
    await server.kill();
    await server.start();
  }
  await Promise.all(work);
  proxy.calm();
  await settle(server, people[0]!, rooms, clients);
  await recorder.finish(server, people[0]!, rooms, clients);
  expect(recorder.judge().claims[0]).toMatchObject({ kept: true, faults: {} });
}, MS);

/** Four clients of three people in two rooms, behind a proxy that cuts. */
async function crowd(minBytes: number, maxBytes: number) {
  server = await Server.start();
  proxy = await Proxy.start(server.url, new Random(SEED), minBytes, maxBytes);
  const people = await Promise.all(["testuser", "testuser2", "alice"].map((name) => server.signIn(name)));
  const [first, ...others] = people as [Person, ...Person[]];
  const rooms = [await server.group(first, others, "One"), await server.group(first, others, "Two")];
  const recorder = new Recorder();
  const owners = [...people, first];
  const clients = owners.map((person) => clientOf(proxy.url, person, { WebSocket: recorder.socketsOf(person) }));
  await Promise.all(
    clients.map(async (client, place) => {
      await client.connect();
      for (const id of rooms) {
        recorder.listen(client.room(id), owners[place]!);
        await client.room(id).join();
      }
    }),
  );
  return { people, rooms, recorder, clients };
}

/** Sends, and edits, deletes and reacts to what is there. */
async function busy(client: ChatClient, rooms: string[], random: Random): Promise<void> {
  for (let n = 0; n < CHANGES; n++) {
    const room = client.room(random.pick(rooms));
    const mine = room.getSnapshot().messages.filter((message) => isMine(client, message));
    const dice = random.below(10);
    if (dice < 6 || mine.length === 0) await room.send(`${n} ${"x".repeat(random.below(300))}`);
    else if (dice < 8) await orOvertaken(room.edit(random.pick(mine).id, `${n} again`));
    else if (dice < 9) await orOvertaken(room.react(random.pick(mine).id, random.pick(["👍", "🎉"]), random.below(3) > 0));
    else await orOvertaken(room.delete(random.pick(mine).id));
  }
}

/** Two devices of one person may change the same message: the later one may find it edited or gone. */
async function orOvertaken(change: Promise<unknown>): Promise<void> {
  await change.catch((error: ChatError) => {
    if (error.code !== "not_found" && error.reason !== "conflict") throw error;
  });
}

/** Deleted ones, and those that are not sent, cannot be changed. */
function isMine(client: ChatClient, message: Message) {
  return message.senderId === client.me?.id && !message.deletedAt && message.state !== "pending" && Number.isFinite(message.seq);
}

async function sentBy(client: ChatClient, rooms: string[], count: number): Promise<boolean> {
  const total = () =>
    rooms.flatMap((id) => client.room(id).getSnapshot().messages).filter(({ senderId }) => senderId === client.me?.id).length;
  await until(client, () => total() >= count, `${count} messages`);
  return true;
}
