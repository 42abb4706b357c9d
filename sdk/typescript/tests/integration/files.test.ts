/** Files and devices, over the wire: what goes up comes down, whatever happens on the way. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

import { type ChatClient, type LocalAttachment, type Progress } from "../../src/index.js";
import { clientOf, closeAll, connected, until } from "./harness/clients.js";
import { Proxy } from "./harness/proxy.js";
import { Random } from "./harness/random.js";
import { type Person, Server } from "./harness/server.js";

const SIZE = 3_000_000;

let server: Server;
let ann: Person;
let ben: Person;
let proxy: Proxy | undefined;

beforeAll(async () => {
  server = await Server.start();
  ann = await server.signIn("testuser");
  ben = await server.signIn("testuser2");
});
afterEach(async () => {
  await closeAll();
  await proxy?.close();
  proxy = undefined;
});
afterAll(() => server.remove());

test("a file goes up with its progress, and comes down for the others of the conversation", async () => {
  const id = await server.group(ann, [ben]);
  const [one, other] = [await connected(server.url, ann), await connected(server.url, ben)];
  await other.room(id).join();
  const file = bytes(1);
  const steps: Progress[] = [];
  await one.room(id).send({ content: "the plan", files: [file], onProgress: (step) => steps.push(step) });
  const { messages } = await until(other.room(id), ({ messages }) => messages.length === 1, "the message arrives");
  const [attachment] = messages[0]!.attachments;
  expect(attachment).toMatchObject({ size: SIZE });
  expect(await same(await other.files.blob(attachment!.url), file)).toBe(true);
  expect(steps.at(0)).toEqual({ loaded: 0, total: SIZE });
  expect(steps.at(-1)).toEqual({ loaded: SIZE, total: SIZE });
  expectForward(steps);
  expect(steps.length).toBeGreaterThan(10);
});

test("an upload whose connection is cut again and again goes on where it was", async () => {
  proxy = await Proxy.start(server.url, new Random(7), 500_000, 900_000);
  const client = clientOf(proxy.url, ann);
  await client.connect();
  const file = bytes(2);
  const steps: Progress[] = [];
  const { url, size } = await client.files.upload(file, { name: "cut.bin", onProgress: (step) => steps.push(step) });
  expect(proxy.cuts).toBeGreaterThan(2);
  expect(size).toBe(SIZE);
  // What was acknowledged is never sent again.
  expectForward(steps);
  proxy.calm();
  expect(await same(await client.files.blob(url), file)).toBe(true);
});

test("an upload outlives the server that it began with", async () => {
  const client = await connected(server.url, ann);
  const file = bytes(3);
  const steps: Progress[] = [];
  let isKilled: Promise<void> | undefined;
  const { url } = await client.files.upload(file, {
    name: "killed.bin",
    onProgress: (step) => {
      steps.push(step);
      if (step.loaded > SIZE / 2) isKilled ??= server.kill().then(() => server.start());
    },
  });
  await isKilled;
  expectForward(steps);
  expect(await same(await client.files.blob(url), file)).toBe(true);
});

test("an upload that is called off stops, and the file may be sent anew", async () => {
  const client = await connected(server.url, ann);
  const file = bytes(4);
  const off = new AbortController();
  const onProgress = ({ loaded }: Progress) => loaded > 0 && off.abort();
  await expect(client.files.upload(file, { onProgress, signal: off.signal })).rejects.toMatchObject({ code: "aborted" });
  expect((await client.files.upload(file, { name: "again.bin" })).size).toBe(SIZE);
});

test("a file that is too large for the server is refused, and said so", async () => {
  const client = await connected(server.url, ann);
  const { uploadBytes } = client.getSnapshot().limits!;
  const file = new Blob([new Uint8Array(uploadBytes! + 1)]);
  await expect(client.files.upload(file, { name: "large.bin" })).rejects.toMatchObject({ code: "too_large" });
});

test("a text does not wait for an upload, and files do not overtake the text before them", async () => {
  const client = await connected(server.url, ann);
  const room = client.room(await server.group(ann, []));
  await room.join();
  const sent = [room.send("first"), room.send({ content: "album", files: [bytes(7), bytes(8)] }), room.send("second"), room.send("third")];
  const inOrder = (await Promise.all(sent)).sort((one, other) => one.seq - other.seq);
  expect(inOrder.map(({ content }) => content)).toEqual(["first", "second", "third", "album"]);
});

test("of several files the one that is refused is named, and it fails alone", async () => {
  const client = await connected(server.url, ann);
  const room = client.room(await server.group(ann, []));
  await room.join();
  const empty = new Blob([]);
  const pending = room.send({ content: "", files: [bytes(9), empty, bytes(10)] });
  await expect(pending).rejects.toMatchObject({ code: "invalid" });
  const { attachments } = pending.message;
  expect(attachments.map((file) => (file as LocalAttachment).error?.code)).toEqual([undefined, "invalid", undefined]);
  const [first, , last] = attachments.map((file) => (file as LocalAttachment).blob);
  await room.pending(pending.message.clientId!)?.cancel();
  expect((await room.send({ content: "", files: [first!, last!] })).attachments).toHaveLength(2);
});

test("a device that takes pushes is known to the server until it is taken back", async () => {
  const client = await connected(server.url, ann);
  // An uncompressed point of P-256.
  expect(await client.push.key()).toMatch(/^B[\w-]{86}$/);
  const made = await client.push.subscribe(await device("one"), "none");
  expect(made).toEqual({ id: expect.any(String), endpointHost: "push.example.net", content: "none" });
  // The same device again changes what it is told.
  expect(await client.push.subscribe(await device("one"))).toEqual({ ...made, content: "full" });
  const other = await client.push.subscribe(await device("two"), "none");
  expect(await devices(client)).toEqual([made.id, other.id]);
  await client.push.remove(made.id);
  expect(await devices(client)).toEqual([other.id]);
  await client.push.remove(other.id);
  await expect(client.push.remove(other.id)).rejects.toMatchObject({ code: "not_found" });
  await expect(client.push.subscribe({ ...(await device("here")), endpoint: "https://127.0.0.1/x" })).rejects.toMatchObject({ code: "invalid" });
});

const keys = new Map<string, PushSubscriptionJSON>();

/** What a browser would give, with keys of its own. */
async function device(name: string): Promise<PushSubscriptionJSON> {
  const known = keys.get(name);
  if (known) return known;
  const { publicKey } = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
  const p256dh = Buffer.from(await crypto.subtle.exportKey("raw", publicKey)).toString("base64url");
  const auth = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64url");
  const made = { endpoint: `https://push.example.net/send/${name}`, keys: { p256dh, auth } };
  keys.set(name, made);
  return made;
}

async function devices(client: ChatClient): Promise<string[]> {
  return (await client.push.list()).map(({ id }) => id).sort((one, other) => Number(one) - Number(other));
}

/** No type that a server could know by its first bytes. */
function bytes(seed: number): Blob {
  const random = new Random(seed);
  return new Blob([Uint8Array.from({ length: SIZE }, () => random.below(256))]);
}

async function same(one: Blob, other: Blob): Promise<boolean> {
  return Buffer.from(await one.arrayBuffer()).equals(Buffer.from(await other.arrayBuffer()));
}

function expectForward(steps: readonly Progress[]): void {
  const loaded = steps.map((step) => step.loaded);
  expect(loaded).toEqual([...loaded].sort((one, other) => one - other));
}
