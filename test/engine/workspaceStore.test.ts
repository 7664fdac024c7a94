/** The index as files change on a real disk, without a model. */
import { utimes } from "node:fs/promises";
import { describe, expect, test, vi } from "vitest";
import {
  bytesOfTokens,
  learned,
  move,
  pathOf,
  remove,
  rootAt,
  saved,
  startStore,
  storedFiles,
  until,
  useWorkspaceFolder,
  write,
} from "../support/workspaceFolder.ts";
import { brokenInvariant } from "../support/workspaceIntegrity.ts";

useWorkspaceFolder();

const CODE = "const a = 1;\n";
describe("WorkspaceStore", () => {
  test("indexes the sources of all roots, each under its name", async () => {
    await write("a/src/x.ts", CODE);
    await write("a/README.md", CODE);
    await write("a/inner/y.ts", CODE);
    await write("b/x.ts", "b\n");
    const { open, ready, texts, status } = startStore();
    open({
      roots: [rootAt("a"), rootAt("b", { name: "a" }), rootAt("a/inner", { name: "inner" })],
    });
    await ready();
    expect(texts()).toEqual({ "a/src/x.ts": CODE, "a:2/x.ts": "b\n", "inner/y.ts": CODE });
    expect(status()).toEqual({ phase: "ready", numFiles: 3, numTokens: 28, numWaiting: 0 });
  });

  test("says that it indexes before it has read what was kept", () => {
    const { open, status } = startStore();
    open({ roots: [rootAt("a")] });
    expect(status().phase).toBe("indexing");
  });

  test("counts the file that changed last as the most recent one", async () => {
    for (const [name, seconds] of [
      ["x", 300],
      ["y", 100],
      ["z", 200],
    ] as const) {
      await write(`a/${name}.ts`, CODE);
      await utimes(pathOf(`a/${name}.ts`), seconds, seconds);
    }
    const { open, ready, index } = startStore();
    open({ roots: [rootAt("a")] });
    await ready();
    expect(
      index()
        .files()
        .map(({ path }) => path),
    ).toEqual(["a/y.ts", "a/z.ts", "a/x.ts"]);
  });

  test("follows what is created, saved, deleted and renamed, files and folders", async () => {
    await write("a/x.ts", "x\n");
    await write("a/old/y.ts", "y\n");
    await write("a/old/deep/z.ts", "z\n");
    const { store, open, holds, touched, tokenizer } = startStore();
    open({ roots: [rootAt("a")] });
    await holds({ "a/x.ts": "x\n", "a/old/y.ts": "y\n", "a/old/deep/z.ts": "z\n" });
    await write("a/x.ts", "x2\n");
    await write("a/new.ts", "new\n");
    touched("a/x.ts", "a/new.ts", "elsewhere/x.ts", "a/../x.ts");
    await holds({
      "a/x.ts": "x2\n",
      "a/new.ts": "new\n",
      "a/old/y.ts": "y\n",
      "a/old/deep/z.ts": "z\n",
    });
    // Renamed by the editor, then again behind its back.
    tokenizer.texts.length = 0;
    await move("a/old", "a/young");
    store.changed({
      paths: [],
      renamed: [{ from: pathOf("a/old"), to: pathOf("a/young") }],
      opened: [],
    });
    await holds({
      "a/x.ts": "x2\n",
      "a/new.ts": "new\n",
      "a/young/y.ts": "y\n",
      "a/young/deep/z.ts": "z\n",
    });
    await move("a/young/deep", "a/deep");
    await remove("a/new.ts");
    await write("a/x.ts", "x3\n");
    touched("a/young/deep", "a/deep", "a/new.ts", "a/x.ts");
    await holds({ "a/x.ts": "x3\n", "a/young/y.ts": "y\n", "a/deep/z.ts": "z\n" });
    // What the editor renamed was not read again; what came from elsewhere was.
    expect(tokenizer.texts.toSorted()).toEqual(["x3\n", "z\n"]);
    tokenizer.texts.length = 0;
    await remove("a/young");
    await move("a/x.ts", "a/.env");
    touched("a/deep/z.ts", "a/young");
    store.changed({
      paths: [],
      renamed: [{ from: pathOf("a/x.ts"), to: pathOf("a/.env") }],
      opened: [],
    });
    await holds({ "a/deep/z.ts": "z\n" });
    expect(tokenizer.texts).toEqual([]);
    expect(brokenInvariant(store.placeOf(requestIn("a/deep/z.ts"))!.index)).toBeUndefined();
  });

  test("follows folders that are named like source files", async () => {
    for (const path of ["lib.js/x.ts", "lib.js/deep/y.ts", "plain/z.ts"]) {
      await write(`a/${path}`, CODE);
    }
    const { open, holds, touched } = startStore();
    open({ roots: [rootAt("a")] });
    const plain = { "a/plain/z.ts": CODE };
    await holds({ ...plain, "a/lib.js/x.ts": CODE, "a/lib.js/deep/y.ts": CODE });
    // Only its own path is reported, also where a file takes its place, and a folder that one's.
    await remove("a/lib.js");
    touched("a/lib.js");
    await holds(plain);
    await write("a/lib.js/x.ts", CODE);
    touched("a/lib.js");
    await holds({ ...plain, "a/lib.js/x.ts": CODE });
    await remove("a/lib.js");
    await write("a/lib.js", CODE);
    touched("a/lib.js");
    await holds({ ...plain, "a/lib.js": CODE });
    await remove("a/lib.js");
    await write("a/lib.js/x.ts", CODE);
    touched("a/lib.js");
    await holds({ ...plain, "a/lib.js/x.ts": CODE });
  });

  test("follows .gitignore, and what the settings leave out", async () => {
    await write("a/x.ts", "x\n");
    await write("a/gen/y.ts", "y\n");
    const { open, holds, touched } = startStore();
    open({ roots: [rootAt("a")] });
    await holds({ "a/x.ts": "x\n", "a/gen/y.ts": "y\n" });
    await write("a/.gitignore", "gen\n");
    touched("a/.gitignore");
    await holds({ "a/x.ts": "x\n" });
    await write("a/gen/z.ts", "z\n");
    touched("a/gen/z.ts", "a/gen/y.ts");
    await remove("a/.gitignore");
    touched("a/.gitignore");
    await holds({ "a/x.ts": "x\n", "a/gen/y.ts": "y\n", "a/gen/z.ts": "z\n" });
    open({ roots: [rootAt("a", { excludes: ["x.*"] })] });
    await holds({ "a/gen/y.ts": "y\n", "a/gen/z.ts": "z\n" });
  });

  test("prefers unsaved text to the disk's, and keeps it off the disk", async () => {
    await write("a/x.ts", "saved\n");
    const { store, open, holds, touched, texts, ready } = startStore();
    open({ roots: [rootAt("a"), rootAt("v", { isOnDisk: false })], storagePath: learned() });
    const path = pathOf("a/x.ts");
    store.setBuffer({ path, text: "typed\r\n" });
    await holds({ "a/x.ts": "typed\r\n" });
    await write("a/x.ts", "saved by another\n");
    touched("a/x.ts");
    store.setBuffer({ path: pathOf("v/y.ts"), text: "virtual\n" });
    await holds({ "a/x.ts": "typed\r\n", "v/y.ts": "virtual\n" });
    const bytes = await saved();
    for (const word of ["typed", "virtual"]) {
      expect(bytes.includes(bytesOfTokens(word))).toBe(false);
    }
    store.setBuffer({ path, text: null });
    store.setBuffer({ path: pathOf("v/y.ts"), text: null });
    await holds({ "a/x.ts": "saved by another\n" });
    await ready();
    for (const [name, text] of [
      ["x.md", "a"],
      [".env", "SECRET=1"],
      ["gone.ts", "a"],
    ] as const) {
      store.setBuffer({ path: pathOf(`a/${name}`), text });
    }
    store.setBuffer({ path, text: `${["-----BEGIN", "PRIVATE KEY-----"].join(" ")}\n` });
    await holds({});
    expect(texts()).toEqual({});
  });

  test("starts from what it kept, reads what has changed, and removes what is gone", async () => {
    for (const name of ["same", "changed", "gone"]) await write(`a/${name}.ts`, `${name}\n`);
    const first = startStore();
    first.open({ roots: [rootAt("a")], storagePath: learned() });
    await first.ready();
    await saved();
    first.store.serve(undefined);

    await write("a/changed.ts", "changed since\n");
    await utimes(pathOf("a/changed.ts"), 5, 5);
    await write("a/new.ts", "new\n");
    await remove("a/gone.ts");
    const second = startStore();
    second.open({ roots: [rootAt("a")], storagePath: learned() });
    await second.ready();
    expect(second.texts()).toEqual({
      "a/changed.ts": "changed since\n",
      "a/new.ts": "new\n",
      "a/same.ts": "same\n",
    });
    expect([...second.tokenizer.texts].sort()).toEqual(["changed since\n", "new\n"]);
    expect(second.log.join("\n")).toMatch(/info workspace index restored files=3/);
    await until(async () => expect((await saved()).includes("a/new.ts")).toBe(true));
  });

  test("goes on with its index when the same model is loaded again, and not with another's", async () => {
    await write("a/x.ts", CODE);
    const { store, open, serve, ready, tokenizer, turns, texts } = startStore();
    open({ roots: [rootAt("a")], storagePath: learned() });
    await ready();
    store.serve(undefined);
    expect(store.placeOf(requestIn("a/x.ts"))).toBeUndefined();
    serve();
    await ready();
    expect(tokenizer.texts).toEqual([CODE]);
    await saved();
    const other = startStore({ hash: "other" });
    other.open({ roots: [rootAt("a")], storagePath: learned() });
    await other.ready();
    expect(other.tokenizer.texts).toEqual([CODE]);
    expect(other.log.join("\n")).toMatch(/not restored reason="it is of another tokenizer"/);
    expect(texts()).toEqual({ "a/x.ts": CODE });
    expect(turns).toBeDefined();
  });

  test("waits while a request runs, and does not ask a tokenizer that was taken away", async () => {
    for (let number = 0; number < 400; number++) await write(`a/${number}.ts`, CODE);
    const { store, turns, open, serve, ready, tokenizer } = startStore();
    const request = turns.pause();
    open({ roots: [rootAt("a")] });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(tokenizer.texts).toEqual([]);
    request[Symbol.dispose]();
    await vi.waitFor(() => expect(tokenizer.texts.length).toBeGreaterThan(5), { interval: 1 });
    const again = turns.pause();
    const numBefore = tokenizer.texts.length;
    expect(numBefore).toBeLessThan(400);
    store.serve(undefined);
    again[Symbol.dispose]();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(tokenizer.texts).toHaveLength(numBefore);
    serve();
    await ready();
    expect(tokenizer.texts).toHaveLength(400);
  });

  test("knows where a request stands", async () => {
    await write("a/src/x.ts", CODE);
    await write("a/src/y.ts", CODE);
    const { store, open, ready, index } = startStore();
    expect(store.placeOf(requestIn("a/src/x.ts"))).toBeUndefined();
    open({ roots: [rootAt("a")] });
    await ready();
    const request = { ...requestIn("a/src/x.ts"), prefixText: 'import "./y.ts";\n' };
    expect(store.placeOf(request)?.place).toEqual({
      fileId: index().fileId("a/src/x.ts"),
      folder: "a/src",
      importedIds: new Set([index().fileId("a/src/y.ts")]),
    });
    expect(store.placeOf(requestIn("a/src/new.ts"))?.place).toMatchObject({ folder: "a/src" });
    expect(store.placeOf(requestIn("b/x.ts"))?.place).toEqual({});
  });

  test("forgets everything, and writes nothing after that", async () => {
    await write("a/x.ts", CODE);
    const { store, open, ready, touched } = startStore();
    open({ roots: [rootAt("a")], storagePath: learned() });
    await ready();
    await saved();
    await write("a/y.ts", CODE);
    touched("a/y.ts");
    await store.forget();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await storedFiles()).toEqual(new Map());
    expect(store.placeOf(requestIn("a/x.ts"))).toBeUndefined();
    open({ roots: [rootAt("a")], storagePath: learned() });
    await ready();
    await saved();
  });
});

function requestIn(path: string) {
  return {
    prefixText: "",
    suffixText: "",
    maxTokens: 1,
    sources: [],
    documentPath: pathOf(path),
  };
}
