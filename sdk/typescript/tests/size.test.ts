/** What a page loads to chat. Accounts, uploads, storage and the running of conversations come when they are used. */
import { gzipSync } from "node:zlib";

import { build } from "esbuild";
import { expect, test } from "vitest";

async function gzipped(entry: string, external: string[]): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: entry, resolveDir: new URL("../src", import.meta.url).pathname, loader: "ts" },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    external,
    write: false,
  });
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
}

test("a client that chats is at most 17 KB", async () => {
  const onDemand = ["./methods.js", "./uploads.js", "./persistence.js", "./tabs.js"];
  expect(await gzipped('export { createClient } from "./client.js"', onDemand)).toBeLessThanOrEqual(17 * 1024);
});

test("with everything that is ever loaded it is at most 24 KB", async () => {
  expect(await gzipped('export * from "./index.js"', [])).toBeLessThanOrEqual(24 * 1024);
});
