/** What a widened model computes and how it is laid out. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { checkGguf } from "../../src/gguf/ggufCheck.ts";
import { parseGgufHeader } from "../../src/gguf/ggufHeader.ts";
import type { WidenSettings } from "../../tooling/widen/widenedShape.ts";
import { widenModel } from "../../tooling/widen/widenModel.ts";
import { WIDENED_TYPES } from "../../tooling/widen/widenSource.ts";
import {
  decodeTensor,
  denseLogits,
  denseModel,
  denseShapes,
  Q8_0,
  SMALL_SHAPE,
} from "../support/denseModel.ts";
import { disassemble } from "../support/ggufWriter.ts";
import { TARGET_PATH } from "../support/modelPaths.ts";
import { NEVER } from "../support/never.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

const folder = await mkdtemp(join(tmpdir(), "treeline-widen-"));
afterAll(() => rm(folder, { recursive: true }));

async function widen(source: Uint8Array, settings: WidenSettings): Promise<Uint8Array> {
  const from = join(folder, "source.gguf");
  const to = join(folder, "widened.gguf");
  await writeFile(from, source);
  const widened = await widenModel(from, to, { ...settings, overwrite: true, signal: NEVER });
  const bytes = new Uint8Array(await readFile(to));
  expect(widened).toMatchObject({ path: to, fileBytes: bytes.length });
  return bytes;
}

const WIDER: WidenSettings = { width: 256, numLayers: 2, ffnWidth: 96 };

describe("widenModel", () => {
  test("computes the same function, whatever the heads, biases, types and dimensions", async () => {
    const growth = fc.record({
      // Up to as many new heads as make any group.
      heads: fc.nat(6),
      layers: fc.nat(2),
      ffnBlocks: fc.nat(2),
      type: fc.constantFrom(...WIDENED_TYPES),
    });
    await fc.assert(
      fc.asyncProperty(denseShapes, growth, async (shape, grown) => {
        const source = denseModel(shape);
        // To quantize is refused.
        const type = grown.type === "q8_0" && shape.type !== Q8_0 ? "f16" : grown.type;
        const numHeads = shape.numKvHeads * shape.group;
        const settings: WidenSettings = {
          // A whole number of old groups always has an arrangement.
          width: (numHeads + grown.heads * shape.group) * shape.headLength,
          numLayers: shape.numLayers + grown.layers,
          ffnWidth: shape.ffnWidth + grown.ffnBlocks * 32,
          type,
        };
        const widened = await widen(source, settings);
        checkGguf(parseGgufHeader("widened.gguf", widened, widened.length));
        const tokens = [3, 1, 4, 1, 5];
        const expected = denseLogits(source, tokens, type === "f16");
        const found = denseLogits(widened, tokens);
        const size = Math.max(...expected.map(Math.abs));
        for (const [token, logit] of expected.entries())
          expect(Math.abs(found[token]! - logit)).toBeLessThan(size * 1e-5);
      }),
      { numRuns: Math.ceil(NUM_RUNS / 8) },
    );
  });

  test("regroups heads where the new ones do not fill whole groups of the old size", async () => {
    const source = denseModel(SMALL_SHAPE);
    for (const [numHeads, numKvHeads] of [
      [6, 3],
      [8, 4],
      [9, 3],
      [10, 5],
    ] as const) {
      const widened = await widen(source, { ...WIDER, width: numHeads * 32 });
      expect(disassemble(widened).metadata.get("llama.attention.head_count_kv")).toEqual({
        type: "uint32",
        value: numKvHeads,
      });
      const expected = denseLogits(source, [2, 7, 1]);
      const found = denseLogits(widened, [2, 7, 1]);
      for (const [token, logit] of expected.entries()) expect(found[token]).toBeCloseTo(logit, 4);
    }
    for (const numHeads of [5, 7])
      await expect(widen(source, { ...WIDER, width: numHeads * 32 })).rejects.toMatchObject({
        code: "invalidRequest",
        message: expect.stringMatching(/groups of 2 or more.*Choose (192|256)\.$/),
      });
  });

  test("copies every other entry of the header byte by byte, in order", async () => {
    const source = denseModel(SMALL_SHAPE, {
      "general.license": { type: "string", value: "not \udcff UTF-8" },
      "general.file_type": { type: "uint32", value: 7 },
    });
    const widened = await widen(source, { ...WIDER, type: "f16" });
    const [before, after] = [source, widened].map((bytes) => {
      const { entrySpans } = parseGgufHeader("m.gguf", bytes, bytes.length);
      return [...entrySpans].map(([key, { start, end }]): [string, string] => [
        key,
        Buffer.from(bytes.subarray(start, end)).toString("latin1"),
      ]);
    });
    const changed = (after ?? []).filter(([, entry], index) => entry !== before?.[index]?.[1]);
    expect((after ?? []).map(([key]) => key)).toEqual((before ?? []).map(([key]) => key));
    expect(changed.map(([key]) => key)).toEqual([
      "llama.embedding_length",
      "llama.block_count",
      "llama.feed_forward_length",
      "llama.attention.head_count",
      "llama.attention.head_count_kv",
      "llama.attention.layer_norm_rms_epsilon",
      "general.file_type",
    ]);
    expect(disassemble(widened).metadata.get("general.file_type")?.value).toBe(1);
  });

  test("fills what cannot matter with weights, and zeros only where they must be", async () => {
    const source = new Uint8Array(await readFile(TARGET_PATH));
    for (const type of WIDENED_TYPES) {
      const widened = disassemble(
        await widen(source, { width: 384, numLayers: 6, ffnWidth: 768, type }),
      );
      const values = (name: string) => {
        const tensor = widened.tensors.find((found) => found.name === name)!;
        return { ...tensor, values: decodeTensor(tensor.type, tensor.data) };
      };
      const zeros = (name: string) => values(name).values.filter((value) => value === 0).length;
      for (const part of ["attn_q", "attn_k", "attn_v", "ffn_gate", "ffn_up"]) {
        expect(zeros(`blk.5.${part}.weight`)).toBe(0);
        const { dims, values: real } = values(`blk.4.${part}.weight`);
        // Rows and columns beyond the source's; of its own weights a few are zero.
        const added = real.filter((_, index) => index % dims[0]! >= 192);
        expect(added.some((value) => value === 0)).toBe(false);
      }
      for (const name of ["blk.5.attn_output.weight", "blk.5.ffn_down.weight"])
        expect(zeros(name)).toBe(values(name).values.length);
      const { dims, values: added } = values("blk.0.ffn_down.weight");
      expect(dims).toEqual([768, 384]);
      expect(added.every((value, at) => value === 0 || (at % 768 < 512 && at < 192 * 768))).toBe(
        true,
      );
      expect(values("blk.5.attn_q.weight").values.every((value) => value < 0.04)).toBe(true);
    }
  });

  test("copies Q8_0 blocks as they are", async () => {
    const source = new Uint8Array(await readFile(TARGET_PATH));
    const widened = disassemble(await widen(source, { width: 768, numLayers: 5, ffnWidth: 512 }));
    for (const { name, type, dims, data } of disassemble(source).tensors) {
      if (type !== Q8_0) continue;
      const wide = widened.tensors.find((tensor) => tensor.name === name)!;
      const rowBytes = (dims[0]! / 32) * 34;
      const wideRowBytes = (wide.dims[0]! / 32) * 34;
      for (let row = 0; row < dims[1]!; row += 37) {
        const wideRow = wide.data.subarray(row * wideRowBytes, row * wideRowBytes + rowBytes);
        expect(wideRow).toEqual(data.subarray(row * rowBytes, (row + 1) * rowBytes));
      }
    }
  });

  test("gives the same bytes every time", async () => {
    const source = denseModel(SMALL_SHAPE);
    expect(await widen(source, WIDER)).toEqual(await widen(source, WIDER));
  });
});
