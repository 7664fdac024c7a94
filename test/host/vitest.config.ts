import { defineConfig } from "vitest/config";

/** One VS Code at a time: two cores, and every test file starts its own. */
export default defineConfig({
  test: {
    name: "host",
    include: ["test/host/**/*.test.ts"],
    globalSetup: ["test/host/setup.ts"],
    pool: "forks",
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
