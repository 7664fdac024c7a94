import { copyFile, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  findBuilds,
  type LlamaBuild,
  libraryPaths,
  nodeLlamaFolder,
  THIS_MACHINE,
} from "../../../src/llama/native/llamaBuilds.ts";
import { type LlamaLibrary, loadLlamaLibrary } from "../../../src/llama/native/llamaLibrary.ts";
import { openLoadedLibraries } from "../../../src/llama/native/loadedLibraries.ts";
import { nativeModules } from "../../../src/llama/native/nativeModules.ts";
import { TEST_GPU } from "../../support/models.ts";

const SYMBOL = "llama_version";

let library: LlamaLibrary;
let builds: LlamaBuild[];
let folder: string;
beforeAll(async () => {
  library = await loadLlamaLibrary(TEST_GPU);
  builds = await findBuilds(THIS_MACHINE, nodeLlamaFolder());
  folder = await mkdtemp(join(tmpdir(), "treeline-modules-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Of the build that is loaded, and of another one, if one is installed. */
function llamaPaths(isLoaded: boolean): string[] {
  return builds
    .filter((build) => (build.gpu === library.nodeLlama.gpu) === isLoaded)
    .flatMap((build) => libraryPaths(build, "llama"));
}

describe("nativeModules", () => {
  test("opens what is loaded: the same functions, and no second copy in memory", async () => {
    const modules = nativeModules();
    const { llama } = openLoadedLibraries(builds, library.nodeLlama, modules);
    const [path = ""] = llamaPaths(true);
    expect(modules.openLoaded(path, SYMBOL)?.symbol(SYMBOL)).toBe(llama.symbol(SYMBOL));
    if (process.platform !== "linux") return;
    const maps = await readFile("/proc/self/maps", "utf8");
    const copies = maps.split("\n").filter((line) => /^\S+ r-xp .*\/libllama\.[^/]*$/.test(line));
    expect(copies).toEqual([expect.stringContaining(path)]);
  });

  test("does not open another build, a copy of the loaded one, or nothing", async () => {
    const modules = nativeModules();
    const [path = ""] = llamaPaths(true);
    const copy = join(folder, basename(path));
    await copyFile(path, copy);
    for (const other of [...llamaPaths(false), copy, join(folder, "missing", basename(path))]) {
      expect(modules.openLoaded(other, SYMBOL)).toBeUndefined();
    }
  });

  test.skipIf(process.platform === "win32")("knows what is loaded by a link, too", async () => {
    const [path = ""] = llamaPaths(true);
    const link = join(folder, "by link");
    await symlink(path, link);
    expect(nativeModules().openLoaded(link, SYMBOL)?.symbol(SYMBOL)).toBe(
      nativeModules().openLoaded(path, SYMBOL)?.symbol(SYMBOL),
    );
  });

  test("the CPU backend that llama.cpp chose has thread pools", () => {
    const { threadpool } = library.fn;
    const pool = threadpool?.create(threadpool.defaults(2));
    expect(pool).toBeGreaterThan(0n);
    if (pool) threadpool?.free(pool);
  });
});
