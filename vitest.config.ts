import { fileURLToPath } from "node:url";
import { defineConfig, type TestProjectConfiguration } from "vitest/config";
import { hasLavapipe } from "./tooling/lavapipe.ts";
import { viteWat } from "./tooling/watPlugin.mjs";

/** Native code: one file per process, and never two files at once on two cores. */
const native = { pool: "forks", isolate: true, fileParallelism: false } as const;

/** The Vulkan backend on a software device: the same suites, fewer prompts, as lavapipe is slow. */
const vulkan: TestProjectConfiguration = {
  plugins: [viteWat()],
  test: {
    name: "vulkan",
    include: [
      "test/llama/native/{llamaTarget,lossless,nativeModules,noLayers,otherDevice}.test.ts",
    ],
    env: {
      TREELINE_TEST_GPU: "vulkan",
      TREELINE_LOSSLESS_PROMPTS: "3",
      TREELINE_LOSSLESS_TYPES: "Q8_0",
      GGML_VK_VISIBLE_DEVICES: "0",
    },
    testTimeout: 600_000,
    ...native,
  },
};

// With CI set nothing is skipped: without a device these tests fail.
const runsVulkan = hasLavapipe() || process.env["CI"] !== undefined;
if (!runsVulkan) process.stdout.write("skipped: the vulkan project (no Vulkan device here)\n");

export default defineConfig({
  test: {
    // Every test states what it waits for; the limits only end a hang.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      {
        plugins: [viteWat()],
        resolve: {
          alias: { vscode: fileURLToPath(new URL("test/fakes/fakeVscode.ts", import.meta.url)) },
        },
        test: {
          name: "unit",
          include: [
            "test/{core,bench,files,gguf,models,widen,workspace,session,cli,panel,ui,tooling,llama}/**/*.test.ts",
          ],
          exclude: ["test/llama/native/**"],
          testTimeout: 60_000,
        },
      },
      {
        plugins: [viteWat()],
        test: {
          name: "model",
          include: ["test/llama/native/**/*.test.ts", "test/engine/**/*.test.ts"],
          // Seven minutes of typing, only on demand (see the file).
          exclude: process.env["TREELINE_SOAK"] === "1" ? [] : ["test/engine/soak.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 120_000,
          // What the command line keeps stays out of the user's own cache.
          env: {
            XDG_CACHE_HOME: fileURLToPath(new URL("node_modules/.cache/tests", import.meta.url)),
            // Nor is the pair installed there taken for the default.
            TREELINE_MODELS: fileURLToPath(new URL("node_modules/.cache/models", import.meta.url)),
          },
          ...native,
        },
      },
      ...(runsVulkan ? [vulkan] : []),
      {
        plugins: [viteWat()],
        test: {
          name: "real",
          include: ["test/real/**/*.test.ts"],
          testTimeout: 3_600_000,
          ...native,
        },
      },
    ],
  },
});
