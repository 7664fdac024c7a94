import { defineConfig } from "vitest/config";
import { viteWat } from "./tooling/watPlugin.mjs";

/** Native code: one file per process, and never two files at once on two cores. */
const native = { pool: "forks", isolate: true, fileParallelism: false } as const;

export default defineConfig({
  test: {
    // Every test states what it waits for; the limits only end a hang.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      {
        plugins: [viteWat()],
        test: {
          name: "unit",
          include: ["test/{core,session,cli,tooling,llama}/**/*.test.ts"],
          exclude: ["test/llama/native/**"],
          testTimeout: 60_000,
        },
      },
      {
        plugins: [viteWat()],
        test: {
          name: "model",
          include: ["test/llama/native/**/*.test.ts", "test/engine/**/*.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 120_000,
          ...native,
        },
      },
    ],
  },
});
