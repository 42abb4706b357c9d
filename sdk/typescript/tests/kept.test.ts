/** What is read again from storage: through adapters that know text alone, from older versions, damaged. */
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";

import { jsonStorage, type StorageAdapter } from "../src/index.js";
import { createTestServer, type Person, type TestServer } from "../src/testing/index.js";
import { clientOf, closeAll, shelf } from "./harness/fake.js";
import { until } from "./integration/harness/clients.js";

let server: TestServer;
let ann: Person;
let id: string;

beforeEach(() => {
  server = createTestServer();
  ann = server.user("ann");
  id = server.conversation({ title: "Lake", members: [ann, server.user("ben")] });
});
afterEach(closeAll);

async function leftBehind(storage: StorageAdapter, files?: Blob[]): Promise<void> {
  const client = clientOf(server, { token: ann.token, user: "ann", storage });
  await client.connect();
  await client.room(id).join();
  await client.room(id).send("kept");
  client.drafts.set(id, "half");
  server.disconnect({ offline: true });
  await until(client, ({ connection }) => connection.state === "reconnecting", "the loss is noticed");
  client.room(id).send({ content: "unsent", files });
  await client.close();
}

/** As `localStorage`, and as an adapter of strings. */
function texts() {
  const map = new Map<string, string>();
  return {
    map,
    items: {
      getItem: (key: string) => map.get(key) ?? null,
      setItem: (key: string, text: string) => void map.set(key, text),
      removeItem: (key: string) => void map.delete(key),
    },
  };
}

test.each(["items", "map"] as const)("text alone is enough: what was kept through JSON goes on, files included (%s)", async (kind) => {
  const storage = jsonStorage(texts()[kind]);
  await leftBehind(storage, [new File(["some bytes"], "a.txt", { type: "text/plain" })]);
  const client = clientOf(server, { token: ann.token, user: "ann", storage });
  const { messages } = await until(client.room(id), ({ messages }) => messages.length === 2, "what was kept");
  expect(messages.map(({ content, state, createdAt, seq }) => [content, state, createdAt instanceof Date, seq])).toEqual([
    ["kept", "sent", true, 1],
    ["unsent", "pending", true, Infinity],
  ]);
  expect(client.drafts.get(id)).toBe("half");
  server.reconnect();
  await client.connect();
  await client.outbox.flush();
  const [file] = client.room(id).getSnapshot().messages.at(-1)!.attachments;
  expect(file).toMatchObject({ name: "a.txt", mime: "text/plain", size: 10 });
  expect(await (await client.files.blob(file!.url)).text()).toBe("some bytes");
});

test("an adapter that does JSON by itself does no harm", async () => {
  const { map } = texts();
  const storage: StorageAdapter = {
    get: async (key) => JSON.parse(map.get(key) ?? "null") as unknown,
    set: async (key, value) => void map.set(key, JSON.stringify(value)),
    delete: async (key) => void map.delete(key),
  };
  await leftBehind(storage, [new Blob(["lost"])]);
  for (let start = 0; start < 2; start++) {
    const client = clientOf(server, { token: ann.token, user: "ann", storage });
    await until(client.room(id), ({ messages }) => messages[0]?.createdAt instanceof Date, "what was kept");
    expect(client.outbox.pending).toBe(0);
    await client.close();
  }
});

test("text that is no JSON is dropped, and gone", async () => {
  const { map, items } = texts();
  const storage = jsonStorage(items);
  await leftBehind(storage);
  for (const key of map.keys()) map.set(key, "{broken");
  const client = clientOf(server, { token: ann.token, user: "ann", storage });
  server.reconnect();
  await client.connect();
  expect(client.getSnapshot().conversations).toHaveLength(1);
  await client.close();
  expect([...map.values()].filter((text) => text.includes("{broken"))).toEqual([]);
});

test("whatever is found in storage, the client starts and chats", async () => {
  const storage = shelf();
  await leftBehind(storage);
  server.reconnect();
  const good = structuredClone(storage.values);
  const paths = [...good].flatMap(([key, value]) => leaves(value).map((path) => [key, ...path]));
  const damage = fc.record({ path: fc.constantFrom(...paths), value: fc.anything({ maxDepth: 1 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (all) => {
      storage.values.clear();
      for (const [key, value] of structuredClone(good)) storage.values.set(key, value);
      for (const { path, value } of all) put(storage.values, path, value);
      const problems: string[] = [];
      const logger = (level: string, text: string) => level !== "debug" && problems.push(text);
      const client = clientOf(server, { token: ann.token, user: "ann", storage, logger });
      await client.connect();
      expect(client.getSnapshot().conversations.map(({ title }) => title)).toEqual(["Lake"]);
      await client.room(id).join();
      for (const { createdAt, key } of client.room(id).getSnapshot().messages) expect([createdAt.getTime() > 0, typeof key]).toEqual([true, "string"]);
      await client.close();
      expect(problems).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

function leaves(value: unknown): string[][] {
  if (typeof value !== "object" || value === null || value instanceof Date) return [[]];
  return [[], ...Object.entries(value).flatMap(([key, part]) => leaves(part).map((path) => [key, ...path]))];
}

function put(map: Map<string, unknown>, [key, ...path]: string[], value: unknown): void {
  const last = path.pop();
  if (last === undefined) return void map.set(key!, value);
  let at = map.get(key!) as Record<string, unknown> | undefined;
  for (const step of path) at = at?.[step] as Record<string, unknown> | undefined;
  if (typeof at === "object" && at !== null) at[last] = value;
}
