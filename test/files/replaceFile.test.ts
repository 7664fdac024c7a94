import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { renameOver, replaceFile } from "../../src/files/replaceFile.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "treeline-files-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("replaceFile", () => {
  test("replaces what is there, for the account alone", async () => {
    const path = join(folder, "a");
    writeFileSync(path, "before");
    await replaceFile(path, "after", 0o600);
    expect(readFileSync(path, "utf8")).toBe("after");
    if (process.platform !== "win32") expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["a"]);
  });

  test("leaves the file as it was, and nothing beside it, where a part throws", async () => {
    const path = join(folder, "a");
    writeFileSync(path, "before");
    async function* parts() {
      yield Buffer.from("af");
      throw new RangeError("no more");
    }
    await expect(replaceFile(path, parts(), 0o600)).rejects.toThrow("no more");
    expect(readFileSync(path, "utf8")).toBe("before");
    expect(readdirSync(folder)).toEqual(["a"]);
  });
});

describe("renameOver", () => {
  const failing = (codes: (string | undefined)[]) => {
    const left = [...codes];
    let numTries = 0;
    const rename = async () => {
      numTries++;
      const code = left.shift();
      if (code !== undefined) throw Object.assign(new Error(code), { code });
    };
    return { rename, numTries: () => numTries };
  };

  test("tries again while somebody holds the file, and no longer than a second", async () => {
    const held = failing(["EPERM", "EBUSY", undefined]);
    await renameOver("a", "b", held.rename);
    expect(held.numTries()).toBe(3);
    const stuck = failing(Array.from({ length: 9 }, () => "EPERM"));
    await expect(renameOver("a", "b", stuck.rename)).rejects.toThrow("EPERM");
    expect(stuck.numTries()).toBe(5);
  });

  test("gives up at once for any other reason", async () => {
    const gone = failing(["ENOENT"]);
    await expect(renameOver("a", "b", gone.rename)).rejects.toThrow("ENOENT");
    expect(gone.numTries()).toBe(1);
  });
});
