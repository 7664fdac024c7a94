import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkGguf } from "../../src/gguf/ggufCheck.ts";
import { readGgufHeader } from "../../src/gguf/ggufHeader.ts";
import {
  estimatedLineMs,
  lineMs,
  lineTimeText,
  type MachineSpeed,
  type MeasuredSpeed,
  WEIGHT_TYPES,
} from "../../src/models/advice/lineTime.ts";
import { writeProbe } from "../../src/models/advice/probeModel.ts";
import { recommend } from "../../src/models/advice/recommend.ts";
import { SpeedBook } from "../../src/models/advice/speedBook.ts";
import { Catalogue } from "../../src/models/catalogue/catalogue.ts";
import { TARGET_PATH } from "../support/modelPaths.ts";

const catalogue = new Catalogue();
/** One thread of an EPYC (AVX-512), CPU time: two layers of each type, and the two real models (docs/notes/models.md). */
const MACHINE: MachineSpeed = {
  types: {
    Q4_K: { promptMs: 4_541, tokenMs: 41.8 },
    Q5_0: { promptMs: 7_127, tokenMs: 99.6 },
    Q8_0: { promptMs: 5_996, tokenMs: 56.4 },
  },
};
const SMALL = { promptMs: 2_383, tokenMs: 37.3 };
const LARGE = { promptMs: 5_392, tokenMs: 68.2 };
/** A machine that is so many times as fast. */
function faster(times: number): MachineSpeed {
  const types = Object.entries(MACHINE.types).map(([type, { promptMs, tokenMs }]) => [
    type,
    { promptMs: promptMs / times, tokenMs: tokenMs / times },
  ]);
  return { types: Object.fromEntries(types) };
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "treeline-advice-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("estimatedLineMs", () => {
  test("of both real models it is right within 25 %", () => {
    const ratioOf = (name: string, measured: MeasuredSpeed) =>
      estimatedLineMs(catalogue.get(name), MACHINE)! / lineMs(measured);
    const ratios = [
      ratioOf("qwen2.5-coder-0.5b-instruct-q4_k_m", SMALL),
      ratioOf("qwen2.5-coder-1.5b-instruct-q4_k_m", LARGE),
    ];
    for (const ratio of ratios) expect(Math.abs(ratio - 1), ratios.join()).toBeLessThan(0.25);
  });

  test("of a mixture of experts a token passes some only", () => {
    const mixture = estimatedLineMs(catalogue.get("qwen3-coder-30b-a3b-q4_k_m"), MACHINE)!;
    expect(mixture).toBeLessThan(estimatedLineMs(catalogue.get("qwen2.5-coder-7b-q8_0"), MACHINE)!);
  });

  test("is called an estimate", () => {
    expect(lineTimeText(612, false)).toBe("shows a line after about 0.6 s here");
    expect(lineTimeText(12_400, true)).toBe("shows a line after about 12 s here (estimated)");
  });
});

describe("recommend", () => {
  const best = (memoryBytes: number, probed: MachineSpeed | undefined) =>
    recommend(catalogue, memoryBytes, probed)[0];

  test("advises the largest that is soon enough and fits", () => {
    expect(best(64e9, faster(40))?.entry.name).toBe("qwen3-coder-30b-a3b-q4_k_m");
    expect(best(16e9, faster(40))?.entry.name).toBe("qwen2.5-coder-7b-q8_0");
    expect(best(64e9, faster(7))?.entry.name).toBe("qwen2.5-coder-1.5b-q8_0");
  });

  test("where models run on a GPU, its memory counts and not the machine's", () => {
    const measured = { ...faster(40), deviceMemoryBytes: 6e9 };
    expect(best(64e9, measured)?.entry.name).toBe("qwen2.5-coder-1.5b-q8_0");
  });

  test("where none is soon, or nobody knows, the smallest", () => {
    expect(best(64e9, faster(0.1))?.entry.name).toBe("qwen2.5-coder-0.5b-q8_0");
    expect(best(64e9, undefined)?.entry.name).toBe("qwen2.5-coder-0.5b-q8_0");
    const slow = recommend(catalogue, 64e9, faster(0.1));
    expect(slow.map(({ isSuitable }) => isSuitable).indexOf(true)).toBe(0);
    expect(slow.filter(({ isSuitable }) => isSuitable)).toHaveLength(1);
  });

  test("what does not fit comes last and says so", () => {
    const advised = recommend(catalogue, 2e9, faster(1));
    const fits = advised.map((one) => one.fits);
    expect(fits).toEqual(fits.toSorted((a, b) => Number(b) - Number(a)));
    expect(fits).toContain(false);
  });
});

describe("SpeedBook", () => {
  const path = () => join(folder, "cache/speed.json");
  const small = catalogue.get("qwen2.5-coder-0.5b-instruct-q4_k_m");

  test("keeps what was measured on this machine, and estimates the rest", async () => {
    const book = await SpeedBook.open(path(), "off");
    expect(book.textOf(small)).toBeUndefined();
    await book.addProbed(MACHINE);
    await book.addModel(small.name, SMALL);
    const again = await SpeedBook.open(path(), "off");
    expect(again.probed).toEqual(MACHINE);
    expect(again.textOf(small)).toBe(lineTimeText(lineMs(SMALL), false));
    expect(again.textOf(catalogue.get("qwen2.5-coder-7b-q8_0"))).toContain("(estimated)");
    const other = await SpeedBook.open(path(), "vulkan");
    expect([other.probed, other.has(small.name)]).toEqual([undefined, false]);
  });
});

describe("writeProbe", () => {
  test.each(WEIGHT_TYPES)(
    "writes a model of %s that llama.cpp may see, and deletes it",
    async (type) => {
      const signal = new AbortController().signal;
      const probe = await writeProbe(folder, type, TARGET_PATH, signal);
      const header = await readGgufHeader(probe.path, signal);
      checkGguf(header);
      expect(header.fileBytes - header.dataOffset).toBeGreaterThanOrEqual(probe.bytes);
      // Two layers of a 1.5B's shape, of the second the attention alone.
      expect(probe.weights / 1e6).toBeCloseTo(52.3, 1);
      await probe[Symbol.asyncDispose]();
      await expect(readGgufHeader(probe.path, signal)).rejects.toThrow("found nothing");
    },
  );

  test("deletes what processes left that are gone, and nothing of one that lives", async () => {
    const mine = [`probe-${process.ppid}.gguf`, "probe-mine.gguf", "speed.json"];
    const left = ["probe-1073741824.gguf", "probe-1073741824.gguf.1073741824.tmp"];
    for (const file of [...mine, ...left]) await writeFile(join(folder, file), "");
    const probe = await writeProbe(folder, "Q4_K", TARGET_PATH, new AbortController().signal);
    await probe[Symbol.asyncDispose]();
    expect((await readdir(folder)).sort()).toEqual(mine.sort());
  });
});
