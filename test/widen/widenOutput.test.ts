/** A widened model is there whole or not at all: aborts, full disks, files in the way. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EngineError } from "../../src/core/base/errors.ts";
import { type WidenOptions, widenModel } from "../../tooling/widen/widenModel.ts";
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
      message: expect.stringMatching(/expected room for [\d.]+ [MG]B, found [\d.]+ [MG]B free/),
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
    expect(stdout).toMatch(/^writeFailed Output .*: expected room for 20 MB, found EFBIG/);
    expect(await readdir(folder)).toEqual([]);
  });
});
