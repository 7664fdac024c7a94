import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LoadedEngines } from "../../src/session/client/loadedEngines.ts";

describe("LoadedEngines", () => {
  let folder: string;
  let running: Set<number>;
  const window = (pid: number) =>
    new LoadedEngines(join(folder, "engines"), pid, (each) => running.has(each));

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "treeline-engines-"));
    running = new Set([11, 12]);
  });
  afterEach(() => rm(folder, { recursive: true }));

  test("tells the second window of the first, and not of itself", async () => {
    expect(await window(11).announce()).toEqual([]);
    expect(await window(12).announce()).toEqual([11]);
    expect(await window(11).others()).toEqual([12]);
  });

  test("forgets a window that ended, with or without saying so", async () => {
    await window(11).announce();
    await window(12).announce();
    running.delete(11);
    expect(await window(12).others()).toEqual([]);
    expect(await readdir(join(folder, "engines"))).toEqual(["12.json"]);
    await window(12).withdraw();
    await window(12).withdraw();
    expect(await readdir(join(folder, "engines"))).toEqual([]);
  });

  test("gets along with files that say nothing, and with no folder", async () => {
    expect(await window(11).others()).toEqual([]);
    await window(11).announce();
    await writeFile(join(folder, "engines/notes.txt"), "x");
    expect(await window(11).others()).toEqual([]);
    await writeFile(join(folder, "engines/12.json"), "{");
    expect(await window(11).others()).toEqual([12]);
  });

  test("sees that a process runs", async () => {
    const own = new LoadedEngines(folder);
    await own.announce();
    const other = new LoadedEngines(folder, process.pid + 1_000_000);
    expect(await other.others()).toEqual([process.pid]);
  });
});
