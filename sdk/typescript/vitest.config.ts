import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Each integration test starts a server: two cores do not gain by more at once.
    maxWorkers: 2,
  },
});
