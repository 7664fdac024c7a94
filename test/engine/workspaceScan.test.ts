import { expect, test } from "vitest";
import { BackgroundTurns } from "../../src/engine/base/backgroundTurns.ts";
import { findFiles } from "../../src/engine/indexing/workspaceScan.ts";
import type { SourceFolder } from "../../src/workspace/sourceFolder.ts";
import { NEVER } from "../support/never.ts";

/** So many files, the first one changed first. */
function folderOf(numFiles: number): SourceFolder {
  async function* walk() {
    for (let index = 0; index < numFiles; index++) {
      yield { path: `${index}.ts`, changedAt: index, numBytes: 1 };
    }
  }
  return { walk } as unknown as SourceFolder;
}

test("a first folder that is too large leaves the others their share, and a small one what it does not need", async () => {
  const log: string[] = [];
  const find = async (...sizes: (number | undefined)[]) => {
    const roots = sizes.map((_, index) => ({
      ...{ path: `/r${index}`, name: `r${index}` },
      ...{ isOnDisk: true, excludes: [] },
    }));
    const note = (_level: string, message: string) => log.push(message);
    const turns = new BackgroundTurns();
    const found = await findFiles(
      roots,
      sizes.map((size) => (size === undefined ? undefined : folderOf(size))),
      turns,
      note,
      NEVER,
      12,
    );
    return sizes.map((_, index) => found.filter(({ rootIndex }) => rootIndex === index).length);
  };
  expect(await find(100, 100, 100)).toEqual([4, 4, 4]);
  expect(log.join()).toContain("workspace too large files=12");
  // One that is not on disk needs none.
  expect(await find(100, undefined)).toEqual([12, 0]);
  log.length = 0;
  expect(await find(1, 2, 9)).toEqual([1, 2, 9]);
  expect(await find(9, 2, 1)).toEqual([9, 2, 1]);
  expect(await find(1, 10, 1)).toEqual([1, 10, 1]);
  expect(await find(12)).toEqual([12]);
  expect(log).toEqual([]);
});
