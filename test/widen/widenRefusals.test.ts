/** Which models and dimensions are refused, in words that say what to do. */
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { GgufValue } from "../../src/gguf/ggufCursor.ts";
import type { WidenSettings } from "../../tooling/widen/widenedShape.ts";
import { widenModel } from "../../tooling/widen/widenModel.ts";
import { denseModel, F16, F32, SMALL_SHAPE } from "../support/denseModel.ts";
import { assemble, disassemble, type WritableTensor } from "../support/ggufWriter.ts";
import { NEVER } from "../support/never.ts";

const folder = await mkdtemp(join(tmpdir(), "treeline-widen-"));
afterAll(() => rm(folder, { recursive: true }));

const WIDER: WidenSettings = { width: 256, numLayers: 2, ffnWidth: 96 };

/** The error of widening `source`; nothing may be written. */
async function refusal(source: Uint8Array, settings: Partial<WidenSettings> = {}) {
  const from = join(folder, "source.gguf");
  await writeFile(from, source);
  const to = join(folder, "widened.gguf");
  const error = await widenModel(from, to, { ...WIDER, ...settings, signal: NEVER }).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(await readdir(folder)).toEqual(["source.gguf"]);
  return error;
}

describe("widenModel refuses", () => {
  test.each<[Partial<WidenSettings>, RegExp]>([
    [{ width: 130 }, /width as a multiple of 32, at least 128 .*found 130\. Choose 128 or 160\./],
    [{ width: 64 }, /at least 128 \(the source's\), found 64\. Choose 128\./],
    [{ ffnWidth: 32 }, /ffn as a multiple of 32, at least 64 .*Choose 64\./],
    [{ ffnWidth: 100 }, /Choose 96 or 128\./],
    [{ numLayers: 1 }, /layers from 2 \(the source's\) to 512, found 1/],
    [{ numLayers: 513 }, /to 512, found 513/],
  ])("the dimensions %j", async (settings, message) => {
    expect(await refusal(denseModel({ ...SMALL_SHAPE, numLayers: 2 }), settings)).toMatchObject({
      code: "invalidRequest",
      message: expect.stringMatching(message),
    });
  });

  test("to quantize", async () => {
    const source = denseModel({ ...SMALL_SHAPE, type: F16 });
    expect(await refusal(source, { type: "q8_0" })).toMatchObject({
      code: "invalidRequest",
      message: expect.stringMatching(/Choose type f16/),
    });
  });

  test("to take Q8_0 blocks apart", async () => {
    // 6 heads of 16 on 2 key heads become 8 in groups of 4, which begin every 64 instead of every 48 elements.
    const source = denseModel({ ...SMALL_SHAPE, headLength: 16, group: 3 });
    for (const type of ["q8_0", "f16"] as const)
      expect(await refusal(source, { width: 128, type })).toMatchObject({
        code: "invalidRequest",
        message: expect.stringMatching(/whole blocks of 32.*found 3 × 16.*groups of 3 heads/),
      });
  });

  const entry = (key: string, value: GgufValue) => denseModel(SMALL_SHAPE, { [key]: value });
  const perLayer: GgufValue = { type: "array", elementType: "uint32", value: Uint32Array.of(1) };

  test.each<[string, () => Uint8Array, RegExp]>([
    [
      "another architecture",
      () => denseModel({ ...SMALL_SHAPE, architecture: "gemma" }),
      /llama or qwen2, dense, found "gemma"/,
    ],
    [
      "a recurrent model",
      () => denseModel({ ...SMALL_SHAPE, architecture: "rwkv7" }),
      /llama or qwen2, dense, found "rwkv7"/,
    ],
    [
      "experts",
      () =>
        denseModel(
          { ...SMALL_SHAPE, architecture: "qwen2" },
          {
            "qwen2.expert_count": { type: "uint32", value: 4 },
            "qwen2.expert_used_count": { type: "uint32", value: 2 },
          },
        ),
      /a dense model, found 4 experts/,
    ],
    [
      "one file of several",
      () => entry("split.count", { type: "uint16", value: 3 }),
      /in one file, found the first of 3/,
    ],
    [
      "values per layer",
      () => entry("llama.odd", perLayer),
      /"llama\.odd" to be one value for all layers/,
    ],
    [
      "norms of queries",
      () => {
        const model = disassemble(denseModel(SMALL_SHAPE));
        const data = new Uint8Array(32 * 4);
        const norm = { name: "blk.0.attn_q_norm.weight", dims: [32], type: F32, data };
        return assemble({ ...model, tensors: [...model.tensors, norm] });
      },
      /found blk\.0\.attn_q_norm\.weight/,
    ],
    [
      "other quantized types",
      () => withTensor("blk.0.attn_k.weight", { type: 2, data: new Uint8Array(64 * 4 * 18) }),
      /Q8_0, F16 or F32, found Q4_0 in "blk\.0\.attn_k\.weight"\. Use a Q8_0 or F16 file/,
    ],
  ])("%s", async (_name, source, message) => {
    expect(await refusal(source())).toMatchObject({
      code: "unsupportedArchitecture",
      message: expect.stringMatching(message),
    });
  });

  test.each<[string, () => Uint8Array, string, RegExp]>([
    [
      "weights beyond F16's range",
      () => {
        const values = new Float32Array(128 * 12).fill(1e6, -1);
        return withTensor("token_embd.weight", { type: F32, data: new Uint8Array(values.buffer) });
      },
      "modelCorrupt",
      /within ±65504.*token_embd\.weight/,
    ],
    [
      "a truncated file",
      () => denseModel(SMALL_SHAPE).slice(0, -4096),
      "modelTruncated",
      /incomplete/,
    ],
    ["no model at all", () => Buffer.from("hello"), "notGguf", /GGUF/],
  ])("%s", async (_name, source, code, message) => {
    expect(await refusal(source(), { type: "f16" })).toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });
});

/** A small model with one tensor changed. */
function withTensor(name: string, change: Partial<WritableTensor>): Uint8Array {
  const model = disassemble(denseModel(SMALL_SHAPE));
  const tensors = model.tensors.map((tensor) =>
    tensor.name === name ? { ...tensor, ...change } : tensor,
  );
  return assemble({ ...model, tensors });
}
