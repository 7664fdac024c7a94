import { defineConfig } from "vitest/config";

/** One VS Code at a time: two cores, and every test file starts its own. */
export default defineConfig({
  test: {
    name: "host",
    include: ["test/host/**/*.test.ts"],
    globalSetup: ["test/host/setup.ts", "test/host/packedTreeline.ts"],
    pool: "forks",
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // What is polled for is another process's state; one second is short on a machine with other work.
    expect: { poll: { timeout: 10_000 } },
  },
});
