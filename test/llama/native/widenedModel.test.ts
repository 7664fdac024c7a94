/**
 * A widened tiny target computes in llama.cpp what the tiny target computes. Both follow the original's greedy output,
 * so that no difference is lost by parting ways early.
 *
 * Zero lanes add nothing to any sum, and Q8_0 quantizes activations in blocks of 32, which old and new lanes never
 * share: layers, ffn, heads and their widths change no bit. What rounds is the norm weights' factor √(192 / width),
 * except where it is a power of two, at 4 times the width. There the logits are equal bit by bit; elsewhere an
 * activation at the edge of a quantization step may fall on the other side, which is as large a difference as any other
 * rounding makes (the bounds below are a third of what F16 instead of Q8_0 does).
 */
import { copyFile, mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NEAR_TIE_GAP } from "../../../src/bench/speed/losslessCheck.ts";
import { type GgufHeader, readGgufHeader } from "../../../src/gguf/ggufHeader.ts";
import type { WidenSettings } from "../../../tooling/widen/widenedShape.ts";
import { widenModel } from "../../../tooling/widen/widenModel.ts";
import {
  compareRows,
  type DecodedRows,
  decodeRows,
  type LogitDifference,
} from "../../support/logitRows.ts";
import { LosslessBench } from "../../support/losslessRun.ts";
import { openTarget, TARGET_PATH } from "../../support/models.ts";
import { NEVER } from "../../support/never.ts";
import { realSpots } from "../../support/packageSources.ts";
import { quantizedTarget } from "../../support/quantize.ts";

const NUM_PROMPTS = 20;
const NUM_STEPS = 8;
/** Of all logits' |difference|. Measured: 0.005 at width 384, 0.007 at 512; F16 for Q8_0: 0.031. */
const MAX_MEAN = 0.01;
/** F16 and F32 activations are not quantized: sums in another order differ by less. Measured: 0.001 on average. */
const MAX_MEAN_FLOAT = 0.003;
/** Twice the width: √2 is as inexact as factors get. */
const DOUBLED: WidenSettings = { width: 384, numLayers: 7, ffnWidth: 1024 };

let folder: string;
let references: DecodedRows[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "treeline-widened-"));
  references = await decodePrompts(TARGET_PATH);
});
afterAll(() => rm(folder, { recursive: true }));

async function decodePrompts(path: string): Promise<DecodedRows[]> {
  using opened = await openTarget(path);
  const bench = new LosslessBench(opened.model, opened.target, NUM_STEPS);
  const decoded: DecodedRows[] = [];
  for (const spot of realSpots(NUM_PROMPTS, 3))
    decoded.push(await decodeRows(opened.target, bench.prompt(spot).promptTokens, NUM_STEPS));
  return decoded;
}

async function widen(settings: WidenSettings): Promise<string> {
  const { width, numLayers, ffnWidth, type } = settings;
  const path = join(folder, `${width}x${numLayers}x${ffnWidth}-${type}.gguf`);
  await widenModel(TARGET_PATH, path, { ...settings, overwrite: true, signal: NEVER });
  return path;
}

async function difference(path: string, from = references): Promise<LogitDifference> {
  using opened = await openTarget(path);
  const found = await compareRows(opened.target, from);
  const flips = found.flips.map(({ gap }) => gap.toFixed(4)).join(", ");
  process.stdout.write(
    `${basename(path)}: ${found.numRows} rows, |difference| at most ${found.worst.toPrecision(3)}, ` +
      `on average ${found.mean.toPrecision(3)}, other greedy tokens at gaps [${flips}]\n`,
  );
  return found;
}

/** What makes two models one function up to rounding. NaN fails. */
function isSameFunction({ mean, flips }: LogitDifference, maxMean = MAX_MEAN): boolean {
  return mean <= maxMean && flips.every(({ gap }) => gap < NEAR_TIE_GAP.cpu);
}

