/** A widened model is there whole or not at all: aborts, full disks, files in the way, the cache. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EngineError } from "../../src/core/base/errors.ts";
import { cachedWidenedModel } from "../../tooling/widen/cachedWidenedModel.ts";
import { type WidenOptions, widenModel } from "../../tooling/widen/widenModel.ts";
import { denseModel, SMALL_SHAPE } from "../support/denseModel.ts";
import { TARGET_PATH } from "../support/modelPaths.ts";
import { NEVER } from "../support/never.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "treeline-widen-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** 20 MB, in about 60 chunks. */
const LARGER = { width: 384, numLayers: 10, ffnWidth: 1024, type: "q8_0" } as const;

async function failure(to: string, options: Partial<WidenOptions> = {}): Promise<unknown> {
  return widenModel(TARGET_PATH, to, { ...LARGER, signal: NEVER, ...options }).then(
    () => undefined,
    (cause: unknown) => cause,
  );
}

describe("widenModel", () => {
  test.each([0, 0.5, 1])("leaves nothing when it is aborted at %d of the way", async (moment) => {
    const controller = new AbortController();
    const fractions: number[] = [];
    const onProgress = (fraction: number) => {
      fractions.push(fraction);
      if (fraction >= moment) controller.abort();
    };
    const error = await failure(join(folder, "out.gguf"), {
      onProgress,
      signal: controller.signal,
    });
    expect(error).toHaveProperty("name", "AbortError");
    expect(await readdir(folder)).toEqual([]);
    expect(fractions.filter((fraction) => fraction > moment).length).toBeLessThan(2);
  });

  test("shows nothing under the final name before it is complete, and then the whole file", async () => {
    const path = join(folder, "out.gguf");
    const seen: string[] = [];
    const onProgress = async () => {
      seen.push(...(await readdir(folder)));
    };
    const { fileBytes } = await widenModel(TARGET_PATH, path, {
      ...LARGER,
      onProgress: () => void onProgress(),
      signal: NEVER,
    });
    expect(seen.length).toBeGreaterThan(10);
    expect(seen.slice(0, 10).every((name) => name.endsWith(".part"))).toBe(true);
    expect(await readdir(folder)).toEqual(["out.gguf"]);
    expect((await stat(path)).size).toBe(fileBytes);
  });

  test("replaces a file only on request, and never its own source", async () => {
    const path = join(folder, "out.gguf");
    await writeFile(path, "precious");
    expect(await failure(path)).toMatchObject({
      code: "writeFailed",
      message: expect.stringMatching(/expected no file yet, found one.*--force/),
    });
    expect(await readFile(path, "utf8")).toBe("precious");
    const aborted = AbortSignal.abort();
    expect(await failure(path, { overwrite: true, signal: aborted })).not.toBeInstanceOf(
      EngineError,
    );
    expect(await readFile(path, "utf8")).toBe("precious");
    expect(await failure(path, { overwrite: true })).toBeUndefined();
    expect((await stat(path)).size).toBeGreaterThan(10e6);
    const own = await widenModel(path, path, {
      ...LARGER,
      overwrite: true,
      signal: NEVER,
    }).catch((cause: unknown) => cause);
    expect(own).toMatchObject({ message: expect.stringMatching(/found the model itself/) });
    expect(await readdir(folder)).toEqual(["out.gguf"]);
  });

  test("says what is wrong with the place", async () => {
    await mkdir(join(folder, "taken"));
    for (const [path, message] of [
      ["missing/out.gguf", /an existing folder, found none/],
      ["taken", /a file's name, found a folder/],
    ] as const)
      expect(await failure(join(folder, path), { overwrite: true })).toMatchObject({
        code: "writeFailed",
        message: expect.stringMatching(message),
      });
    const huge = { width: 192 * 1000, numLayers: 500, ffnWidth: 320_000 };
    expect(await failure(join(folder, "huge.gguf"), huge)).toMatchObject({
      code: "writeFailed",
      message: expect.stringMatching(/expected room for \d+\.\d MB, found \d+\.\d MB free/),
    });
    expect(await readdir(folder)).toEqual(["taken"]);
  });

  // The shell's limit on file sizes ends the writing in the middle, as a full disk would.
  test.skipIf(process.platform === "win32")("leaves nothing on a disk that fills up", async () => {
    const script = `
      import { widenModel } from ${JSON.stringify(join(import.meta.dirname, "../../tooling/widen/widenModel.ts"))};
      const settings = { width: 384, numLayers: 10, ffnWidth: 1024, signal: new AbortController().signal };
      await widenModel(process.argv[1], process.argv[2], settings).catch((e) => console.log(e.code, e.message));`;
    const limited = 'ulimit -f 4096 && exec "$0" --input-type=module -e "$1" "$2" "$3"';
    const path = join(folder, "out.gguf");
    const { stdout } = await promisify(execFile)(
      "bash",
      ["-c", limited, process.execPath, script, TARGET_PATH, path],
      { env: { ...process.env, NODE_OPTIONS: "" } },
    );
    expect(stdout).toMatch(/^writeFailed Output .*: expected room for \d+\.\d MB, found EFBIG/);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("cachedWidenedModel", () => {
  const settings = { width: 256, numLayers: 2, ffnWidth: 96 };

  test("writes a model once, and another for another source or other dimensions", async () => {
    const source = join(folder, "small.gguf");
    const cache = join(folder, "deep/cache");
    const make = (more: object = {}) =>
      cachedWidenedModel(source, cache, { ...settings, ...more, signal: NEVER });
    await writeFile(source, denseModel(SMALL_SHAPE));
    const first = await make();
    expect(first.wasCached).toBe(false);
    expect(first.path).toMatch(/small-256x2x96-q8_0-[0-9a-f]{16}\.gguf$/);
    const written = await readFile(first.path);
    expect(await make()).toEqual({ ...first, wasCached: true });
    expect((await make({ type: "f16" })).wasCached).toBe(false);
    expect((await make({ ffnWidth: 128 })).wasCached).toBe(false);
    // Trained anew: the header is the same.
    await writeFile(source, denseModel({ ...SMALL_SHAPE, seed: 2 }));
    expect((await make()).wasCached).toBe(false);
    expect(await readdir(cache)).toHaveLength(4);
    expect(await readFile(first.path)).toEqual(written);
  });

  test("writes a damaged file again and removes what a killed process left behind", async () => {
    const source = join(folder, "small.gguf");
    await writeFile(source, denseModel(SMALL_SHAPE));
    const make = () => cachedWidenedModel(source, folder, { ...settings, signal: NEVER });
    const { path, fileBytes } = await make();
    const whole = await readFile(path);
    const parts = [".1-0000abcd.part", ".2-0000abcd.part"].map((suffix) => path + suffix);
    for (const part of parts) await writeFile(part, "begun");
    await utimes(parts[0]!, 0, 0);
    for (const damaged of [whole.subarray(0, fileBytes - 1), Buffer.from(whole).fill(0, 0, 100)]) {
      await writeFile(path, damaged);
      expect((await make()).wasCached).toBe(false);
      expect(await readFile(path)).toEqual(whole);
    }
    expect((await readdir(folder)).length).toBe(3);
  });

  test("names the folder it cannot make", async () => {
    const source = join(folder, "small.gguf");
    await writeFile(source, denseModel(SMALL_SHAPE));
    const below = cachedWidenedModel(source, join(source, "cache"), {
      ...settings,
      signal: NEVER,
    });
    await expect(below).rejects.toMatchObject({
      code: "writeFailed",
      message: expect.stringMatching(/Cache folder .*small\.gguf.cache: .*Choose another\./),
    });
  });
});
