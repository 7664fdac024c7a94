/** The door to files that a workspace names, on a real disk. */
import { mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ReadLimits, readRegularFile } from "../../src/workspace/regularFile.ts";
import { countdownSignal } from "../support/countdownSignal.ts";
import { NEVER } from "../support/never.ts";
import { hasOddFiles, ODD_FILES } from "../support/oddFiles.ts";

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "treeline-door-")));
});
afterEach(() => rm(folder, { recursive: true }));

const LIMITS: ReadLimits = { maxBytes: 1024, ifLarger: "refuse" };
const at = (path: string) => join(folder, path);

async function textOf(path: string, limits = LIMITS): Promise<string | undefined> {
  const file = await readRegularFile(at(path), limits, NEVER);
  return file && Buffer.from(file.bytes).toString();
}

/** Open files of this process; of no use but on Linux. */
async function numOpen(): Promise<number> {
  return (await readdir("/proc/self/fd").catch(() => [])).length;
}

describe("readRegularFile", () => {
  test("reads a file whole, or its beginning, or not at all if it is larger", async () => {
    const text = "0123456789".repeat(100_000);
    await writeFile(at("a"), text);
    expect(await textOf("a", { maxBytes: text.length, ifLarger: "refuse" })).toBe(text);
    expect(await textOf("a", { maxBytes: 7, ifLarger: "cut" })).toBe("0123456");
    expect(await textOf("a", { maxBytes: text.length - 1, ifLarger: "refuse" })).toBeUndefined();
    expect(await textOf("gone")).toBeUndefined();
    await writeFile(at("empty"), "");
    expect(await textOf("empty")).toBe("");
    const { isCut } = (await readRegularFile(at("a"), { maxBytes: 7, ifLarger: "cut" }, NEVER))!;
    expect(isCut).toBe(true);
  });

  test.runIf(hasOddFiles).each(Object.keys(ODD_FILES))("refuses %s", async (name) => {
    await ODD_FILES[name]!(at("odd"));
    const before = await numOpen();
    expect(await textOf("odd")).toBeUndefined();
    expect(await numOpen()).toBe(before);
  });

  test.runIf(hasOddFiles)("refuses what links among its folders lead out to", async () => {
    await mkdir(at("in/real"), { recursive: true });
    await mkdir(at("inside-out"));
    for (const path of ["in/real/a", "inside-out/a"]) await writeFile(at(path), "a");
    await symlink(at("inside-out"), at("in/out"));
    await symlink(at("in/real"), at("in/round"));
    const limits = { ...LIMITS, below: at("in") };
    expect(await textOf("in/real/a", limits)).toBe("a");
    expect(await textOf("in/round/a", limits)).toBe("a");
    expect(await textOf("in/out/a", limits)).toBeUndefined();
    // A name that only begins alike.
    expect(await textOf("inside-out/a", limits)).toBeUndefined();
  });

  test("ends with its signal, before and while it reads, and leaves nothing open", async () => {
    await writeFile(at("a"), Buffer.alloc(4 * 1024 ** 2));
    const limits: ReadLimits = { maxBytes: 1024 ** 3, ifLarger: "refuse" };
    await expect(readRegularFile(at("a"), limits, AbortSignal.abort())).rejects.toThrow(/abort/i);
    const before = await numOpen();
    const whole = await readRegularFile(at("a"), limits, NEVER);
    expect(whole?.bytes.length).toBe(4 * 1024 ** 2);
    for (let numLooks = 1; numLooks <= 16; numLooks++) {
      const { signal } = countdownSignal(numLooks);
      await expect(readRegularFile(at("a"), limits, signal)).rejects.toThrow(/abort/i);
    }
    expect(await numOpen()).toBe(before);
  });
});