describe("a widened model in llama.cpp", () => {
  test("gives equal logits, bit by bit, at 4 times the width, with more layers and a wider ffn", async () => {
    const path = await widen({ width: 768, numLayers: 7, ffnWidth: 1024, type: "q8_0" });
    expect(await difference(path)).toMatchObject({ worst: 0, flips: [] });
  });

  test.each([
    DOUBLED,
    // 8 heads on 2 key heads: groups of 4 instead of 3.
    { width: 512, numLayers: 6, ffnWidth: 768 },
  ])("gives the same logits up to rounding at %j in Q8_0", async (settings) => {
    const found = await difference(await widen({ ...settings, type: "q8_0" }));
    expect(found).toSatisfy(isSameFunction);
  });

  test.each(["f16", "f32"] as const)(
    "gives in %s what llama.cpp's own copy of the original gives",
    async (type) => {
      const copies = await decodePrompts(await quantizedTarget(type === "f16" ? "F16" : "F32"));
      const path = await widen({ ...DOUBLED, type });
      const found = await difference(path, copies);
      expect(isSameFunction(found, MAX_MEAN_FLOAT)).toBe(true);
      // Beside the original this is the difference between Q8_0's activations and those that are not quantized.
      const { flips } = await difference(path);
      expect(flips.every(({ gap }) => gap < NEAR_TIE_GAP.cpu)).toBe(true);
    },
  );
});

/** Changes one file: `mutate` gets the bytes of one tensor or metadata entry. */
interface Mutant {
  readonly name: string;
  readonly span: (header: GgufHeader) => readonly { start: number; bytes: number }[];
  readonly mutate: (bytes: Buffer) => void;
}

function tensorSpans({ tensors, dataOffset }: GgufHeader, pattern: RegExp, bytes: number) {
  return tensors
    .filter(({ name }) => pattern.test(name))
    .map(({ offset }) => ({ start: dataOffset + offset, bytes }));
}

const MUTANTS: readonly Mutant[] = [
  {
    name: "norm weights without their factor",
    span: (header) => tensorSpans(header, /_norm\.weight$/, 384 * 4),
    mutate: (bytes) => {
      for (let at = 0; at < bytes.length; at += 4)
        bytes.writeFloatLE(bytes.readFloatLE(at) * Math.SQRT2, at);
    },
  },
  {
    name: "an epsilon without its factor",
    span: ({ entrySpans }) => [
      { start: entrySpans.get("llama.attention.layer_norm_rms_epsilon")!.end - 4, bytes: 4 },
    ],
    mutate: (bytes) => void bytes.writeFloatLE(bytes.readFloatLE() * 2),
  },
  {
    name: "an extra layer that adds to the stream",
    span: (header) => tensorSpans(header, /^blk\.6\.attn_output/, 384 * 12 * 34),
    mutate: (bytes) => {
      for (let at = 0; at < bytes.length; at += 34) bytes.writeUInt16LE(0x2000, at);
      for (let at = 2; at < bytes.length; at += 34) bytes[at] = 100;
    },
  },
  {
    name: "a head in another's place",
    span: (header) => tensorSpans(header, /^blk\.\d\.attn_q/, 128 * 12 * 34),
    mutate: (bytes) => {
      const half = bytes.length / 2;
      const first = Buffer.from(bytes.subarray(0, half));
      bytes.copy(bytes, 0, half);
      first.copy(bytes, half);
    },
  },
];

describe("the comparison", () => {
  test.each(MUTANTS)("catches $name", async ({ name, span, mutate }) => {
    const original = await widen({ ...DOUBLED, type: "q8_0" });
    const path = join(folder, `${name.replaceAll(" ", "-")}.gguf`);
    await copyFile(original, path);
    const spans = span(await readGgufHeader(path, NEVER));
    expect(spans.length).toBeGreaterThan(0);
    const file = await open(path, "r+");
    const all = await readFile(path);
    for (const { start, bytes } of spans) {
      const part = Buffer.from(all.subarray(start, start + bytes));
      mutate(part);
      await file.write(part, 0, bytes, start);
    }
    await file.close();
    expect(await difference(path, references.slice(0, 5))).not.toSatisfy(isSameFunction);
  });
});
