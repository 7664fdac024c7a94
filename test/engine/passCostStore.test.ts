import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type PassCostKey,
  readPassCost,
  writePassCost,
} from "../../src/engine/models/passCostStore.ts";

const KEY: PassCostKey = {
  modelName: "tiny",
  modelBytes: 5,
  backend: "cpu",
  devices: [],
  gpuLayers: 0,
  threads: 2,
  llamaCppVersion: "1",
  contextSize: 512,
};
const COST = { kvLength: 64, points: [{ numRows: 1, ms: 2 }] };

let folder: string;
let log: string[];
const note = (_level: string, message: string) => log.push(message);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "treeline-cost-"));
  log = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("the file of pass costs", () => {
  const file = () => join(folder, "deep/er/pass-cost.json");

  test("gives back what was written, for the very same key only", async () => {
    await writePassCost(file(), KEY, COST, note);
    expect(await readPassCost(file(), KEY, note)).toEqual(COST);
    const others: Partial<PassCostKey>[] = [
      { backend: "vulkan" },
      { devices: ["x"] },
      { threads: 1 },
      { modelBytes: 6 },
      { llamaCppVersion: "2" },
    ];
    for (const other of others) {
      expect(await readPassCost(file(), { ...KEY, ...other }, note)).toBeUndefined();
    }
    expect(log).toEqual([]);
  });

  test("keeps the others, replaces its own, forgets the oldest, and leaves no draft behind", async () => {
    for (let threads = 0; threads < 40; threads++) {
      await writePassCost(file(), { ...KEY, threads }, COST, note);
    }
    const newer = { ...COST, kvLength: 512 };
    await writePassCost(file(), { ...KEY, threads: 39 }, newer, note);
    expect(await readPassCost(file(), { ...KEY, threads: 39 }, note)).toEqual(newer);
    expect(await readPassCost(file(), { ...KEY, threads: 20 }, note)).toEqual(COST);
    expect(await readPassCost(file(), { ...KEY, threads: 0 }, note)).toBeUndefined();
    expect(await readdir(join(folder, "deep/er"))).toEqual(["pass-cost.json"]);
    // Windows has no mode bits.
    if (process.platform !== "win32") expect((await stat(file())).mode & 0o077).toBe(0);
  });

  test.each([
    ["is not JSON", "{"],
    ["is another version's", JSON.stringify({ version: 99, tables: [{ key: KEY, cost: COST }] })],
    ["holds nonsense", JSON.stringify({ version: 1, tables: [{ key: KEY, cost: { points: 3 } }] })],
    [
      "holds times that are none",
      JSON.stringify({
        version: 1,
        tables: [{ key: KEY, cost: { kvLength: 1, points: [{ numRows: 1, ms: -1 }] } }],
      }),
    ],
  ])("one that %s is as good as none, and is written anew", async (_name, text) => {
    const path = join(folder, "pass-cost.json");
    await writeFile(path, text);
    expect(await readPassCost(path, KEY, note)).toBeUndefined();
    await writePassCost(path, KEY, COST, note);
    expect(await readPassCost(path, KEY, note)).toEqual(COST);
    expect(JSON.parse(await readFile(path, "utf8")).version).toBe(1);
  });

  test("says so, and goes on, where nothing can be written", async () => {
    const path = join(folder, "file/pass-cost.json");
    await writeFile(join(folder, "file"), "in the way");
    await writePassCost(path, KEY, COST, note);
    expect(log.join()).toContain("pass-cost not written");
    expect(await readPassCost(path, KEY, note)).toBeUndefined();
  });
});
