import { beforeEach, describe, expect, test } from "vitest";
import { DEFAULT_LIMITS, readWorkspaceSources } from "../../src/ui/folders/workspaceSources.ts";
import { CancellationTokenSource, resetVscode, setSetting, Uri } from "../fakes/fakeVscode.ts";
import { FileType, setFile, workbench } from "../fakes/fakeWorkbench.ts";

const FOLDER = { name: "ws", uri: Uri.from({ scheme: "file", path: "/ws" }) };
const LINE = "export const answer = 42;\n";

function read(limits = DEFAULT_LIMITS, seed = 1, signal = new AbortController().signal) {
  const { token } = new CancellationTokenSource();
  return readWorkspaceSources([FOLDER] as never, limits, seed, token as never, signal);
}

describe("readWorkspaceSources", () => {
  beforeEach(() => resetVscode());

  test("reads source files, sorted, and nothing secret, generated or binary", async () => {
    for (const path of ["b.ts", "a/c.py", "README.md", ".env", "a/id_rsa.sh", "x.min.js"]) {
      setFile(`/ws/${path}`, LINE);
    }
    setFile("/ws/key.ts", "-----BEGIN PRIVATE KEY-----\n");
    workbench.files.set("/ws/data.c", Uint8Array.of(1, 0, 2));
    const { files, numBytes } = await read();
    expect(files).toEqual([
      { path: "a/c.py", text: LINE },
      { path: "b.ts", text: LINE },
    ]);
    expect(numBytes).toBe(2 * LINE.length);
  });

  test("follows no link, and reads no device", async () => {
    for (const path of ["a.ts", "linked.ts", "pipe.ts"]) setFile(`/ws/${path}`, LINE);
    workbench.types.set("/ws/linked.ts", FileType.File | FileType.SymbolicLink);
    workbench.types.set("/ws/pipe.ts", FileType.Unknown);
    expect((await read()).files.map(({ path }) => path)).toEqual(["a.ts"]);
  });

  test("asks with what files.exclude and search.exclude leave out", async () => {
    setSetting("files.exclude", { "**/*.{gen,tmp}.ts": true, "**/kept": false });
    setSetting("search.exclude", { "**/fixtures": true });
    await read();
    expect(workbench.excludes).toHaveLength(1);
    const patterns = workbench.excludes[0]?.slice(1, -1).split(",");
    expect(patterns).toContain("**/*.gen.ts");
    expect(patterns).toContain("**/fixtures/**");
    expect(patterns).not.toContain("**/kept");
  });

  test("draws a part by the seed where there are more than the limits allow", async () => {
    for (let index = 0; index < 40; index++) setFile(`/ws/${index}.ts`, LINE);
    const limits = { ...DEFAULT_LIMITS, maxFiles: 10 };
    const { files, numFound } = await read(limits);
    expect(files).toHaveLength(10);
    expect(numFound).toBe(40);
    expect((await read(limits)).files).toEqual(files);
    expect((await read(limits, 2)).files).not.toEqual(files);
  });

  test("keeps below the bytes of a file and of all", async () => {
    setFile("/ws/large.ts", LINE.repeat(10));
    for (let index = 0; index < 5; index++) setFile(`/ws/${index}.ts`, LINE);
    const size = LINE.length;
    const small = await read({ ...DEFAULT_LIMITS, maxFileBytes: size });
    expect(small.files).toHaveLength(5);
    const few = await read({ ...DEFAULT_LIMITS, maxFileBytes: size, maxTotalBytes: 3 * size });
    expect(few.numBytes).toBe(3 * size);
  });

  test("reads little more than it takes", async () => {
    for (let index = 0; index < 200; index++) setFile(`/ws/${index}.ts`, LINE);
    for (const few of [{ maxFiles: 10 }, { maxTotalBytes: 10.5 * LINE.length }]) {
      workbench.reads.length = 0;
      expect((await read({ ...DEFAULT_LIMITS, ...few })).files).toHaveLength(10);
      expect(workbench.reads.length).toBeLessThan(20);
    }
  });

  test("a cancellation ends it", async () => {
    setFile("/ws/a.ts", LINE);
    const signal = AbortSignal.abort();
    await expect(read(DEFAULT_LIMITS, 1, signal)).rejects.toThrow(/abort/i);
  });
});
