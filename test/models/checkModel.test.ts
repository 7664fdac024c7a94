import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { checkDraft, checkTarget } from "../../src/models/disk/checkModel.ts";
import { progressText, TransferRate } from "../../src/models/hub/fetchProgress.ts";
import { assemble, disassemble } from "../support/ggufWriter.ts";
import { DRAFT_PATH, TARGET_PATH } from "../support/modelPaths.ts";

const { signal } = new AbortController();

async function fileOf(bytes: Uint8Array): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "treeline-check-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "model.gguf");
  await writeFile(path, bytes);
  return path;
}

/** The tiny target with other texts of tokens. */
async function withTokens(change: (text: string, id: number) => string): Promise<string> {
  const model = disassemble(await readFile(TARGET_PATH));
  const tokens = model.metadata.get("tokenizer.ggml.tokens");
  if (tokens?.type !== "array" || tokens.elementType !== "string") throw new Error("no tokens");
  const metadata = new Map(model.metadata);
  metadata.set("tokenizer.ggml.tokens", { ...tokens, value: tokens.value.map(change) });
  for (const marker of ["pre", "suf", "mid"])
    metadata.delete(`tokenizer.ggml.fim_${marker}_token_id`);
  return fileOf(assemble({ ...model, metadata }));
}

describe("checkTarget", () => {
  test("takes a model that fills in, and says what memory a longer context costs", async () => {
    const small = await checkTarget(TARGET_PATH, 1_024, signal);
    const large = await checkTarget(TARGET_PATH, 2_048, signal);
    // Keys and values of 5 layers, 1 head of 64, 16 bits each.
    expect(large.memoryBytes - small.memoryBytes).toBe(1_024 * 5 * 64 * 2 * 2);
    expect(small.memoryBytes).toBeGreaterThan(small.header.fileBytes);
  });

  test("refuses a model without fill-in markers", async () => {
    const path = await withTokens((text) => text.replace("<|fim_", "<|chat_"));
    await expect(checkTarget(path, 1_024, signal)).rejects.toThrow(
      "expected fill-in-the-middle markers, found none",
    );
  });

  test("refuses a text file with a model's name", async () => {
    await expect(checkTarget(await fileOf(Buffer.from("# Tr")), 1_024, signal)).rejects.toThrow(
      'found "# Tr"',
    );
  });
});

describe("checkDraft", () => {
  test("takes the bundled draft for the bundled target", async () => {
    const target = await checkTarget(TARGET_PATH, 1_024, signal);
    await expect(checkDraft(DRAFT_PATH, target, signal)).resolves.toBeUndefined();
  });

  test("refuses one of another vocabulary, and says where it differs", async () => {
    const target = await checkTarget(TARGET_PATH, 1_024, signal);
    const path = await withTokens((text, id) => (id === 8190 ? "<|other|>" : text));
    await expect(checkDraft(path, target, signal)).rejects.toThrow("token 8190 is");
  });
});

describe("progressText", () => {
  test("has what came, the rate of the last seconds and the time left", () => {
    const rate = new TransferRate();
    rate.progress(0, 500e6, 0);
    for (let ms = 100; ms <= 20_000; ms += 100) {
      // Ten times as fast at first.
      const bytes = ms <= 10_000 ? ms * 20_000 : 200e6 + (ms - 10_000) * 2_000;
      const progress = rate.progress(bytes, 500e6, ms);
      if (ms === 20_000) {
        expect(progressText(progress)).toBe("220 MB of 500 MB, 2.0 MB/s, 3 min left");
      }
    }
    expect(progressText({ phase: "waiting", doneBytes: 0 })).toContain("another process");
    expect(progressText({ phase: "retrying", doneBytes: 0, detail: "a answered 503" })).toBe(
      "a answered 503; trying again",
    );
  });
});
