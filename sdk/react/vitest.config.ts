import { defineConfig } from "vitest/config";

export default defineConfig({
  // The client as it is written, so that no build has to come first.
  ssr: { resolve: { conditions: ["source"] } },
  test: { include: ["tests/**/*.test.ts"], server: { deps: { inline: [/@chinwag/] } } },
});
