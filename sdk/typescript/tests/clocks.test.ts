/** Clocks that are wrong, on either side: the order and the keys of messages come from the log. */
import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";

import { createTestServer } from "../src/testing/index.js";
import { clientOf, closeAll } from "./harness/fake.js";
import { until } from "./integration/harness/clients.js";

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 2, 29, 12);

afterEach(async () => {
  vi.restoreAllMocks();
  await closeAll();
});

const steps = fc.array(
  fc.record({
    by: fc.constantFrom("me", "other", "both"),
    /** Where the clocks stand then: over midnights, and back again. */
    server: fc.integer({ min: -30, max: 30 }),
    viewer: fc.integer({ min: -30, max: 30 }),
  }),
  { minLength: 1, maxLength: 12 },
);

test("whatever the clocks say, messages stand in the order of the log, with a key each", async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: -30, max: 30 }), async (all, first) => {
      const clock = vi.spyOn(Date, "now").mockReturnValue(NOON + first * HOUR);
      const server = createTestServer();
      const [ann, ben] = [server.user("ann"), server.user("ben")];
      const id = server.conversation({ members: [ann, ben] });
      const client = clientOf(server, { token: ann.token });
      const room = client.room(id);
      const faults: string[] = [];
      room.subscribe(() => {
        const { messages } = room.getSnapshot();
        const seqs = messages.map(({ seq }) => seq);
        if (seqs.some((seq, place) => place > 0 && seq < seqs[place - 1]!)) faults.push(`order: ${seqs}`);
        if (new Set(messages.map(({ key }) => key)).size < messages.length) faults.push("a key twice");
      });
      await client.connect();
      await room.join();
      let count = 0;
      for (const { by, server: there, viewer } of all) {
        // The same name by two people is two messages.
        const clientId = `message ${count}`;
        clock.mockReturnValue(NOON + there * HOUR);
        if (by !== "me") server.say(ben, id, `from ben ${++count}`, clientId);
        clock.mockReturnValue(NOON + viewer * HOUR);
        if (by === "other") continue;
        const sent = room.send({ content: `from ann ${++count}`, clientId });
        if (room.getSnapshot().messages.at(-1) !== sent.message) faults.push("what was just sent is not last");
        const { key } = sent.message;
        if ((await sent).key !== key) faults.push("the key changes when it is sent");
      }
      await until(room, ({ messages }) => messages.filter(({ state }) => state !== "pending").length === count, "all arrive");
      expect(room.getSnapshot().messages.map(({ content }) => content)).toEqual(server.texts(id));
      expect(faults).toEqual([]);
      await client.close();
    }),
    { numRuns: 50 },
  );
});

test("a message is shown at the server's time, however far this device's clock is off", async () => {
  const server = createTestServer();
  const ann = server.user("ann");
  const id = server.conversation({ members: [ann] });
  vi.spyOn(Date, "now").mockReturnValue(NOON);
  class Ahead extends server.WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      let listener: ((event: { data: string }) => void) | null = null;
      const hear = ({ data }: { data: string }) =>
        listener?.({ data: data.replace(`"server_time":${NOON}`, `"server_time":${NOON + 5 * HOUR}`) });
      Object.defineProperty(this, "onmessage", { get: () => hear, set: (given) => (listener = given) });
    }
  }
  const client = clientOf(server, { token: ann.token, WebSocket: Ahead });
  await client.connect();
  expect(client.room(id).send("now").message.createdAt.getTime()).toBe(NOON + 5 * HOUR);
});

test("typing is told after the clock was put back", async () => {
  const clock = vi.spyOn(Date, "now").mockReturnValue(NOON);
  const server = createTestServer();
  const [ann, ben] = [server.user("ann"), server.user("ben")];
  const id = server.conversation({ members: [ann, ben] });
  const [one, other] = [clientOf(server, { token: ann.token }), clientOf(server, { token: ben.token })];
  await Promise.all([one.connect(), other.connect()]);
  const monotonic = vi.spyOn(performance, "now").mockReturnValue(0);
  one.room(id).typing();
  await until(other.room(id), ({ typing }) => typing.length === 1, "typing is seen");
  one.room(id).typing(false);
  await until(other.room(id), ({ typing }) => typing.length === 0, "the end is seen");
  clock.mockReturnValue(NOON - 5 * HOUR);
  monotonic.mockReturnValue(10_000);
  one.room(id).typing();
  await until(other.room(id), ({ typing }) => typing.length === 1, "typing is seen again");
});
