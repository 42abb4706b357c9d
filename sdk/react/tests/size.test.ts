import { gzipSync } from "node:zlib";

import { build } from "esbuild";
import { expect, test } from "vitest";

test("the hooks are smaller than 2 KB", async () => {
  const { outputFiles } = await build({
    entryPoints: [new URL("../src/index.ts", import.meta.url).pathname],
    bundle: true,
    minify: true,
    format: "esm",
    external: ["react", "@chinwag/client"],
    write: false,
  });
  expect(gzipSync(outputFiles[0]!.contents, { level: 9 }).length).toBeLessThan(2 * 1024);
});
