/** Which documents are known to be source files of the workspace: what is learned of others is not kept. */
import { symlink } from "node:fs/promises";
import { describe, expect, test, vi } from "vitest";
import {
  move,
  pathOf,
  rootAt,
  startStore,
  until,
  useWorkspaceFolder,
  write,
} from "../support/workspaceFolder.ts";

useWorkspaceFolder();

const CODE = "const a = 1;\n";

function start() {
  const { store, ...rest } = startStore();
  const knows = (path: string) => store.isKnownSource({ documentPath: pathOf(path) });
  return { ...rest, store, knows };
}

describe("WorkspaceStore.isKnownSource", () => {
  test("takes the sources of all roots, and nothing that the index leaves out", async () => {
    const sources = ["a/src/x.ts", "b/x.py", "a/inner/y.ts"];
    const others = [
      ...["a/README.md", "a/.env", "a/.netrc", "a/docker-compose.yml", "a/ignored/x.ts"],
      ...["a/excluded/x.ts", "a/src/api-keys.ts", "a/node_modules/m/x.ts", "elsewhere/x.ts"],
    ];
    for (const path of [...sources, ...others]) await write(path, CODE);
    await write("a/key.ts", `${["-----BEGIN", "PRIVATE KEY-----"].join(" ")}\n`);
    await write("a/.gitignore", "ignored\n");
    await symlink(pathOf("elsewhere"), pathOf("a/away"));
    await symlink(pathOf("elsewhere/x.ts"), pathOf("a/linked.ts"));
    const { store, open, ready, knows } = start();
    open({
      roots: [rootAt("a", { excludes: ["**/excluded"] }), rootAt("b"), rootAt("a/inner")],
    });
    await ready();
    for (const path of sources) expect(knows(path), path).toBe(true);
    others.push("a/key.ts", "a/away/x.ts", "a/linked.ts", "a/gone.ts", "a/src", "a");
    // What is written otherwise may be the same file on some disks: it is not known to be.
    others.push("a/src/X.ts", "A/src/x.ts");
    for (const path of others) expect(knows(path), path).toBe(false);
    expect(store.isKnownSource({})).toBe(false);
    const odd = ["", "untitled:Untitled-1", "src/x.ts", `${pathOf("a")}/../a/src/x.ts`];
    for (const documentPath of odd) {
      expect(store.isKnownSource({ documentPath }), documentPath).toBe(false);
    }
  });

  test("knows nothing before the walk has seen it, nor of what an earlier session kept", async () => {
    await write("a/x.ts", CODE);
    await write("a/y.ts", CODE);
    const storage = { storagePath: pathOf("storage/learned") };
    const first = start();
    expect(first.knows("a/x.ts")).toBe(false);
    first.open({ roots: [rootAt("a")], ...storage });
    expect(first.knows("a/x.ts")).toBe(false);
    await first.ready();
    expect(first.knows("a/x.ts")).toBe(true);
    first.store.serve(undefined);
    expect(first.knows("a/x.ts")).toBe(false);

    await write("a/.gitignore", "y.ts\n");
    const second = start();
    const seen: boolean[] = [];
    second.open({ roots: [rootAt("a")], ...storage });
    await vi.waitFor(
      () => {
        seen.push(second.knows("a/y.ts"));
        expect(second.status().phase).toBe("ready");
      },
      { interval: 0, timeout: 20_000 },
    );
    expect(new Set(seen)).toEqual(new Set([false]));
    expect(second.knows("a/x.ts")).toBe(true);
  });

  test("doubts a file from the first word of a change until it was looked at", async () => {
    await write("a/x.ts", CODE);
    await write("a/y.ts", CODE);
    const { turns, open, ready, touched, knows } = start();
    open({ roots: [rootAt("a")] });
    await ready();
    {
      using _ = turns.pause();
      touched("a/x.ts");
      expect([knows("a/x.ts"), knows("a/y.ts")]).toEqual([false, true]);
      await write("a/.gitignore", "y.ts\n");
      touched("a/.gitignore");
      expect(knows("a/y.ts")).toBe(false);
    }
    await until(() => expect(knows("a/x.ts")).toBe(true));
    expect(knows("a/y.ts")).toBe(false);
  });

  test("follows what is renamed, files and folders", async () => {
    await write("a/old/x.ts", CODE);
    await write("a/y.ts", CODE);
    const { store, open, ready, knows } = start();
    open({ roots: [rootAt("a")] });
    await ready();
    await move("a/old", "a/young");
    await move("a/y.ts", "a/.env");
    store.changed({
      paths: [],
      renamed: [
        { from: pathOf("a/old"), to: pathOf("a/young") },
        { from: pathOf("a/y.ts"), to: pathOf("a/.env") },
      ],
      opened: [],
    });
    for (const path of ["a/old/x.ts", "a/young/x.ts", "a/.env"]) expect(knows(path)).toBe(false);
    await until(() => expect(knows("a/young/x.ts")).toBe(true));
    for (const path of ["a/old/x.ts", "a/.env", "a/y.ts"]) expect(knows(path)).toBe(false);
  });

  test("takes unsaved text of a source on disk, and none that the disk has no file of", async () => {
    await write("a/x.ts", CODE);
    const { store, open, ready, holds, knows } = start();
    open({ roots: [rootAt("a"), rootAt("v", { isOnDisk: false })] });
    await ready();
    for (const path of ["a/x.ts", "a/new.ts", "v/y.ts"]) {
      store.setBuffer({ path: pathOf(path), text: "typed\n" });
    }
    await holds({ "a/x.ts": "typed\n", "v/y.ts": "typed\n" });
    await until(() => expect(knows("a/x.ts")).toBe(true));
    expect([knows("a/new.ts"), knows("v/y.ts")]).toEqual([false, false]);
    await write("a/new.ts", "typed\n");
    store.setBuffer({ path: pathOf("a/new.ts"), text: null });
    await until(() => expect(knows("a/new.ts")).toBe(true));
    const key = `${["-----BEGIN", "PRIVATE KEY-----"].join(" ")}\n`;
    store.setBuffer({ path: pathOf("a/x.ts"), text: key });
    await holds({ "a/new.ts": "typed\n", "v/y.ts": "typed\n" });
    expect(knows("a/x.ts")).toBe(false);
  });
});
