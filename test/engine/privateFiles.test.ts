import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { PrivateFiles } from "../../src/engine/base/privateFiles.ts";
import { pathOf, useWorkspaceFolder, write } from "../support/workspaceFolder.ts";

useWorkspaceFolder();

const bytes = (text: string) => new TextEncoder().encode(text);

function openFiles(path = "storage/learned") {
  const log: string[] = [];
  const files = new PrivateFiles(pathOf(path), (level, message) => log.push(`${level} ${message}`));
  const load = async (name: string) => {
    const found = await files.load(name);
    return found && new TextDecoder().decode(found);
  };
  return { files, log, load };
}

describe("PrivateFiles", () => {
  test("keeps blobs, whole, in a folder and in files for the user alone", async () => {
    const { files, log, load } = openFiles();
    expect(await load("a")).toBeUndefined();
    expect(await files.save("a", bytes("one"))).toBe(true);
    expect(await files.save("b-2", bytes("two"))).toBe(true);
    expect(await files.save("a", bytes("three"))).toBe(true);
    expect([await load("a"), await load("b-2")]).toEqual(["three", "two"]);
    expect((await readdir(pathOf("storage/learned"))).sort()).toEqual(["a.bin", "b-2.bin"]);
    expect(log).toEqual([]);
    if (process.platform === "win32") return;
    expect((await stat(pathOf("storage/learned"))).mode & 0o777).toBe(0o700);
    expect((await stat(pathOf("storage/learned/a.bin"))).mode & 0o777).toBe(0o600);
  });

  test.runIf(process.platform !== "win32")(
    "closes what stood open, and follows no link",
    async () => {
      await mkdir(pathOf("open"), { mode: 0o777 });
      await chmod(pathOf("open"), 0o777);
      await write("elsewhere", "mine");
      await writeFile(pathOf("open/a.bin"), "old", { mode: 0o666 });
      await symlink(pathOf("elsewhere"), pathOf("open/b.bin"));
      await symlink(pathOf("elsewhere"), pathOf(`open/c.bin.${process.pid}.tmp`));
      const { files } = openFiles("open");
      for (const name of ["a", "b", "c"]) expect(await files.save(name, bytes("new"))).toBe(true);
      expect((await stat(pathOf("open"))).mode & 0o777).toBe(0o700);
      for (const name of ["a", "b", "c"]) {
        const path = pathOf(`open/${name}.bin`);
        expect(await readFile(path, "utf8")).toBe("new");
        expect((await stat(path)).mode & 0o777).toBe(0o600);
      }
      expect(await readFile(pathOf("elsewhere"), "utf8")).toBe("mine");
    },
  );

  test("removes what an engine left that died while it wrote", async () => {
    await write("storage/learned/a.bin.99999999.tmp", "half");
    const { files } = openFiles();
    await files.save("a", bytes("whole"));
    expect(await readdir(pathOf("storage/learned"))).toEqual(["a.bin"]);
  });

  test("says what it could not write or read, without a path, and goes on", async () => {
    await write("storage", "a file where the folder should be");
    const { files, log, load } = openFiles();
    expect(await files.save("a", bytes("one"))).toBe(false);
    expect(await load("a")).toBeUndefined();
    await mkdir(pathOf("other/a.bin"), { recursive: true });
    const other = openFiles("other");
    expect(await other.load("a")).toBeUndefined();
    expect(await other.files.save("a", bytes("one"))).toBe(false);
    expect([...log, ...other.log].join("\n")).toMatch(/^(warn blob not .*name=a .*\n?)+$/);
    for (const line of [...log, ...other.log]) expect(line).not.toContain(pathOf(""));
    expect(await readdir(pathOf("other"))).toEqual(["a.bin"]);
  });

  test("forgets all, what is being written included, and its names are names", async () => {
    const { files, load } = openFiles();
    const writing = files.save("a", new Uint8Array(5_000_000));
    await files.forgetAll();
    expect(await writing).toBe(true);
    expect(await load("a")).toBeUndefined();
    expect(await readdir(pathOf("storage"))).toEqual([]);
    await files.forgetAll();
    await expect(files.save("../a", bytes("x"))).rejects.toThrow(RangeError);
    expect(await readdir(pathOf("storage"))).toEqual([]);
  });
});
