import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openModel } from "../../../src/llama/model/llamaModel.ts";
import { type LlamaLibrary, loadLlamaLibrary } from "../../../src/llama/native/llamaLibrary.ts";
import { checkLayouts } from "../../../src/llama/native/llamaStructs.ts";
import { DRAFT_PATH, openTarget, TARGET_PATH, TEST_GPU } from "../../support/models.ts";
import { NEVER } from "../../support/never.ts";

let library: LlamaLibrary;
let folder: string;
beforeAll(async () => {
  library = await loadLlamaLibrary(TEST_GPU);
  folder = await mkdtemp(join(tmpdir(), "treeline-open-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("loadLlamaLibrary", () => {
  test("gives the same library every time, and refuses another backend in this process", async () => {
    expect(await loadLlamaLibrary(TEST_GPU)).toBe(library);
    await expect(loadLlamaLibrary("metal")).rejects.toMatchObject({ code: "backendUnavailable" });
  });

  test("has the layouts that were read from the headers; any other default is refused", () => {
    const { fn } = library;
    const found = {
      version: fn.version(),
      model: fn.modelDefaults(),
      context: fn.contextDefaults(),
    };
    checkLayouts(found);
    for (const [struct, field] of [
      ["model", "n_gpu_layers"],
      ["model", "use_extra_bufts"],
      ["model", "kv_overrides"],
      ["context", "n_ctx"],
      ["context", "type_v"],
      ["context", "kv_unified"],
      ["context", "samplers"],
    ] as const) {
      const shifted = { ...found, [struct]: { ...found[struct], [field]: 12_345 } };
      expect(() => checkLayouts(shifted)).toThrow(
        expect.objectContaining({
          code: "libraryMismatch",
          message: expect.stringMatching(new RegExp(`\\.${field} is 12345, expected `)),
        }),
      );
    }
  });
});

describe("openModel", () => {
  test("knows the model's own figures, and reports its progress from start to end", async () => {
    const fractions: number[] = [];
    const onProgress = (fraction: number) => fractions.push(fraction);
    using model = await openModel(library, TARGET_PATH, { gpuLayers: 0, onProgress }, NEVER);
    expect(model).toMatchObject({
      path: TARGET_PATH,
      architecture: "llama",
      isRecurrent: false,
      vocabulary: { size: 8192 },
    });
    expect(model.numLayers).toBeGreaterThan(1);
    expect(fractions.at(-1)).toBe(1);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  });

  test("an abort before, and at any report of progress, leaves nothing loaded", async () => {
    const signal = AbortSignal.abort();
    await expect(openModel(library, DRAFT_PATH, { gpuLayers: 0 }, signal)).rejects.toBe(
      signal.reason,
    );
    for (const numReports of [1, 3, 10]) {
      const controller = new AbortController();
      let numLeft = numReports;
      const onProgress = () => {
        if (--numLeft === 0) controller.abort();
      };
      const pending = openModel(
        library,
        DRAFT_PATH,
        { gpuLayers: 0, onProgress },
        controller.signal,
      );
      await expect(pending).rejects.toMatchObject({ name: "AbortError" });
    }
    using opened = await openTarget(DRAFT_PATH);
    expect(opened.target.kvLength).toBe(0);
  });

  test("an abort after the last report frees the model, too", async () => {
    const controller = new AbortController();
    const onProgress = (fraction: number) => {
      if (fraction === 1) controller.abort();
    };
    const pending = openModel(library, DRAFT_PATH, { gpuLayers: 0, onProgress }, controller.signal);
    await expect(pending).rejects.toMatchObject({ name: "AbortError" });
  });

  test("refuses what the header check refuses, before llama.cpp sees it", async () => {
    const path = join(folder, "text.gguf");
    await writeFile(path, "GGUF is not all it takes");
    await expect(openModel(library, path, { gpuLayers: 0 }, NEVER)).rejects.toMatchObject({
      name: "EngineError",
      message: expect.stringContaining(path),
    });
  });

  test("opens a path with spaces, quotes and characters beyond ASCII", async () => {
    const path = join(folder, "модель 'tiny' 😀 %s.gguf");
    await copyFile(DRAFT_PATH, path);
    using model = await openModel(library, path, { gpuLayers: 0 }, NEVER);
    expect(model.path).toBe(path);
  });

  test("opens the same file twice, and each lives as long as its own owner wants", async () => {
    using first = await openTarget(DRAFT_PATH);
    const second = await openTarget(DRAFT_PATH);
    const tokens = first.model.vocabulary.tokenize("const a = 1;\n");
    await second.target.prefill(tokens, NEVER);
    second[Symbol.dispose]();
    await first.target.prefill(tokens, NEVER);
    expect(first.target.kvLength).toBe(tokens.length);
  });

  test("dispose may be called twice, and use after it throws", async () => {
    const opened = await openTarget(DRAFT_PATH, { contextSize: 128 });
    opened[Symbol.dispose]();
    opened[Symbol.dispose]();
    await expect(opened.target.prefill(Int32Array.of(1), NEVER)).rejects.toThrow("disposed");
  });
});

describe("openContext", () => {
  // llama.cpp aborts the process on a batch larger than the context that was asked for, not than the one it made.
  test.each([1, 5, 100, 257, 300, 511])("a context of %i positions can be filled", async (size) => {
    using opened = await openTarget(DRAFT_PATH, { contextSize: size });
    const { target } = opened;
    expect(target.contextSize).toBe(size);
    const tokens = Int32Array.from({ length: size }, (_, index) => 100 + index);
    for (let i = 0; i < 4; i++) {
      await target.prefill(tokens.subarray(0, i), NEVER);
      await target.prefill(tokens, NEVER);
    }
    expect(target.kvLength).toBe(size);
    const tooLong = target.prefill(new Int32Array(size + 1), NEVER);
    await expect(tooLong).rejects.toMatchObject({ code: "contextFull" });
  });
});
