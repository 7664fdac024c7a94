import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkGguf } from "../../src/gguf/ggufCheck.ts";
import { readGgufHeader } from "../../src/gguf/ggufHeader.ts";
import {
  estimatedLineMs,
  lineMs,
  lineTimeText,
  type MeasuredSpeed,
} from "../../src/models/advice/lineTime.ts";
import { writeProbe } from "../../src/models/advice/probeModel.ts";
import { recommend } from "../../src/models/advice/recommend.ts";
import { PROBE, SpeedBook } from "../../src/models/advice/speedBook.ts";
import { Catalogue } from "../../src/models/catalogue/catalogue.ts";
import { TARGET_PATH } from "../support/modelPaths.ts";

const catalogue = new Catalogue();
/** Two cores of an EPYC, read off the 0.5B and the 1.5B when the machine was quiet: 370 and 125 tokens of a prompt a second. */
const SMALL = { promptMs: 692, tokenMs: 34.5, bytes: 379_720_000, promptParameters: 0.358 };
const LARGE = { promptMs: 2_048, tokenMs: 84, bytes: 986_000_000, promptParameters: 1.31 };
/** A machine that is so many times as fast. */
const faster = (times: number): MeasuredSpeed => ({
  ...SMALL,
  promptMs: SMALL.promptMs / times,
  tokenMs: SMALL.tokenMs / times,
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "treeline-advice-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("estimatedLineMs", () => {
  test("of one real model by the other it is right within 25 %", () => {
    const small = catalogue.get("qwen2.5-coder-0.5b-instruct-q4_k_m");
    const large = catalogue.get("qwen2.5-coder-1.5b-instruct-q4_k_m");
    const ratios = [
      estimatedLineMs(large, SMALL)! / lineMs(LARGE),
      estimatedLineMs(small, LARGE)! / lineMs(SMALL),
    ];
    for (const ratio of ratios) expect(Math.abs(ratio - 1), ratios.join()).toBeLessThan(0.25);
  });

  test("of a mixture of experts a token passes some only", () => {
    const mixture = estimatedLineMs(catalogue.get("qwen3-coder-30b-a3b-q4_k_m"), SMALL)!;
    expect(mixture).toBeLessThan(estimatedLineMs(catalogue.get("qwen2.5-coder-7b-q8_0"), SMALL)!);
  });

  test("is called an estimate", () => {
    expect(lineTimeText(612, false)).toBe("shows a line after about 0.6 s here");
    expect(lineTimeText(12_400, true)).toBe("shows a line after about 12 s here (estimated)");
  });
});

describe("recommend", () => {
  const best = (memoryBytes: number, measured: MeasuredSpeed | undefined) =>
    recommend(catalogue, memoryBytes, measured)[0];

  test("advises the largest that is soon enough and fits", () => {
    expect(best(64e9, faster(40))?.entry.name).toBe("qwen3-coder-30b-a3b-q4_k_m");
    expect(best(16e9, faster(40))?.entry.name).toBe("qwen2.5-coder-7b-q8_0");
    expect(best(64e9, faster(3))?.entry.name).toBe("qwen2.5-coder-1.5b-q8_0");
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

  test("keeps what was measured on this machine, and estimates others by a real model", async () => {
    const book = await SpeedBook.open(path(), "off");
    expect(book.textOf(small)).toBeUndefined();
    await book.add(PROBE, LARGE);
    await book.add(small.name, SMALL);
    await book.add(PROBE, LARGE);
    const again = await SpeedBook.open(path(), "off");
    expect(again.measured).toEqual(SMALL);
    expect(again.textOf(small)).toBe(lineTimeText(lineMs(SMALL), false));
    expect(again.textOf(catalogue.get("qwen2.5-coder-7b-q8_0"))).toContain("(estimated)");
    expect((await SpeedBook.open(path(), "vulkan")).measured).toBeUndefined();
  });
});

describe("writeProbe", () => {
  test("writes a model that llama.cpp may see, of a 1.5B's shape, and deletes it", async () => {
    const signal = new AbortController().signal;
    const probe = await writeProbe(join(folder, "probe.gguf"), TARGET_PATH, signal);
    const header = await readGgufHeader(probe.path, signal);
    checkGguf(header);
    expect(header.fileBytes - header.dataOffset).toBeGreaterThanOrEqual(probe.bytes);
    expect(probe.promptParameters).toBeCloseTo(0.281, 3);
    await probe[Symbol.asyncDispose]();
    await expect(readGgufHeader(probe.path, signal)).rejects.toThrow("found nothing");
  });
});
