/** A server's data moves to PostgreSQL and back while a hundred clients are connected; the checker judges what they had. */
import { afterEach, expect, test } from "vitest";

import { clientOf, closeAll, settle, until } from "./harness/clients.js";
import { Postgres } from "./harness/postgres.js";
import { Recorder } from "./harness/recorder.js";
import { type Person, Server } from "./harness/server.js";

const CLIENTS = 100;
const NAMES = ["testuser", "testuser2", "alice", "bob"];
const MS = 120_000;

let server: Server;
let postgres: Postgres;

afterEach(async () => {
  await closeAll();
  await server.remove();
  await postgres.stop();
});

test("a hundred clients go on where they were while the data moves to PostgreSQL and back", async () => {
  [server, postgres] = await Promise.all([Server.start(), Postgres.start()]);
  const people = await Promise.all(NAMES.map((name) => server.signIn(name)));
  const [first, ...others] = people as [Person, ...Person[]];
  const room = await server.group(first, others);
  const recorder = new Recorder();
  const owners = Array.from({ length: CLIENTS }, (_, place) => people[place % people.length]!);
  const clients = owners.map((person) => clientOf(server.url, person, { WebSocket: recorder.socketsOf(person) }));
  await Promise.all(
    clients.map(async (client, place) => {
      await client.connect();
      recorder.listen(client.room(room), owners[place]!);
      await client.room(room).join();
    }),
  );
  const head = () => clients[0]!.conversations.get(room)?.headSeq ?? 0;

  let before = 0;
  for (const to of [{ database: postgres.url }, { folder: "back" }]) {
    // Everybody says something before the move, and something that may fall into it.
    const work = clients.map(async (client, place) => {
      await client.room(room).send(`${place}, before ${JSON.stringify(to)}`);
      await client.room(room).send(`${place}, meanwhile`);
    });
    await until(clients[0]!, () => head() >= before + CLIENTS, "half of it is said");
    await server.move(to);
    await Promise.all(work);
    before += 2 * CLIENTS;
    await settle(server, first, [room], clients);
    expect(head()).toBe(before);
  }
  await recorder.finish(server, first, [room], clients);
  expect(recorder.attempts).toBeGreaterThanOrEqual(4 * CLIENTS);
  expect(recorder.judge().claims[0]).toMatchObject({ kept: true, faults: {} });
}, MS);
