import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const client = fileURLToPath(new URL("../typescript/src/", import.meta.url));

export default defineConfig({
  // The client as it is written, so that no build has to come first.
  resolve: {
    alias: [
      { find: "@chinwag/client/testing", replacement: `${client}testing/index.ts` },
      { find: "@chinwag/client", replacement: `${client}index.ts` },
    ],
  },
  test: { include: ["tests/**/*.test.ts"] },
});
